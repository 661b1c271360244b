// Supervisor: the one process of several that binds the sockets, starts the workers that accept on them, and answers operators for all of
// them. From outside it is a gateway process like any other.
import type { Config } from "../../config/config.ts";
import { sliceConfig } from "../../config/slices.ts";
import { prepareAll, type PreparedChange } from "../../gateway/prepared-change.ts";
import { createEventFeed } from "../../observe/event-feed.ts";
import { createMetrics, type Metrics } from "../../observe/metrics.ts";
import { createTelemetry, type Telemetry } from "../../observe/telemetry.ts";
import { commitUnless, tellClosed, type GatewayProcess, type GatewayProcessOptions } from "../gateway-process.ts";
import { restartNeeded } from "../reload.ts";
import { readDescriptorLimit, warnOfDescriptors } from "../descriptors.ts";
import { readVersion } from "../version.ts";
import { createForeignEndpoints } from "./foreign-endpoints.ts";
import { createGroupCounts, type GroupCounts } from "./group-counts.ts";
import { createGroupEvents } from "./group-events.ts";
import { createGroupTickets } from "./group-tickets.ts";
import { createSharedSockets, type PreparedSockets, type SharedSocket } from "./shared-sockets.ts";
import type { SpawnedWorker } from "./spawned-worker.ts";
import { createSupervisorAdmin } from "./supervisor-admin.ts";
import { createWorkerGroup, type Worker } from "./worker-group.ts";
import { createWorkerReaders } from "./worker-readers.ts";

export type Supervisor = Pick<GatewayProcess, "telemetry" | "start" | "apply" | "drain" | "stop"> & {
  /** Files of the log were renamed. */
  reopenLogs(): void;
};

export type SupervisorOptions = Pick<
  GatewayProcessOptions,
  "logger" | "logFiles" | "inherited" | "isStopping" | "sampleTrafficEveryMs" | "requests"
> & {
  /** So many workers, at least 2. */
  readonly count: number;
  readonly spawn: () => SpawnedWorker;
};

export function createSupervisor(initialConfig: Config, options: SupervisorOptions): Supervisor {
  const { logger, logFiles, isStopping, count, spawn } = options;
  const metrics = createMetrics(readVersion());
  const feed = createEventFeed();
  const telemetry = createTelemetry({ metrics, logger, feed });
  const sockets = createSharedSockets(options.inherited);
  /** What is in force, with the ports that were taken. */
  let current = initialConfig;
  let hasStarted = false;
  const news = listeningNews(telemetry);
  const running = (): readonly Worker[] => group.running();
  const counts = createGroupCounts(running);
  const events = createGroupEvents(feed, running);
  const foreign = createForeignEndpoints(running);
  const tickets = createGroupTickets(running);
  const told = () => ({ foreign: foreign.all(), isHeard: events.areHeard(), ticketKeys: tickets.keys() });
  const group = createWorkerGroup({
    ...{ count, logger, spawn, sockets: sockets.all, config: () => current },
    slice: (config, index) => sliceOf(config, index, count),
    beginning: (index) => ({ ...told(), index }),
    callsFor: (worker) => ({ ...counts.callsFor(worker), happened: events.happened }),
    died: (worker) => [readers, counts].forEach(({ forget }) => forget(worker)),
    restarted: metrics.workerRestarted,
  });
  const readers = createWorkerReaders(running, metrics);
  const admin = createSupervisorAdmin({
    ...{ ...options, readers, events, feed, foreign, config: () => current },
    isStarted: () => hasStarted,
    countRunning: () => running().length,
  });
  const counted = watchedBy(metrics, counts);
  const takeConfig = (prepared: PreparedSockets): void => {
    counted(current, prepared.config);
    current = prepared.config;
    prepared.commit();
    news.add(prepared.added);
  };

  async function prepare(next: Config, areWorkersAsked: boolean): Promise<PreparedChange> {
    const bound = await sockets.prepare(next);
    return prepareAll([
      async () => ({ commit: () => takeConfig(bound), rollback: bound.rollback }),
      () => logFiles.prepare(next.log),
      () => admin.prepare(next),
      ...(areWorkersAsked ? [() => group.prepare(bound.config, bound.added)] : []),
    ]);
  }

  return {
    telemetry,
    async start() {
      (await prepare(initialConfig, false)).commit();
      await group.start();
      hasStarted = true;
      news.tell();
      admin.start();
      tickets.start();
      tellClosed(logger, sockets.closeUnused());
      warnOfDescriptors(logger, await readDescriptorLimit(), current, count);
    },
    async apply(next) {
      commitUnless(isStopping(), await prepare(next, true));
      news.tell();
      for (const key of restartNeeded(initialConfig, next)) logger.warn({ key }, "changed, but takes a restart");
    },
    async drain() {
      sockets.close();
      await group.drain();
    },
    async stop() {
      admin.stopProbes();
      tickets.stop();
      sockets.close();
      await group.stop();
      await admin.stop();
    },
    reopenLogs: () => running().forEach(({ peer }) => peer.tell("reopenLogs")),
  };
}

/** New sockets are told of once workers accept there. */
function listeningNews(telemetry: Telemetry) {
  const untold: SharedSocket[] = [];
  return {
    add: (sockets: readonly SharedSocket[]) => void untold.push(...sockets),
    tell(): void {
      for (const { gateway, endpoint, ...how } of untold.splice(0)) telemetry.gateway(gateway).listening(endpoint, how);
    },
  };
}

/** What is counted here, and not in the workers. */
function watchedBy(metrics: Metrics, counts: GroupCounts): (before: Config, now: Config) => void {
  return (before, now) => {
    counts.setGateways(now.gateways);
    for (const { name, limits } of now.gateways) {
      const gateway = metrics.gateway(name);
      gateway.bans(() => counts.countBans(name));
      gateway.sessionsLimit(() => limits.sessions);
    }
    for (const { name } of before.gateways) {
      if (!now.gateways.some((gateway) => gateway.name === name)) metrics.forgetGateway(name);
    }
  };
}

/** The admin listener is the supervisor's. Those who have not logged in are counted in each worker by itself. */
function sliceOf(config: Config, index: number, of: number): Config {
  const { admin: _, ...slice } = sliceConfig(config, { index, of });
  const gateways = slice.gateways.map((gateway) => ({
    ...gateway,
    limits: { ...gateway.limits, preLogin: gateway.limits.preLogin / of },
  }));
  return { ...slice, gateways };
}
