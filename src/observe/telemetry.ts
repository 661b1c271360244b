// Telemetry: what gateways and their sessions tell operators. What a gateway tells is counted and logged here; each session has an
// observer of its own.
import type { Side } from "../dataplane/pinhole.ts";
import { formatEndpoint, networkContains, type Endpoint, type Network } from "../net/endpoint.ts";
import { endReasons, type EndReason, type RefusalReason } from "../session/reasons.ts";
import { acceptFailureCause, type PortCounts } from "./gateway-metrics.ts";
import type { EventFeed } from "./event-feed.ts";
import { createLateRecords, type LateRecords } from "./late-records.ts";
import { withLevelOf, type Logger, type LogLevel } from "./log.ts";
import type { Metrics, ReloadResult } from "./metrics.ts";
import type { RunningTransfers } from "./pinhole-records.ts";
import { createRepeatedLine } from "./repeated-line.ts";
import type { SessionHistory } from "./session-history.ts";
import { createSessionRecord } from "./session-record.ts";
import type { ServerConnectOutcome, ServerState } from "./server-metrics.ts";
import { createSessionObserver, type SessionObserver, type SessionSource } from "./session-observer.ts";
import type { TransferLog } from "./transfer-log.ts";

export type Telemetry = {
  gateway(name: string): GatewayTelemetry;
  /** What waits is told now, and what running transfers have carried is brought up to date. */
  update(): void;
  /** `detail`: what was wrong, or empty. */
  configReloaded(result: ReloadResult, detail: string): void;
};

/** `isCheck`: a balancer looks whether anybody is there. It is counted, and neither kept nor told of unless something is wrong. */
export type StartedSession = SessionSource & { readonly isCheck?: boolean };

export type GatewayTelemetry = {
  /** Of its own lines and of those of sessions to come; undefined: the level of the log. */
  setLogLevel(level: LogLevel | undefined): void;
  /** `isInherited`: the process was started with that socket; `isShared`: another process listens there too. */
  listening(endpoint: Endpoint, socket?: { readonly isInherited: boolean; readonly isShared: boolean }): void;
  stopped(): void;
  /** `cause`: the system's word, e.g. `EMFILE`. Logged once a minute. */
  acceptFailed(cause: string): void;
  /** What is neither of a session nor of a listener. */
  note(level: "info" | "warn", text: string): void;
  /** Those of its own, by file, with what is left until they expire; asked at every scrape, until `stopped`. */
  certificates(left: () => readonly { readonly certificate: string; readonly seconds: number }[]): void;
  /** Clients that are banned; asked at every scrape, until `stopped`. */
  bans(count: () => number): void;
  /** Those of a pool, with their configured names; asked at every scrape. */
  servers(states: () => readonly ServerState[]): void;
  serverConnected(
    server: { readonly name: string },
    outcome: ServerConnectOutcome,
    news: { readonly change: "down" | "up" | undefined; readonly detail: string },
  ): void;
  /** A health check of a server of a pool. */
  serverChecked(
    server: { readonly name: string },
    isHealthy: boolean,
    news: { readonly change: "down" | "up" | undefined; readonly detail: string },
  ): void;
  /** Servers of other names are no longer in the configuration. */
  keepServers(names: readonly string[]): void;
  /** So many sessions may be open at once; asked at every scrape, until `stopped`. */
  sessionsLimit(limit: () => number): void;
  /** `counts` is asked at every scrape, until `stopped`. */
  dataPorts(side: Side, counts: () => PortCounts): void;
  /** `refreshCounts` is called before each scrape while transfers run, until `stopped`. */
  dataPlane(refreshCounts: () => void): void;
  /** A client's connection that never became a session. */
  /** `detail`: for operators. */
  sessionRefused(client: Endpoint, reason: RefusalReason, detail?: string): void;
  sessionStarted(id: string, client: Endpoint, listener: Endpoint, source: StartedSession): SessionObserver;
};

/** `history`: where sessions are kept, if they are; without it the lines of transfers lack user, server and path. `feed`: what is told beside it. */
export type TelemetryOptions = {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly history?: Pick<SessionHistory, "started">;
  readonly feed?: EventFeed;
  /** Sessions to come of clients there are logged at `debug` at least. */
  readonly debugFor?: () => readonly Network[];
  /** Where transfers go beside the log. */
  readonly transferLog?: TransferLog;
};

/** What the gateways of a process share. */
type Shared = TelemetryOptions & {
  readonly lateRecords: LateRecords;
  readonly running: RunningTransfers;
  /** Each brings the counts of a gateway's transfers up to date. */
  readonly refreshers: Set<() => void>;
};

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { metrics, logger } = options;
  const shared: Shared = { ...options, lateRecords: createLateRecords(), running: [], refreshers: new Set() };
  const update = (): void => {
    shared.lateRecords.flush();
    if (shared.running.length === 0) return;
    for (const refresh of shared.refreshers) refresh();
    for (const { count } of [...shared.running]) count();
  };
  metrics.beforeReading(update);
  return {
    update,
    gateway: (name) => gatewayTelemetry(name, shared),
    configReloaded(result, detail) {
      metrics.configReloaded(result);
      options.feed?.publish({ kind: "reload", result, detail });
      if (result === "success") logger.info("configuration reloaded");
      else logger.error({ detail }, "configuration not reloaded");
    },
  };
}

