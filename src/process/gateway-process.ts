// Gateway process: everything that a configuration asks for, built once, then started, reloaded, drained and stopped in order.
import type { Config, GatewayConfig } from "../config/config.ts";
import { adoptListeners, type InheritedListeners } from "../gateway/entrance/inherited-listeners.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { prepareAll, type PreparedChange } from "../gateway/prepared-change.ts";
import type { AddressNews } from "../gateway/changing-addresses.ts";
import { createSharedResources } from "../gateway/shared-resources.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { createAdmin, type RequestFailure } from "../observe/admin.ts";
import type { GatewayFacts } from "../observe/api/status-answer.ts";
import type { Logger } from "../observe/log.ts";
import { createEventFeed, type EventFeed } from "../observe/event-feed.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { createRepeatedLine } from "../observe/repeated-line.ts";
import { createTrafficSampler } from "../observe/page/traffic-sampler.ts";
import { gatewayConditions } from "../observe/readiness.ts";
import { createSessionHistory } from "../observe/session-history.ts";
import { createTelemetry, type Telemetry } from "../observe/telemetry.ts";
import { createAdminListener } from "./admin-listener.ts";
import { descriptorShares, readDescriptorLimit, warnOfDescriptors } from "./descriptors.ts";
import { createGateways } from "./gateways.ts";
import type { LogFiles } from "./log-files.ts";
import { openSharedStore } from "./shared/shared-store.ts";
import { createPlanes, type PlanesTelemetry } from "./planes.ts";
import { createProbes } from "./probes.ts";
import { processApi, type ProcessRequests } from "./process-api.ts";
import { restartNeeded } from "./reload.ts";
import { readVersion } from "./version.ts";

export type GatewayProcess = {
  readonly telemetry: Telemetry;
  readonly metrics: Pick<Metrics, "text">;
  readonly feed: Pick<EventFeed, "subscribe">;
  /** What its gateways are, and where they listen. */
  facts(): readonly GatewayFacts[];
  /** Rejects with an Error that says what could not be started. */
  start(): Promise<void>;
  /** Another configuration in place of the one that runs. Rejects with an Error, and nothing has changed. */
  apply(config: Config): Promise<void>;
  /** Accepts no more; resolves when the last session has ended. */
  drain(): Promise<void>;
  /** Ends what is left. */
  stop(): Promise<void>;
};

export type GatewayProcessOptions = {
  readonly logger: Logger;
  readonly logFiles: LogFiles;
  /** Descriptors of listening sockets that the process was started with. */
  readonly inherited: readonly number[];
  /** Told to end: not ready any more. */
  readonly isStopping: () => boolean;
  /** For the charts; by default every 10 seconds. */
  readonly sampleTrafficEveryMs?: number;
  /** What the API may ask of the process. */
  readonly requests: ProcessRequests;
  /** What adds the series of the process itself to the metrics; by default all of them. */
  readonly collectMetrics?: Parameters<typeof createMetrics>[1];
};

export async function createGatewayProcess(config: Config, options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { logger, logFiles, isStopping, requests } = options;
  const version = readVersion();
  const metrics = createMetrics(version, options.collectMetrics);
  const feed = createEventFeed();
  const history = createSessionHistory(config.history, feed);
  let current = config;
  const telemetry = createTelemetry({ metrics, logger, history, feed, ...logFiles });
  const planes = await createPlanes(config, planesTelemetry(logger));
  let inherited: InheritedListeners | undefined;
  const descriptorLimit = await readDescriptorLimit();
  const counting = openSharedStore(config.shared, logger, metrics);
  const resources = createSharedResources(
    { takeInherited: (wanted) => inherited?.take(wanted), mayShare: true },
    {},
    descriptorShares(descriptorLimit),
    addressReport(logger),
    counting.countsOf,
  );
  const shared = { ...resources, dice: Math.random };
  const create = (gateway: GatewayConfig): Gateway =>
    createGateway(gateway, { shared, plane: planes.of(gateway), telemetry: telemetry.gateway(gateway.name) });
  const gateways = createGateways({ planes, create, forget: metrics.forgetGateway });
  const isReady = (): boolean => !isStopping() && gateways.areReady();
  const api = processApi({ version, metrics, history, feed, telemetry, gateways, isReady, isStopping, requests });
  const probes = createProbes({ config: () => current, gateways, sessions: api.sessions });
  const traffic = createTrafficSampler(metrics, options.sampleTrafficEveryMs);
  const failed = createRepeatedLine(60_000, (line: RequestFailure) => logger.error(line, "admin request failed"));
  const conditions = () => [...gatewayConditions(gateways.facts()), ...counting.conditions()];
  const shown = { metrics, isReady, conditions, failed, api, probe: probes.probe, traffic: traffic.points };
  const admin = createAdminListener(
    (admitting) => createAdmin({ ...admitting, ...shown, mayShare: true }),
    shared.ownEndpoints,
    logger,
  );
  /** All of it, or an Error and nothing has changed. */
  const prepare = (next: Config): Promise<PreparedChange> =>
    prepareAll([
      () => logFiles.prepare(next.log),
      changing(() => {
        current = next;
        history.setLimits(next.history);
      }),
      () => gateways.prepare(next),
      () => admin.prepare(next),
    ]);

  return {
    ...{ telemetry, metrics, feed, facts: gateways.facts, drain: gateways.drain },
    async start() {
      inherited = adoptListeners(options.inherited);
      (await prepare(config)).commit();
      traffic.start();
      warnOfDescriptors(logger, descriptorLimit, config);
      closeUnused(inherited, logger);
    },
    async apply(next) {
      const change = await prepare(next);
      if (isStopping()) {
        change.rollback();
        throw new Error("the process is ending");
      }
      change.commit();
      warnOfDescriptors(logger, descriptorLimit, next);
      for (const key of restartNeeded(config, next)) logger.warn({ key }, "changed, but takes a restart");
    },
    async stop() {
      probes.stop();
      traffic.stop();
      inherited?.closeRest();
      await gateways.stop();
      await counting.stop();
      await planes.stop();
      await admin.stop();
    },
  };
}

function closeUnused(inherited: InheritedListeners, logger: Logger): void {
  for (const endpoint of inherited.closeRest()) {
    logger.warn({ endpoint: formatEndpoint(endpoint) }, "inherited socket closed: no gateway listens there");
  }
}

function addressReport(logger: Logger): (news: AddressNews) => void {
  return ({ kind, ...news }) => {
    if (kind === "changed") logger.info(news, "advertised address found");
    else logger.warn(news, "advertised address not found");
  };
}

/** What can't fail. */
function changing(commit: () => void): () => Promise<PreparedChange> {
  return async () => ({ commit, rollback() {} });
}

/** A plane that was not meant is worth an operator's attention; what `auto` has chosen is there for those who look for it. */
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
