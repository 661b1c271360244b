// Connection record: what is known of one data connection of a session, as raw values.
import type { ByteCounts, PlaneName, Side } from "../dataplane/pinhole.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { TlsVersion } from "../net/tls.ts";
import type { LegPlan } from "../session/events.ts";
import type { Direction, TransferOutcome } from "../session/facts.ts";
import type { Mode } from "../session/mode.ts";

/** One data connection, from the request of its pinhole to the end of its transfer. */
export type ConnectionRecord = {
  readonly id: number;
  readonly requestedAt: number;
  readonly legs: Readonly<Record<Side, LegPlan>>;
  /** Once it is open. */
  plane: PlaneName | undefined;
  listening: Readonly<Partial<Record<Side, Endpoint>>>;
  /** Once the handshake on a leg is done. */
  tls: Readonly<Partial<Record<Side, TlsVersion>>>;
  clientMode: Mode | undefined;
  serverMode: Mode | undefined;
  /** Of the transfer command; empty before it. */
  verb: string;
  /** The argument of the transfer command as it was sent to the server. */
  path: string;
  direction: Direction;
  joinedAt: number | undefined;
  closed: (ByteCounts & { readonly at: number; readonly durationMs: number }) | undefined;
  /** Of a transfer, as soon as it is known. */
  outcome: TransferOutcome | undefined;
  detail: string | undefined;
  /** When somebody looked last, for the rate since then. */
  sample: { readonly at: number; readonly bytes: number; readonly bytesPerSecond: number } | undefined;
};

/** What it takes of memory beside its path; an estimate, rounded up. */
export const connectionBytes = 512;

export function sizeOfConnection({ path }: ConnectionRecord): number {
  return connectionBytes + path.length;
}

/** Data flowed on it, or was to. */
export function isTransfer({ verb, joinedAt }: ConnectionRecord): boolean {
  return verb !== "" || joinedAt !== undefined;
}

/** Nothing more will be told of it. */
export function isOver(connection: ConnectionRecord): boolean {
  return connection.closed !== undefined && (connection.outcome !== undefined || !isTransfer(connection));
}
