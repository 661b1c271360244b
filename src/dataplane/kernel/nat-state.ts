// NAT state: what is known of one data connection that the kernel translates, phase by phase, and how it ends. Pure.
import { type Endpoint, sameEndpoint } from "../../net/endpoint.ts";
import type { ByteCounts, PinholeOutcome, PinholeRequest } from "../pinhole.ts";
import type { NatAsk, NatQuestion } from "./nat-events.ts";
import type { Connection } from "./netlink/conntrack-message.ts";
import { countsOf, type TransferRoles } from "./transfer-view.ts";

/** What does not change while the connection lives. */
export type NatTerms = TransferRoles & {
  /** The one address that may connect. */
  readonly peer: string;
  /** The source port that the dialled peer should see. */
  readonly wantedPort: number | undefined;
  readonly connectMs: number;
};

export type Phase =
  | { readonly name: "opening"; readonly isReleased: boolean }
  | { readonly name: "waiting"; readonly local: Endpoint }
  /** The peer's SYN has come. `joined` lasts until the owner, who may release it in answer, has heard of it. */
  | { readonly name: "connecting" | "joined"; readonly local: Endpoint; readonly last: Connection }
  | Carrying
  /** `local` where it was open: a connection may have come through just before. */
  | { readonly name: "closed"; readonly local: Endpoint | undefined };

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

export type NatConnection = {
  readonly terms: NatTerms;
  readonly phase: Phase;
  readonly expiryMs: number;
  readonly stallMs: number;
  readonly isLingering: boolean;
  /** As of the last time that somebody wanted to know. */
  readonly counts: ByteCounts;
};

const noBytes: ByteCounts = { bytesUp: 0, bytesDown: 0 };
/** Soon, then less often. */
export const lookAgainMs = { first: 1, last: 25 } as const;

export function startNatConnection(
  terms: NatTerms,
  { expiryMs, stallMs }: Pick<PinholeRequest, "expiryMs" | "stallMs">,
): NatConnection {
  const phase = { name: "opening", isReleased: false } as const;
  return { terms, phase, expiryMs, stallMs, isLingering: false, counts: noBytes };
}

/** A number may come round again while a connection of a gateway before us still lives. */
export function isOf({ terms, phase }: NatConnection, { original: { source, destination } }: Connection): boolean {
  const local = phase.name === "opening" ? undefined : phase.local;
  return local !== undefined && source.address === terms.peer && sameEndpoint(destination, local);
}

export function find({ last }: Carrying, question: NatQuestion): NatAsk {
  return { kind: "find", original: last.original, question };
}

/** Few events carry counts: where none has come, the kernel is asked once more before the end is reported. */
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

export function close(state: NatConnection, asks: NatAsk[], outcome: PinholeOutcome, detail?: string): NatConnection {
  const { phase, counts } = state;
  asks.push({ kind: "close", outcome, detail, ...counts });
  return { ...state, phase: { name: "closed", local: phase.name === "opening" ? undefined : phase.local } };
}

/** What was said once is not taken back. */
export function withCounts(state: NatConnection, counts: ByteCounts | undefined): NatConnection {
  if (counts === undefined) return state;
  const bytesUp = Math.max(state.counts.bytesUp, counts.bytesUp);
  const bytesDown = Math.max(state.counts.bytesDown, counts.bytesDown);
  return { ...state, counts: { bytesUp, bytesDown } };
}