function gatewayTelemetry(name: string, shared: Shared): GatewayTelemetry {
  const { metrics, logger, history, feed, lateRecords, running, refreshers } = shared;
  const counts = metrics.gateway(name);
  const own = logger.child({ gateway: name });
  let level: LogLevel | undefined;
  const log = () => withLevelOf(logger, own, level);
  const observed = { counts, lateRecords, running, logger, transferLog: shared.transferLog };
  /** Each ends something that is asked at every scrape. */
  const endings: (() => void)[] = [];
  const acceptFailed = createRepeatedLine(60_000, (line: { detail: string }) => log().error(line, "accept failed"));
  const serverChanged = serverReport(name, log, feed);
  /** One for each reason. */
  const refused = new Map<RefusalReason, (line: { client: string; reason: RefusalReason; detail?: string }) => void>();
  return {
    setLogLevel: (next) => void (level = next),
    listening(endpoint, { isInherited, isShared } = { isInherited: false, isShared: false }) {
      const found = { ...(isInherited && { inherited: true }), ...(isShared && { shared: true }) };
      log().info({ endpoint: formatEndpoint(endpoint), ...found }, "listening");
      if (isShared) log().warn({ endpoint: formatEndpoint(endpoint) }, "another process listens there too");
    },
    stopped() {
      for (const end of endings.splice(0)) end();
      log().info("stopped");
    },
    acceptFailed(cause) {
      counts.acceptFailures[acceptFailureCause(cause)].inc();
      acceptFailed({ detail: cause });
    },
    note: (noted, text) => log()[noted](text),
    certificates: (left) => void endings.push(counts.certificates(left)),
    bans: (count) => void endings.push(counts.bans(count)),
    servers: (states) => void endings.push(counts.servers(states)),
    keepServers: counts.keepServers,
    serverConnected({ name: server }, outcome, { change, detail }) {
      counts.serverConnected(server, outcome);
      serverChanged(server, change, { outcome, detail });
    },
    serverChecked({ name: server }, isHealthy, { change, detail }) {
      counts.serverChecked(server, isHealthy);
      serverChanged(server, change, { outcome: "check-failed", detail });
    },
    sessionsLimit: (limit) => void endings.push(counts.sessionsLimit(limit)),
    dataPorts: (side, ports) => void endings.push(counts.dataPorts(side, ports)),
    dataPlane(refreshCounts) {
      refreshers.add(refreshCounts);
      endings.push(() => void refreshers.delete(refreshCounts));
    },
    sessionRefused(client, reason, detail) {
      counts.refusals[reason].inc();
      // Some of the reasons are also ends: the client's connection is over, and sessions_total says why.
      if (isEndReason(reason)) counts.sessions[reason].inc();
      let say = refused.get(reason);
      if (say === undefined) {
        say = createRepeatedLine(1000, (line) => log().warn(line, "session refused"));
        refused.set(reason, say);
      }
      feed?.publish({ kind: "refusal", session: undefined, gateway: name, client, reason });
      say({ client: formatEndpoint(client), reason, ...(detail !== undefined && { detail }) });
    },
    sessionStarted(id, client, listener, source) {
      // Made from the root, so that the session stands before the gateway in every line.
      const sessionLog = logger.child({ session: id, gateway: name });
      const logLevel = source.isCheck ? "warn" : isAmong(client, shared.debugFor?.()) ? atLeastDebug(log()) : level;
      withLevelOf(logger, sessionLog, logLevel);
      counts.sessionsActive.inc();
      sessionLog.info({ client: formatEndpoint(client), listener: formatEndpoint(listener) }, "session started");
      const start = { id, gateway: name, client, listener };
      const notes = source.isCheck ? undefined : history?.started(start, source.counts);
      const record = notes?.record ?? createSessionRecord(start);
      return createSessionObserver(observed, { record, log: sessionLog, logLevel, notes, source });
    },
  };
}

/** Of a pool: that it is down from now on, or up again. */
function serverReport(gateway: string, log: () => Logger, feed: EventFeed | undefined) {
  return (server: string, change: "up" | "down" | undefined, why: { outcome: string; detail: string }): void => {
    if (change === undefined) return;
    if (change === "down") log().warn({ server, ...why }, "server down");
    else log().info({ server }, "server up");
    feed?.publish({ kind: `server-${change}`, gateway, server, detail: change === "down" ? why.detail : "" });
  };
}

function isAmong({ address }: Endpoint, networks: readonly Network[] = []): boolean {
  return networks.some((network) => networkContains(network, address));
}

function atLeastDebug(log: Logger): LogLevel {
  return log.isLevelEnabled("trace") ? "trace" : "debug";
}

function isEndReason(reason: string): reason is EndReason {
  return (endReasons as readonly string[]).includes(reason);
}
