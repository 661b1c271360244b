// Everything that operators are told, one function per fact: what it counts and its line in the log stand side by side.
// Addresses, users and texts go to the log alone. Secrets never get here: facts carry no arguments of commands.
// Levels: sessions, logins and ended transfers are `info`; refusals and strangers `warn`; each command and reply `debug`.
import { planeNames, type OpenRefusal, type PinholeOutcome, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import { metricVerb } from "../ftp/command.ts";
import { formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { Fact, TransferEnded } from "../session/facts.ts";
import { endReasons, type EndReason, type RefusalReason } from "../session/reasons.ts";
import { createLateRecords, type LateRecords } from "./late-records.ts";
import type { Logger } from "./log.ts";
import { pinholeFates, replyClasses, type GatewayMetrics, type PortCounts } from "./gateway-metrics.ts";
import type { Metrics, ReloadResult } from "./metrics.ts";

export type Telemetry = {
  gateway(name: string): GatewayTelemetry;
  /** `detail`: what was wrong, or empty. */
  configReloaded(result: ReloadResult, detail: string): void;
};

export type GatewayTelemetry = {
  /** `isInherited`: the process was started with that socket. */
  listening(endpoint: Endpoint, isInherited?: boolean): void;
  stopped(): void;
  acceptFailed(detail: string): void;
  /** `counts` is asked at every scrape, until `stopped`. */
  dataPorts(side: Side, counts: () => PortCounts): void;
  /** A client's connection that never became a session. */
  sessionRefused(client: Endpoint, reason: RefusalReason): void;
  sessionStarted(id: string, client: Endpoint, listener: Endpoint): SessionTelemetry;
};

export type SessionTelemetry = {
  /** `ended` comes once per session. */
  record(fact: Fact): void;
  /** Calls it within 10 ms, and before the metrics are read: for records that need not be made at once. */
  later(record: () => void): void;
  serverConnected(seconds: number): void;
  /** From a command written to the server until its answer begins. */
  controlLatency(seconds: number): void;
  /** `sides`: those on which the pinhole listens; `seconds`: from the request. */
  pinholeOpened(
    sides: readonly Side[],
    plane: PlaneName,
    seconds: number,
    client: Endpoint | undefined,
    server: Endpoint | undefined,
  ): void;
  pinholeRefused(sides: readonly Side[], reason: OpenRefusal, detail: string): void;
  pinholeClosed(sides: readonly Side[], plane: PlaneName, outcome: PinholeOutcome): void;
  stranger(side: Side, from: Endpoint): void;
  /** The source port `wanted` could not be had. */
  otherSourcePort(side: Side, wanted: number, detail: string): void;
};

export function createTelemetry({ metrics, logger }: { metrics: Metrics; logger: Logger }): Telemetry {
  const lateRecords = createLateRecords();
  metrics.beforeReading(lateRecords.flush);
  return {
    gateway: (name) => gatewayTelemetry(name, metrics, logger, lateRecords),
    configReloaded(result, detail) {
      metrics.configReloads[result].inc();
      if (result === "success") logger.info("configuration reloaded");
      else logger.error({ detail }, "configuration not reloaded");
    },
  };
}

function gatewayTelemetry(name: string, metrics: Metrics, logger: Logger, lateRecords: LateRecords): GatewayTelemetry {
  const counts = metrics.gateway(name);
  const log = logger.child({ gateway: name });
  const portWatches: (() => void)[] = [];
  return {
    listening: (endpoint, isInherited) =>
      log.info({ endpoint: formatEndpoint(endpoint), ...(isInherited && { inherited: true }) }, "listening"),
    stopped() {
      for (const end of portWatches.splice(0)) end();
      log.info("stopped");
    },
    acceptFailed: (detail) => log.error({ detail }, "accept failed"),
    dataPorts: (side, ports) => void portWatches.push(counts.dataPorts(side, ports)),
    sessionRefused(client, reason) {
      counts.refusals[reason].inc();
      // Some of the reasons are also ends: the client's connection is over, and sessions_total says why.
      if (isEndReason(reason)) counts.sessions[reason].inc();
      log.warn({ client: formatEndpoint(client), reason }, "session refused");
    },
    sessionStarted(id, client, listener) {
      // Made from the root, so that the session stands before the gateway in every line.
      const sessionLog = logger.child({ session: id, gateway: name });
      counts.sessionsActive.inc();
      sessionLog.info({ client: formatEndpoint(client), listener: formatEndpoint(listener) }, "session started");
      return sessionTelemetry(metrics, counts, sessionLog, lateRecords);
    },
  };
}

function isEndReason(reason: string): reason is EndReason {
  return (endReasons as readonly string[]).includes(reason);
}

function sessionTelemetry(
  metrics: Metrics,
  counts: GatewayMetrics,
  log: Logger,
  lateRecords: LateRecords,
): SessionTelemetry {
  const transfers = transferTelemetry(metrics, counts, log);
  const startedAt = performance.now();

  const record = (fact: Fact): void => {
    switch (fact.kind) {
      case "command":
        counts.command(fact.verb).inc();
        // A verb that nobody knows may be anything, a password typed too early too.
        if (log.isLevelEnabled("debug")) log.debug({ verb: metricVerb(fact.verb) }, "command");
        break;
      case "reply":
        counts.replies[replyClasses[Math.floor(fact.code / 100) - 1] ?? "other"].inc();
        if (log.isLevelEnabled("debug")) log.debug({ code: fact.code }, "reply");
        break;
      case "quirk":
        counts.quirks[fact.quirk].inc();
        if (log.isLevelEnabled("debug")) log.debug({ quirk: fact.quirk }, "quirk");
        break;
      case "refusal":
        counts.refusals[fact.reason].inc();
        log.warn({ reason: fact.reason, detail: fact.detail }, "refused");
        break;
      case "server-connected":
        log.info({ server: formatEndpoint(fact.peer), local: formatEndpoint(fact.local) }, "server connected");
        break;
      case "logged-in":
        log.info({ user: fact.user }, "logged in");
        break;
      case "translated":
        counts.translations[fact.from][fact.to].inc();
        log.debug({ from: fact.from, to: fact.to }, "translated");
        break;
      case "server-rejects":
        log.info({ mode: fact.mode, code: fact.code }, "server rejects mode");
        break;
      case "transfer-started":
        transfers.started(fact.plane, fact.verb);
        break;
      case "transfer-ended":
        transfers.ended(fact);
        break;
      case "ended": {
        transfers.settle();
        counts.sessionsActive.dec();
        counts.sessions[fact.reason].inc();
        const { reason, detail } = fact;
        const durationMs = Math.round(performance.now() - startedAt);
        const line = { reason, detail, durationMs };
        if (reason === "internal-error") log.error(line, "session ended");
        else log.info(line, "session ended");
        break;
      }
    }
  };

  return {
    record,
    later: lateRecords.add,
    serverConnected: (seconds) => metrics.serverConnectSeconds.observe(seconds),
    controlLatency: (seconds) => metrics.controlLatencySeconds.observe(seconds),
    pinholeOpened(sides, plane, seconds, client, server) {
      for (const side of sides) counts.pinholesActive[side][plane].inc();
      metrics.pinholeOpenSeconds.observe(seconds);
      if (!log.isLevelEnabled("debug")) return;
      const listening = {
        ...(client && { client: formatEndpoint(client) }),
        ...(server && { server: formatEndpoint(server) }),
      };
      log.debug({ plane, ...listening }, "pinhole opened");
    },
    pinholeRefused(sides, reason, detail) {
      for (const side of sides) counts.pinholeRefused(side);
      log.warn({ reason, detail }, "pinhole refused");
    },
    pinholeClosed(sides, plane, outcome) {
      for (const side of sides) {
        counts.pinholesActive[side][plane].dec();
        counts.pinholeEnded(side, plane, pinholeFates[outcome]);
      }
      log.debug({ plane, outcome }, "pinhole closed");
    },
    stranger(side, from) {
      counts.strangers[side].inc();
      log.warn({ side, from: formatEndpoint(from) }, "stranger");
    },
    otherSourcePort(side, wanted, detail) {
      counts.quirks["other-source-port"].inc();
      log.debug({ side, wanted, detail }, "other source port");
    },
  };
}

type TransferTelemetry = {
  started(plane: PlaneName, verb: string): void;
  ended(fact: TransferEnded): void;
  /** Nothing of an ended session is active, even if the end of a transfer is reported after it, or never. */
  settle(): void;
};

function transferTelemetry(metrics: Metrics, counts: GatewayMetrics, log: Logger): TransferTelemetry {
  // Facts don't say which transfer they belong to, and a session rarely has more than one: counting is enough.
  const running: Record<PlaneName, number> = { relay: 0, splice: 0, kernel: 0 };
  let isSettled = false;

  return {
    started(plane, verb) {
      running[plane] += 1;
      if (!isSettled) counts.transfersActive[plane].inc();
      log.debug({ plane, verb }, "transfer started");
    },
    ended(fact) {
      const { verb, direction, clientMode, serverMode, plane, outcome, bytesUp, bytesDown, durationMs, detail } = fact;
      const wasStarted = mayHaveStarted[outcome] && running[plane] > 0;
      if (wasStarted) {
        running[plane] -= 1;
        if (!isSettled) counts.transfersActive[plane].dec();
        metrics.transferSeconds.observe(durationMs / 1000);
      }
      counts.transferBytes.upload[plane].inc(bytesUp);
      counts.transferBytes.download[plane].inc(bytesDown);
      // A data connection that was negotiated, then neither used nor named in a transfer command (clients that send PASV
      // twice, or quit after it), is a pinhole that was not needed and no transfer that failed.
      const isTransfer = wasStarted || verb !== "";
      if (isTransfer) counts.transferEnded(fact);
      const line = {
        verb,
        direction,
        clientMode,
        serverMode,
        plane,
        outcome,
        bytesUp,
        bytesDown,
        durationMs,
        ...(detail !== undefined && { detail }),
      };
      if (isTransfer) log.info(line, "transfer ended");
      else log.debug(line, "data connection not used");
    },
    settle() {
      if (isSettled) return;
      isSettled = true;
      for (const plane of planeNames) counts.transfersActive[plane].dec(running[plane]);
    },
  };
}

/** Whether a transfer that ended so can have been joined before. */
const mayHaveStarted: Readonly<Record<TransferEnded["outcome"], boolean>> = {
  complete: true,
  "client-reset": true,
  "server-reset": true,
  stalled: true,
  aborted: true,
  // The legs may have met just before the pinhole was released.
  rejected: true,
  unconfirmed: true,
  "client-unreachable": false,
  "server-unreachable": false,
  expired: false,
  released: false,
};
