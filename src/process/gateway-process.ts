// Gateway process: everything that a configuration asks for, built once, then started, reloaded, drained and stopped in order.
import type { Config, GatewayConfig } from "../config/config.ts";
import { adoptListeners, type InheritedListeners } from "../gateway/entrance/inherited-listeners.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { prepareAll, type PreparedChange } from "../gateway/prepared-change.ts";
import type { AddressNews } from "../gateway/changing-addresses.ts";
import type { TakeInherited } from "../gateway/entrance/listener.ts";
import type { OwnEndpoints } from "../gateway/own-endpoints.ts";
import { createSharedResources, type SharedResources } from "../gateway/shared-resources.ts";
import { formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import { createAdmin, type RequestFailure } from "../observe/admin.ts";
import type { ApiDeps } from "../observe/api/api.ts";
import type { GatewayFacts } from "../observe/api/status-answer.ts";
import type { Logger } from "../observe/log.ts";
import { createEventFeed, type EventFeed } from "../observe/event-feed.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { collectProcessMetrics } from "../observe/process-metrics.ts";
import { createRepeatedLine } from "../observe/repeated-line.ts";
import { createTrafficSampler } from "../observe/page/traffic-sampler.ts";
import { gatewayConditions, type Condition } from "../observe/readiness.ts";
import { createSessionHistory, type SessionHistory } from "../observe/session-history.ts";
import { createTelemetry, type Telemetry } from "../observe/telemetry.ts";
import { createHandedSockets } from "./handover/handed-sockets.ts";
import { createPlace, type Place, takePlace } from "./handover/place.ts";
import type { Takeover } from "./handover/successor.ts";
import { createAdminListener } from "./admin-listener.ts";
import { descriptorShares, readDescriptorLimit, warnOfDescriptors } from "./descriptors.ts";
import { createGateways } from "./gateways.ts";
import type { LogFiles } from "./log-files.ts";
import { openSharedStore } from "./shared/shared-store.ts";
import { stackCounts } from "./shared/stacked-counts.ts";
import { createPlanes, type PlanesTelemetry } from "./planes.ts";
import { createProbes } from "./probes.ts";
import { chooseDriver, type NodeHooks } from "./driver.ts";
import { processApi, type ProcessRequests } from "./process-api.ts";
import { restartNeeded } from "./reload.ts";
import { readVersion } from "./version.ts";

export type GatewayProcess = {
  readonly telemetry: Telemetry;
  readonly metrics: Pick<Metrics, "text" | "families">;
  readonly feed: Pick<EventFeed, "subscribe">;
  /** What the API is told of it. */
  readonly api: ApiDeps;
  readonly history: Pick<SessionHistory, "counts">;
  /** What nothing in it may dial. */
  readonly ownEndpoints: Pick<OwnEndpoints, "add" | "remove">;
  /** What its gateways are, and where they listen. */
  facts(): readonly GatewayFacts[];
  isReady(): boolean;
  /** Of what it needs beside its gateways. */
  conditions(): readonly Condition[];
  /** Rejects with an Error that says what could not be started. */
  start(): Promise<void>;
  /** Another configuration in place of the one that runs. Rejects with an Error, and nothing has changed. */
  apply(config: Config): Promise<void>;
  /** The same in two steps. */
  prepare(config: Config): Promise<PreparedChange>;
  /** Accepts no more; resolves when the last session has ended. */
  drain(): Promise<void>;
  /** What another process needs to take the place of this one. */
  readonly place: Place;
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
  /** It is one of several workers: what it has from the process that supervises them, which listens and is asked in its place. */
  readonly worker?: {
    readonly takeListener: TakeInherited;
    readonly countsOf: SharedResources["countsOf"];
    readonly ticketRing: SharedResources["ticketRing"];
  };
  /** For the charts; by default every 10 seconds. */
  readonly sampleTrafficEveryMs?: number;
  /** What the API may ask of the process. */
  readonly requests: ProcessRequests;
  /** Of the process whose place this one takes. */
  readonly takeover?: Takeover | undefined;
  /** What adds the series of the process itself to the metrics; by default all of them. */
  readonly collectMetrics?: Parameters<typeof createMetrics>[1];
  readonly hooks?: NodeHooks;
};

export async function createGatewayProcess(config: Config, options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { logger, logFiles, isStopping, requests, worker, takeover } = options;
  const version = readVersion();
  const { sockets, metrics } = openDriver(version, config, options);
  const feed = createEventFeed();
  const history = createSessionHistory(config.history, feed);
  let current = config;
  const telemetry = createTelemetry({ metrics, logger, history, feed, ...logFiles });
  const handedOver = takeover?.sockets ?? createHandedSockets([]);
  const planes = await createPlanes(config, planesTelemetry(logger), { sockets, isSuccessor: takeover !== undefined });
  let inherited: InheritedListeners | undefined;
  let predecessorEnded = Promise.resolve();
  const descriptorLimit = await readDescriptorLimit();
  const counting = openSharedStore(config.shared, logger, metrics);
  const countsOf: SharedResources["countsOf"] = (name) => stackCounts(worker?.countsOf(name), counting.countsOf(name));
  const takeOwn: TakeInherited = (wanted) => inherited?.take(wanted) ?? handedOver.take("control", wanted);
  const takeInherited = worker?.takeListener ?? takeOwn;
  const resources = resourcesOf({ sockets, takeInherited, countsOf, descriptorLimit, logger });
  const shared = { ...resources, ...ticketsOf(worker) };
  const toldOf = ({ name }: GatewayConfig) => telemetryOf(telemetry, name, worker);
  const create = (gateway: GatewayConfig): Gateway =>
    createGateway(gateway, { shared, plane: planes.of(gateway), telemetry: toldOf(gateway) });
  const gateways = createGateways({ planes, create, forget: metrics.forgetGateway });
  const isReady = (): boolean => !isStopping() && (place.isLeft() || gateways.areReady());
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
    (wanted) => handedOver.take("admin", wanted),
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
  const place = createPlace(shared, admin, () => {
    takeover?.hold();
    return Promise.all([gateways.leave(), predecessorEnded]);
  });
  return {
    ...{ telemetry, metrics, feed, facts: gateways.facts, drain: gateways.drain, place },
    ...{ api, history, isReady, conditions: counting.conditions, ownEndpoints: shared.ownEndpoints, prepare },
    async start() {
      inherited = adoptListeners(options.inherited);
      ({ ended: predecessorEnded } = await takePlace(await prepare(config), takeover, shared.portPools));
      if (worker !== undefined) return;
      traffic.start();
      warnOfDescriptors(logger, descriptorLimit, config);
      tellClosed(logger, [...inherited.closeRest(), ...handedOver.closeRest()]);
    },
    async apply(next) {
      commitUnless(isStopping(), await prepare(next));
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

function addressReport(logger: Logger): (news: AddressNews) => void {
  return ({ kind, ...news }) => {
    if (kind === "changed") logger.info(news, "advertised address found");
    else logger.warn(news, "advertised address not found");
  };
}

/** A reload that is ready when the process is told to end comes too late. */
export function commitUnless(isStopping: boolean, change: PreparedChange): void {
  if (!isStopping) return change.commit();
  change.rollback();
  throw new Error("the process is ending");
}

export function tellClosed(logger: Pick<Logger, "warn">, endpoints: readonly Endpoint[]): void {
  for (const endpoint of endpoints) {
    logger.warn({ endpoint: formatEndpoint(endpoint) }, "inherited socket closed: no gateway listens there");
  }
}

function ticketsOf(worker: GatewayProcessOptions["worker"]): Partial<SharedResources> {
  return worker === undefined ? {} : { ticketRing: worker.ticketRing };
}

function openDriver(version: string, { driver: wanted }: Config, options: GatewayProcessOptions) {
  const { sockets, why, waitedMs } = chooseDriver(wanted, options.hooks);
  if (why !== "") options.logger.warn({ why }, "the driver is node");
  const { collectMetrics = (registry) => collectProcessMetrics(registry, waitedMs) } = options;
  const metrics = createMetrics(version, collectMetrics);
  metrics.driver(sockets.kind);
  return { sockets, metrics };
}

type Resourcing = Pick<SharedResources, "sockets" | "countsOf"> & {
  readonly takeInherited: TakeInherited;
  readonly descriptorLimit: number | undefined;
  readonly logger: Logger;
};

function resourcesOf({ sockets, takeInherited, countsOf, descriptorLimit, logger }: Resourcing): SharedResources {
  const listening = { sockets, takeInherited, mayShare: true };
  const shares = descriptorShares(descriptorLimit);
  return { ...createSharedResources(listening, {}, shares, addressReport(logger), countsOf), dice: Math.random };
}

/** Where a worker listens is the supervisor's to tell. */
function telemetryOf(
  telemetry: Telemetry,
  name: string,
  worker: GatewayProcessOptions["worker"],
): ReturnType<Telemetry["gateway"]> {
  return { ...telemetry.gateway(name), ...(worker && { listening() {} }) };
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
