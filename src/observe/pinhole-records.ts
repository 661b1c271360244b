// Pinhole records: what the pinholes of a session count from request to end, and their lines in the log. What a running transfer has
// carried is asked for at every scrape, so that the bytes of a long one are seen while it runs.
import { sides, type ByteCounts, type PinholeEvent, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import { type Bagged, putInto, takeOut } from "../net/bag.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import type { SessionEffect } from "../session/events.ts";
import { pinholeFates, type GatewayMetrics } from "./gateway-metrics.ts";
import type { Logger } from "./log.ts";
import type { RepeatedWarnings } from "./repeated-warnings.ts";

export type PinholeRecords = {
  /** `at`: monotonic milliseconds, here and below. */
  requested(at: number, effect: Extract<SessionEffect, { kind: "open" }>): void;
  /** Every event of the pinhole `id`, in order. */
  reported(at: number, id: number, event: PinholeEvent): void;
  /** Nothing of an ended session is active, even if the end of a transfer is reported after it, or never. */
  sessionEnded(): void;
};

/** Of each session that has a running transfer: counts what they have carried since they were asked last. */
export type RunningTransfers = RunningTransfer[];

export type RunningTransfer = Bagged & { readonly count: () => void };

export type PinholeRecordDeps = {
  /** Its id. */
  readonly session: string;
  readonly counts: GatewayMetrics;
  readonly log: Logger;
  readonly warnings: RepeatedWarnings;
  readonly running: RunningTransfers;
  readonly bytesOf: (id: number) => ByteCounts | undefined;
};

type PinholeRecord = {
  /** Where it listens. */
  readonly listening: readonly Side[];
  readonly requestedAt: number;
  /** Once it is open. */
  plane: PlaneName | undefined;
  isJoined: boolean;
  /** Of what it has carried, as much as is counted. */
  bytesUp: number;
  bytesDown: number;
};

export function createPinholeRecords(deps: PinholeRecordDeps): PinholeRecords {
  const { session, counts, warnings, log, running, bytesOf } = deps;
  const records = new Map<number, PinholeRecord>();
  let isSessionActive = true;
  const own: RunningTransfer = { count: countRunning, place: -1 };

  function countRunning(): void {
    for (const [id, record] of records) {
      const bytes = record.isJoined ? bytesOf(id) : undefined;
      if (bytes !== undefined) countBytes(counts, record, bytes);
    }
  }

  function joined(record: PinholeRecord): void {
    if (record.plane === undefined) return;
    record.isJoined = true;
    if (isSessionActive) counts.transfersActive[record.plane].inc();
    if (own.place < 0) putInto(running, own);
  }

  function closed(record: PinholeRecord, event: Closed): void {
    const { listening, plane, isJoined } = record;
    if (plane === undefined) return;
    for (const side of listening) {
      counts.pinholesActive[side][plane].dec();
      counts.pinholeEnded(side, plane, pinholeFates[event.outcome]);
    }
    countBytes(counts, record, event);
    log.debug({ plane, outcome: event.outcome }, "pinhole closed");
    if (!isJoined) return;
    if (isSessionActive) counts.transfersActive[plane].dec();
    counts.transferSeconds.observe(event.durationMs / 1000, session);
    for (const other of records.values()) if (other.isJoined) return;
    takeOut(running, own);
  }

  return {
    requested(at, { id, client, server }) {
      const plans = { client, server };
      const listening = sides.filter((side) => plans[side].kind === "listen");
      records.set(id, { listening, requestedAt: at, plane: undefined, isJoined: false, bytesUp: 0, bytesDown: 0 });
    },
    reported(at, id, event) {
      const record = records.get(id);
      if (record === undefined) return;
      switch (event.kind) {
        case "opened":
          opened(deps, at, record, event);
          break;
        case "refused":
          records.delete(id);
          for (const side of record.listening) counts.pinholeRefused(side);
          warnings.warn("pinhole refused", { reason: event.reason }, { detail: event.detail });
          break;
        case "joined":
          joined(record);
          break;
        case "closed":
          records.delete(id);
          closed(record, event);
          break;
        case "stranger":
        case "other-source-port":
          noticed(deps, event);
          break;
        case "admitted":
        case "secured":
        case "no-close-notify":
        case "reached":
        case "delivered":
          break;
      }
    },
    sessionEnded() {
      if (!isSessionActive) return;
      isSessionActive = false;
      for (const { plane, isJoined } of records.values()) if (isJoined && plane) counts.transfersActive[plane].dec();
    },
  };
}

type Opened = Extract<PinholeEvent, { kind: "opened" }>;
type Closed = Extract<PinholeEvent, { kind: "closed" }>;
type Noticed = Extract<PinholeEvent, { kind: "stranger" | "other-source-port" }>;

function opened({ session, counts, log }: PinholeRecordDeps, at: number, record: PinholeRecord, event: Opened): void {
  const { plane, client, server } = event;
  record.plane = plane;
  for (const side of record.listening) counts.pinholesActive[side][plane].inc();
  counts.pinholeOpenSeconds.observe((at - record.requestedAt) / 1000, session);
  if (!log.isLevelEnabled("debug")) return;
  const listening = {
    ...(client && { client: formatEndpoint(client) }),
    ...(server && { server: formatEndpoint(server) }),
  };
  log.debug({ plane, ...listening }, "pinhole opened");
}

function noticed({ counts, log, warnings }: PinholeRecordDeps, event: Noticed): void {
  if (event.kind === "stranger") {
    counts.strangers[event.side].inc();
    warnings.warn("stranger", { side: event.side }, { from: formatEndpoint(event.from) });
  } else {
    counts.quirks["other-source-port"].inc();
    log.debug({ side: event.side, wanted: event.wanted, detail: event.detail }, "other source port");
  }
}

/** Of what was carried, as much as is not counted yet. */
function countBytes(counts: GatewayMetrics, record: PinholeRecord, { bytesUp, bytesDown }: ByteCounts): void {
  const { plane } = record;
  if (plane === undefined) return;
  // What falls, against its contract, must not make a counter fall.
  counts.transferBytes.upload[plane].inc(Math.max(0, bytesUp - record.bytesUp));
  counts.transferBytes.download[plane].inc(Math.max(0, bytesDown - record.bytesDown));
  record.bytesUp = Math.max(record.bytesUp, bytesUp);
  record.bytesDown = Math.max(record.bytesDown, bytesDown);
}
