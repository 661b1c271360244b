// `run`: builds everything that a configuration asks for, starts it, and takes it down again in order.
import { setFlagsFromString } from "node:v8";
import type { Config, GatewayConfig, ParsedConfig } from "../config/config.ts";
import { ephemeralWarnings } from "../config/ephemeral.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { adoptListeners, type InheritedListeners } from "../gateway/entrance/inherited-listeners.ts";
import { createSharedResources } from "../gateway/shared-resources.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { createAdmin } from "../observe/admin.ts";
import { createLogger, flushLog, type Logger } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createTelemetry, type Telemetry } from "../observe/telemetry.ts";
import { errorMessage } from "../process/error-message.ts";
import type { Io } from "../process/io.ts";
import { formatProblems } from "./load-config.ts";
import { createPlanes, type PlanesTelemetry } from "../process/planes.ts";
import { readMachinePorts } from "./port-ranges.ts";
import { applyConfig, restartNeeded, type ReloadDeps, type RunningGateways } from "../process/reload.ts";
import { readVersion } from "../process/version.ts";

type RunIo = Pick<Io, "stop" | "kill" | "inherited" | "onReload">;

/** Runs until told to stop: 0 after a drain, 1 if something could not be started. `reread`: what SIGHUP asks for. */
export async function runGateway(config: Config, io: RunIo, reread: () => Promise<ParsedConfig>): Promise<number> {
  // What a gateway allocates is short-lived or stays for a session; a young generation that grows to 32 MiB buys it no
  // speed and doubles the memory of an idle session (measured).
  setFlagsFromString("--semi-space-growth-factor=1");
  const logger = createLogger(config.log);
  const metrics = createMetrics(readVersion());
  const telemetry = createTelemetry({ metrics, logger });
  const planes = await createPlanes(config, planesTelemetry(logger));
  const shared = createSharedResources();
  const running: RunningGateways = new Map();
  let inherited: InheritedListeners | undefined;
  const create = (options: GatewayConfig): Gateway =>
    createGateway(options, {
      shared,
      plane: planes.of(options),
      takeInherited: (wanted, accepted) => inherited?.take(wanted, accepted),
      telemetry: telemetry.gateway(options.name),
      ...(logger.isLevelEnabled("trace")
        ? { trace: (session: string, line: string) => logger.trace({ session, gateway: options.name }, line) }
        : {}),
    });
  const isReady = (): boolean => !io.stop.aborted && [...running.values()].every((gateway) => gateway.isListening());
  const admin = config.admin && createAdmin({ ...config.admin, metrics, isReady });
  let hasStarted = (): void => {};
  const started = new Promise<void>((resolve) => (hasStarted = resolve));
  reloadOnSignal(io, running, { planes, create, config, reread, telemetry, logger, started });
  try {
    await warnOfPortRanges(config, logger);
    inherited = adoptListeners(io.inherited ?? []);
    await applyConfig(running, config, { planes, create });
    for (const endpoint of inherited.closeRest()) {
      logger.warn({ endpoint: formatEndpoint(endpoint) }, "inherited socket closed: no gateway listens there");
    }
    if (admin) logger.info({ endpoint: formatEndpoint(await admin.start()) }, "admin listening");
    hasStarted();
    await aborted(io.stop);
    logger.info("draining");
    const drained = Promise.all([...running.values()].map((gateway) => gateway.drain()));
    await Promise.race([drained, aborted(io.kill)]);
    return 0;
  } catch (error) {
    logger.fatal({ detail: errorMessage(error) }, "could not start");
    return 1;
  } finally {
    inherited?.closeRest();
    await Promise.all([...running.values()].map((gateway) => gateway.stop()));
    await planes.stop();
    await admin?.stop();
    await flushLog(logger);
  }
}

type Reload = ReloadDeps & {
  readonly config: Config;
  readonly reread: () => Promise<ParsedConfig>;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly started: Promise<void>;
};

/** A configuration that is wrong, or can't be had, leaves the running one as it is. One reload at a time, after the start. */
function reloadOnSignal(io: Pick<Io, "onReload" | "stop">, running: RunningGateways, reload: Reload): void {
  let last = reload.started;
  io.onReload(() => {
    last = last.then(async () => {
      if (io.stop.aborted) return;
      try {
        const parsed = await reload.reread();
        if (!parsed.ok) throw new Error(formatProblems(parsed.problems).trimEnd());
        await applyConfig(running, parsed.config, reload);
        for (const key of restartNeeded(reload.config, parsed.config)) {
          reload.logger.warn({ key }, "changed, but takes a restart");
        }
        reload.telemetry.configReloaded("success", "");
      } catch (error) {
        reload.telemetry.configReloaded("failure", errorMessage(error));
      }
    });
  });
}

/** A plane that was not meant is worth an operator's attention; what `auto` has chosen is there for who wants to know. */
function planesTelemetry(logger: Logger): PlanesTelemetry {
  return {
    note: (level, text) => logger[level](text),
    chose({ name, dataPlane }, plane, why) {
      if (why === "") return;
      const isMeant = dataPlane === "auto" || dataPlane === plane;
      logger[isMeant ? "debug" : "info"]({ gateway: name, plane, why }, "data plane chosen");
    },
  };
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
