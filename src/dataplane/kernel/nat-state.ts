// NAT state: what is known of one data connection that the kernel translates, phase by phase, and how it ends. Pure.
import { type Endpoint, sameEndpoint } from "../../net/endpoint.ts";
import type { ByteCounts, PinholeOutcome, PinholeRequest } from "../pinhole.ts";
import type { NatAsk, NatQuestion } from "./nat-events.ts";
import type { Connection } from "./netlink/conntrack-message.ts";
import { countsOf, type TransferRoles } from "./transfer-view.ts";

/** What does not change during the life of a NAT connection. */
export type NatTerms = TransferRoles & {
  /** The one address that may connect. */
  readonly peer: string;
  /** The source port that the dialled peer should see. */
  readonly wantedPort: number | undefined;
  /** How long the dialled peer has to answer, from the first SYN on. */
  readonly connectMs: number;
};

/** Where a NAT connection stands, with what is known only there. */
export type Phase =
  | { readonly name: "opening"; readonly isReleased: boolean }
  | { readonly name: "waiting"; readonly local: Endpoint }
  /** The peer's SYN has come. `joined` lasts until the owner, who may release it in answer, has heard of it. */
  | { readonly name: "connecting" | "joined"; readonly local: Endpoint; readonly last: Connection }
  | Carrying
  /** `local` where it was open: a connection may have come through just before. */
  | { readonly name: "closed"; readonly local: Endpoint | undefined };

/** The phase in which bytes flow. */
export type Carrying = {
  readonly name: "carrying";
  readonly local: Endpoint;
  /** As it was last told. */
  readonly last: Connection;
  readonly isDelivered: boolean;
  /** Counted when all of a download was delivered: it does not become more. */
  readonly final: ByteCounts | undefined;
  /** How long until the kernel is asked again about what no event tells. */
  readonly lookMs: number;
};

/** The state of one data connection that the kernel translates; a value that is never changed. */
export type NatConnection = {
  readonly terms: NatTerms;
  readonly phase: Phase;
  /** The request's until the owner lingers, as `stallMs`. */
  readonly expiryMs: number;
  /** Instead of it once the transfer has begun: its peer may take as long to come as it may stall. The kernel's own limit. */
  readonly patienceMs: number;
  readonly stallMs: number;
  /** Set by the owner's `linger`, never cleared. */
  readonly isLingering: boolean;
  /** As the kernel last told them; final when closed. */
  readonly counts: ByteCounts;
};

const noBytes: ByteCounts = { bytesUp: 0, bytesDown: 0 };
/** Soon, then less often. */
export const lookAgainMs = { first: 1, last: 25 } as const;

/** A connection that is not open yet; times in milliseconds. */
export function startNatConnection(
  terms: NatTerms,
  { expiryMs, stallMs }: Pick<PinholeRequest, "expiryMs" | "stallMs">,
): NatConnection {
  const phase = { name: "opening", isReleased: false } as const;
  const patienceMs = Math.max(expiryMs, stallMs);
  return { terms, phase, expiryMs, patienceMs, stallMs, isLingering: false, counts: noBytes };
}

/** Whether that is this pinhole's connection: a number may come round again while a connection of a gateway before us still lives. */
export function isOf({ terms, phase }: NatConnection, { original: { source, destination } }: Connection): boolean {
  const local = phase.name === "opening" ? undefined : phase.local;
  return local !== undefined && source.address === terms.peer && sameEndpoint(destination, local);
}

/** Asks the kernel for the connection. */
export function find({ last }: Carrying, question: NatQuestion): NatAsk {
  return { kind: "find", original: last.original, question };
}

/**
 * The connection has ended. Few events carry counts: where none has come, the kernel is asked once more before the end is
 * reported.
 */
export function ended(
  state: NatConnection,
  phase: Carrying,
  asks: NatAsk[],
  outcome: PinholeOutcome,
  detail?: string,
): NatConnection {
  const counts = countsOf(state.terms, phase.last) ?? phase.final;
  const now: NatConnection = { ...state, phase };
  if (counts) return close(withCounts(now, counts), asks, outcome, detail);
  asks.push(find(phase, { why: "count", outcome, detail }));
  return now;
}

/** The end of the pinhole: everything is released, and its counts are reported as they are known. */
export function close(state: NatConnection, asks: NatAsk[], outcome: PinholeOutcome, detail?: string): NatConnection {
  const { phase, counts } = state;
  asks.push({ kind: "close", outcome, detail, ...counts });
  return { ...state, phase: { name: "closed", local: phase.name === "opening" ? undefined : phase.local } };
}

/** Counts never fall: what was said once is not taken back. */
export function withCounts(state: NatConnection, counts: ByteCounts | undefined): NatConnection {
  if (counts === undefined) return state;
  const bytesUp = Math.max(state.counts.bytesUp, counts.bytesUp);
  const bytesDown = Math.max(state.counts.bytesDown, counts.bytesDown);
  return { ...state, counts: { bytesUp, bytesDown } };
}
