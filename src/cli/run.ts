// `run`: a gateway process from its start to its end.
import { fstatSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import type { Config, ParsedConfig } from "../config/config.ts";
import { ephemeralWarnings } from "../config/ephemeral.ts";
import { flushLog, openLog, type Logger } from "../observe/log.ts";
import { warningsOf } from "../process/warnings.ts";
import { errorMessage } from "../process/error-message.ts";
import { createGatewayProcess, type GatewayProcess, type GatewayProcessOptions } from "../process/gateway-process.ts";
import { spawnWorker, type Program } from "../process/workers/spawned-worker.ts";
import { workerCount } from "../process/workers/worker-count.ts";
import { createHandover, type HandoverIo } from "../process/handover/handover.ts";
import type { Subject } from "../process/handover/handover-path.ts";
import type { Takeover } from "../process/handover/successor.ts";
import { readVersion } from "../process/version.ts";
import type { Io } from "../process/io.ts";
import { createLogFiles, type LogFiles } from "../process/log-files.ts";
import { createReload } from "../process/reload.ts";
import { createServiceManager } from "../process/sd-notify.ts";
import { openJournal } from "../process/journal.ts";
import { isJournal } from "./journal-stream.ts";
import { formatProblems } from "./load-config.ts";
import { readMachinePorts } from "./port-ranges.ts";

type RunIo = Pick<
  Io,
  "err" | "stop" | "kill" | "env" | "inherited" | "managedBy" | "onReload" | "onReopen" | "program" | "hooks"
> &
  HandoverIo;

export type RunOptions = {
  /** What SIGHUP asks for. */
  readonly reread: () => Promise<ParsedConfig>;
  readonly subject: Subject;
  /** Takes the place of the process that runs it, if there is one. */
  readonly replaces?: boolean;
};

/** Runs until told to stop, or another process has its place: 0 after a drain, 1 if something could not be started. */
export async function runGateway(config: Config, io: RunIo, options: RunOptions): Promise<number> {
  // What a gateway allocates is short-lived or stays for a session; a young generation that grows to 32 MiB buys it no
  // speed and doubles the memory of an idle session (measured).
  setFlagsFromString("--semi-space-growth-factor=1");
  const isRead = isJournal(io.env["JOURNAL_STREAM"], fstatSync(1));
  const workers = io.program === undefined ? 1 : workerCount(config);
  const log = openLog(config.log, undefined, isRead ? openJournal() : undefined, workers > 1 ? {} : undefined);
  const { logger } = log;
  const logFiles = createLogFiles(log);
  if (!(await haveOpened(logFiles, config, logger))) return 1;
  const { inherited = [] } = io;
  const manager = createServiceManager(io.managedBy);
  const told = new AbortController();
  const stop = AbortSignal.any([io.stop, told.signal]);
  const requests = { reload: () => reload(), drain: () => told.abort() };
  const isStopping = (): boolean => stop.aborted;
  const notStarted = (error: unknown): number => {
    const detail = errorMessage(error);
    logger.fatal({ detail }, "could not start");
    // Whoever has started it looks there, and not into the file.
    if (config.log.file !== undefined) io.err(`error: could not start: ${detail}\n`);
    return 1;
  };
  const handover = createHandover(options.subject, io, logger, readVersion());
  let takeover: Takeover | undefined;
  try {
    takeover = options.replaces ? await handover.take(workers) : undefined;
  } catch (error) {
    const code = notStarted(error);
    await Promise.all([flushLog(logger), logFiles.close()]);
    return code;
  }
  const parts = { logger, logFiles, inherited, isStopping, requests, takeover, hooks: io.hooks };
  const running = await createRunning(config, parts, workers, io.program);
  io.onReopen(() => {
    void logFiles.reopen();
    running.reopenLogs?.();
  });
  let hasStarted = (): void => {};
  const started = new Promise<void>((resolve) => (hasStarted = resolve));
  const rereadValid = async (): Promise<Config> => {
    if (handover.isBusy()) throw new Error("another process takes the place of this one");
    const parsed = await options.reread();
    if (!parsed.ok) throw new Error(formatProblems(parsed.problems).trimEnd());
    return parsed.config;
  };
  const { telemetry, apply } = running;
  const reload = createReload({ stop }, { reread: rereadValid, apply, telemetry, manager, started });
  // What is wrong is in the log.
  io.onReload(() => void reload().catch(() => {}));
  try {
    for (const { path, message } of warningsOf(config)) logger.warn({ path }, message);
    await warnOfPortRanges(config, logger);
    await running.start();
    hasStarted();
    manager.ready("takes sessions");
    if (takeover) logger.info({ pid: takeover.pid, release: takeover.release }, "took over");
    await handover.offer(running.place, manager);
    const next = await Promise.race([handover.handedOver, aborted(stop)]);
    if (next !== undefined) await Promise.race([next.left, aborted(stop)]);
    if (!stop.aborted) return 0;
    if (next === undefined) handover.stop();
    manager.stopping("draining: running transfers go on, up to timeouts.drain");
    logger.info("draining");
    await Promise.race([running.drain(), aborted(io.kill)]);
    return 0;
  } catch (error) {
    takeover?.fail(errorMessage(error));
    return notStarted(error);
  } finally {
    await running.stop();
    handover.stop();
    await Promise.all([flushLog(logger), logFiles.close()]);
  }
}

type Running = Pick<GatewayProcess, "telemetry" | "start" | "apply" | "drain" | "stop"> & {
  readonly place?: GatewayProcess["place"];
  reopenLogs?(): void;
};

/** One process, or one that supervises several. */
async function createRunning(
  config: Config,
  options: GatewayProcessOptions,
  workers: number,
  program: Program | undefined,
): Promise<Running> {
  if (workers === 1 || program === undefined) return createGatewayProcess(config, options);
  const { createSupervisor } = await import("../process/workers/supervisor.ts");
  return createSupervisor(config, { ...options, count: workers, spawn: () => spawnWorker(program) });
}

/** Before anything is logged that belongs there. */
async function haveOpened(logFiles: LogFiles, config: Config, logger: Logger): Promise<boolean> {
  try {
    (await logFiles.prepare(config.log)).commit();
    return true;
  } catch (error) {
    logger.fatal({ detail: errorMessage(error) }, "could not start");
    await flushLog(logger);
    return false;
  }
}

/** A data range that the system also hands out to outgoing connections will now and then be taken. */
async function warnOfPortRanges(config: Config, logger: Logger): Promise<void> {
  const machine = await readMachinePorts();
  for (const { path, message } of machine ? ephemeralWarnings(config, machine) : []) logger.warn({ path }, message);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
