// Supervisor's admin: the one listener at which operators ask for all workers together, and what is behind it.
import type { Config } from "../../config/config.ts";
import type { PreparedChange } from "../../gateway/prepared-change.ts";
import { createAdmin, type RequestFailure } from "../../observe/admin.ts";
import type { EventFeed } from "../../observe/event-feed.ts";
import type { Logger } from "../../observe/log.ts";
import { createTrafficSampler } from "../../observe/page/traffic-sampler.ts";
import { gatewayConditions, type Condition } from "../../observe/readiness.ts";
import { createRepeatedLine } from "../../observe/repeated-line.ts";
import { createAdminListener } from "../admin-listener.ts";
import { createProbes } from "../probes.ts";
import type { ProcessRequests } from "../process-api.ts";
import { readVersion } from "../version.ts";
import type { ForeignEndpoints } from "./foreign-endpoints.ts";
import type { GroupEvents } from "./group-events.ts";
import { supervisorApi } from "./supervisor-api.ts";
import type { WorkerReaders } from "./worker-readers.ts";

export type SupervisorAdmin = {
  prepare(config: Pick<Config, "admin">): Promise<PreparedChange>;
  /** Clients are taken: what they do is sampled for the charts. */
  start(): void;
  stopProbes(): void;
  stop(): Promise<void>;
};

export type SupervisorAdminDeps = {
  readonly logger: Logger;
  readonly readers: WorkerReaders;
  readonly events: GroupEvents;
  readonly feed: EventFeed;
  readonly isStarted: () => boolean;
  readonly isStopping: () => boolean;
  readonly requests: ProcessRequests;
  readonly foreign: ForeignEndpoints;
  /** In force, with the ports that were taken. */
  readonly config: () => Config;
  /** Of so many workers so many run. */
  readonly count: number;
  readonly countRunning: () => number;
  readonly sampleTrafficEveryMs?: number | undefined;
};

export function createSupervisorAdmin(deps: SupervisorAdminDeps): SupervisorAdmin {
  const { logger, readers, config, count, countRunning, isStarted, isStopping } = deps;
  const isReady = async (): Promise<boolean> => isStarted() && !isStopping() && (await readers.facts()).isReady;
  const api = supervisorApi({ ...deps, version: readVersion(), isReady });
  const { metrics, sessions } = readers;
  const gateways = { endpoints: (name: string) => config().gateways.find((one) => one.name === name)?.listen ?? [] };
  const probes = createProbes({ config, gateways, sessions });
  const traffic = createTrafficSampler(metrics, deps.sampleTrafficEveryMs);
  const failed = createRepeatedLine(60_000, (line: RequestFailure) => logger.error(line, "admin request failed"));
  const conditions = async (): Promise<readonly Condition[]> => {
    const facts = await readers.facts();
    const workers = { isGood: countRunning() === count, text: `${countRunning()} of ${count} workers run` };
    return [workers, ...gatewayConditions(facts.gateways), ...facts.conditions];
  };
  const shown = { metrics, isReady, conditions, failed, api, probe: probes.probe, traffic: traffic.points };
  const { prepare, stop } = createAdminListener(
    (admitting) => createAdmin({ ...admitting, ...shown, mayShare: true }),
    deps.foreign,
    logger,
  );
  return {
    prepare,
    start: traffic.start,
    stopProbes: probes.stop,
    async stop() {
      traffic.stop();
      await stop();
    },
  };
}
