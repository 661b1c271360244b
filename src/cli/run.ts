// `run`: builds everything that a configuration asks for, starts it, and takes it down again in order.
import type { Config } from "../config/config.ts";
import { ephemeralWarnings } from "../config/ephemeral.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { adoptListeners, type InheritedListeners } from "../gateway/inherited-listeners.ts";
import { createOwnEndpoints } from "../gateway/own-endpoints.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { createAdmin, type Admin } from "../observe/admin.ts";
import { createLogger, flushLog, type Logger } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { createTelemetry } from "../observe/telemetry.ts";
import type { Io } from "./io.ts";
import { createPlanes, type Planes, type PlanesTelemetry } from "./planes.ts";
import { readMachinePorts } from "./port-ranges.ts";
import { readVersion } from "./version.ts";

/** Runs until told to stop: 0 after a drain, 1 if something could not be started. */
export async function runGateway(config: Config, io: Pick<Io, "stop" | "kill" | "inherited">): Promise<number> {
  const logger = createLogger(config.log);
  const metrics = createMetrics(readVersion());
  const telemetry = createTelemetry({ metrics, logger });
  const ownEndpoints = createOwnEndpoints();
  const planes = await createPlanes(config, planesTelemetry(logger));
  let inherited: InheritedListeners | undefined;
  const gateways: Gateway[] = config.gateways.map((options) =>
    createGateway(options, {
      plane: planes.of(options),
      ownEndpoints,
      takeInherited: (wanted, accepted) => inherited?.take(wanted, accepted),
      telemetry: telemetry.gateway(options.name),
      ...(logger.isLevelEnabled("trace")
        ? { trace: (session: string, line: string) => logger.trace({ session, gateway: options.name }, line) }
        : {}),
    }),
  );
  const isReady = (): boolean => !io.stop.aborted && gateways.every((gateway) => gateway.isListening());
  const admin = config.admin && createAdmin({ ...config.admin, metrics, isReady });
  try {
    await warnOfPortRanges(config, logger);
    inherited = adoptListeners(io.inherited ?? []);
    for (const gateway of gateways) await gateway.start();
    for (const endpoint of inherited.closeRest()) {
      logger.warn({ endpoint: formatEndpoint(endpoint) }, "inherited socket closed: no gateway listens there");
    }
    if (admin) logger.info({ endpoint: formatEndpoint(await admin.start()) }, "admin listening");
    await aborted(io.stop);
    logger.info("draining");
    await Promise.race([Promise.all(gateways.map((gateway) => gateway.drain())), aborted(io.kill)]);
    return 0;
  } catch (error) {
    logger.fatal({ detail: error instanceof Error ? error.message : String(error) }, "could not start");
    return 1;
  } finally {
    inherited?.closeRest();
    await takeDown(gateways, planes, admin);
    await flushLog(logger);
  }
}

async function takeDown(gateways: readonly Gateway[], planes: Planes, admin: Admin | undefined): Promise<void> {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await planes.stop();
  await admin?.stop();
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
