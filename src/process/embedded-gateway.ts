// Embedded gateway: what another program imports as `ftp-alg`. It is the gateway process of `ftp-alg run` without what belongs to a program
// of its own: no signals, no files found by name, no standard output, no exit. Several stand side by side and share nothing.
import { EventEmitter } from "node:events";
import type { Config, Problem } from "../config/config.ts";
import { configFrom, parseConfig } from "../config/parse.ts";
import type { FileDocument } from "../config/schema.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { eventAnswer } from "../observe/api/event-stream.ts";
import type { EventAnswer } from "../observe/api/schemas.ts";
import { flushLog, openLog } from "../observe/log.ts";
import { createWallClock } from "../observe/wall-clock.ts";
import { createGatewayProcess, type GatewayProcess } from "./gateway-process.ts";
import { createLogFiles } from "./log-files.ts";
import { createReload } from "./reload.ts";

/** The configuration as the handbook has it: an object with its keys, or a text in YAML. */
export type Configuration = FileDocument | string;

/** What `/api/events` tells, by the same names and with the same values. */
export type GatewayEvents = { [Kind in EventAnswer["kind"]]: [Extract<EventAnswer, { kind: Kind }>] };

/** Where a gateway of the configuration listens: `127.0.0.1:2121`, `[::1]:2121`. */
export type Listening = { readonly gateway: string; readonly listeners: readonly string[] };

export type EmbeddedGateway = {
  /**
   * Listens everywhere or nowhere: rejects with an Error that says what could not be started, and stops. Once only. Port 0 becomes the
   * port that the system has given.
   */
  start(): Promise<readonly Listening[]>;
  /** Accepts no more; resolves when the last session has ended, which transfers may delay up to `timeouts.drain`. */
  drain(): Promise<void>;
  /** Ends every session now and releases everything; to be called in any case, after `drain` and without `start` too. */
  stop(): Promise<void>;
  /** Another configuration for the sessions to come. Rejects with an Error that names every problem, and nothing has changed. */
  reload(configuration: Configuration): Promise<void>;
  /** The exposition in Prometheus' text format, without the series of the process, which are the embedding program's. */
  metrics(): Promise<string>;
  /** A listener that throws is an uncaught exception of the program; sessions go on. */
  readonly events: EventEmitter<GatewayEvents>;
};

export type EmbeddingOptions = {
  /** Takes each line of the log, with its line end. Without it there is a log only where `log.file` names one. */
  readonly log?: (line: string) => void;
  /** The variables that `${NAME}` in a text of YAML stands for; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
};

/** Rejects with an Error that names every problem of the configuration. Nothing listens before `start`. */
export async function createGateway(
  configuration: Configuration,
  options: EmbeddingOptions = {},
): Promise<EmbeddedGateway> {
  const config = read(configuration, options);
  const log = openLog(config.log, options.log ?? (() => {}));
  const logFiles = createLogFiles(log);
  (await logFiles.prepare(config.log)).commit();
  const told = new AbortController();
  const isStopping = (): boolean => told.signal.aborted;
  const requests = {
    reload: () => Promise.reject(new Error("the program that this gateway is part of reloads it")),
    drain: () => void drain(),
  };
  const alone = { inherited: [], collectMetrics: () => () => {} };
  const running = await createGatewayProcess(config, { logger: log.logger, logFiles, isStopping, requests, ...alone });
  const { events, close } = emitterOf(running.feed);
  let started: Promise<readonly Listening[]> | undefined;
  let stopped: Promise<void> | undefined;
  let lastReload: Promise<unknown> = Promise.resolve();

  async function drain(): Promise<void> {
    told.abort();
    await running.drain();
  }

  async function stopAll(): Promise<void> {
    told.abort();
    // What is being started or reloaded is over first: it gives back what it has taken.
    await Promise.all([started?.catch(() => {}), lastReload]);
    await running.stop();
    await Promise.all([flushLog(log.logger), logFiles.close()]);
    close();
  }

  const stop = (): Promise<void> => (stopped ??= stopAll());

  async function begin(): Promise<readonly Listening[]> {
    try {
      await running.start();
    } catch (error) {
      void stop();
      throw error;
    }
    return running.facts().map(({ name, listeners }) => ({ gateway: name, listeners: listeners.map(formatEndpoint) }));
  }

  return {
    events,
    metrics: running.metrics.text,
    drain,
    stop,
    async start() {
      if (started !== undefined || isStopping()) throw new Error("a gateway is started once: make another one");
      return (started = begin());
    },
    async reload(next) {
      if (started === undefined) throw new Error("the gateway has not been started");
      const reread = async (): Promise<Config> => read(next, options);
      const manager = { reloading() {}, ready() {} };
      const before = Promise.all([started, lastReload]).then(() => {});
      const reload = createReload({ stop: told.signal }, { ...running, reread, manager, started: before })();
      lastReload = reload.catch(() => {});
      await reload;
    },
  };
}

function read(configuration: Configuration, { environment = {} }: EmbeddingOptions): Config {
  const parsed =
    typeof configuration === "string" ? parseConfig(configuration, environment) : configFrom(configuration);
  if (!parsed.ok) throw new Error(formatProblems(parsed.problems));
  if (parsed.config.workers === 1) return parsed.config;
  throw new Error(formatProblems([{ path: "workers", message: "a gateway inside another program is of one process" }]));
}

function formatProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

/** Listeners are called once the gateway is through with what it tells them of: what they do, or throw, is not its concern. */
function emitterOf(feed: GatewayProcess["feed"]): { readonly events: EventEmitter<GatewayEvents>; close(): void } {
  const events = new EventEmitter<GatewayEvents>();
  const untyped: EventEmitter = events;
  const clock = createWallClock();
  const close = feed.subscribe((event) => {
    if (untyped.listenerCount(event.kind) === 0) return;
    const answer = eventAnswer(event, clock);
    queueMicrotask(() => untyped.emit(answer.kind, answer));
  });
  return { events, close };
}
