// Data events: what a data connection (data-connection.ts) is told, and what it asks of its driver (data-pinhole.ts) in answer.
import type { Endpoint } from "../../net/endpoint.ts";
import type { ByteCounts, OpenRefusal, PinholeEvent, PinholeOutcome, Side } from "../pinhole.ts";
import type { CarriageEnd } from "./carriage.ts";

export type DataInput =
  | { readonly kind: "open" }
  /** Of a listening leg. */
  | { readonly kind: "listening"; readonly side: Side; readonly endpoint: Endpoint }
  | { readonly kind: "refused"; readonly reason: OpenRefusal; readonly detail: string }
  | { readonly kind: "stranger" | "admitted"; readonly side: Side; readonly from: Endpoint }
  /** Of a dialled leg. `otherPort`: why it has not the source port that was wanted. */
  | {
      readonly kind: "connected";
      readonly side: Side;
      readonly otherPort: { readonly wanted: number; readonly detail: string } | undefined;
    }
  | { readonly kind: "failed"; readonly side: Side; readonly wasReached: boolean; readonly detail: string }
  /** The server's leg, watched alone, has data or has ended; or it has broken. */
  | { readonly kind: "heard" }
  | { readonly kind: "broken"; readonly detail: string }
  /** Answer to `proceed`, once the owner has heard what was reported before it. */
  | { readonly kind: "proceed" }
  /** Of the carriage. */
  | { readonly kind: "delivered" }
  | {
      readonly kind: "ended";
      readonly end: CarriageEnd;
      readonly counts: ByteCounts;
      readonly detail: string | undefined;
    }
  /** Timers: the wait is over; nothing moved for the stall time. */
  | { readonly kind: "overdue" }
  | { readonly kind: "stalled"; readonly detail?: string | undefined }
  /** The owner's words. */
  | { readonly kind: "start" | "confirm" | "release" | "dismiss" }
  | { readonly kind: "linger"; readonly ms: number };

export type DataAsk =
  /** Until one of them is refused. */
  | { readonly kind: "listen"; readonly sides: readonly Side[] }
  | { readonly kind: "dial" | "reset leg"; readonly side: Side }
  /** `heard` or `broken`, once. */
  | { readonly kind: "watch server" }
  /** `overdue` after that time. Of one that is running: `shorten wait` after that time at the latest, `extend wait` instead. */
  | { readonly kind: "wait" | "shorten wait" | "extend wait"; readonly ms: number }
  | { readonly kind: "stop waiting" }
  /** `stalled` after that time without a byte; `limit stall` changes the time. */
  | { readonly kind: "watch stall" | "limit stall"; readonly ms: number }
  | { readonly kind: "proceed" }
  /** Both legs are handed to the carriage. */
  | { readonly kind: "carry"; readonly isDownHeld: boolean }
  /** Of the carriage. */
  | { readonly kind: "begin" }
  /** Likewise, after that time or now. */
  | { readonly kind: "release held in"; readonly ms: number }
  | { readonly kind: "release held" }
  /** Legs that are not carried yet are closed in order; the carriage is, unless it has carried something. */
  | { readonly kind: "close unused" }
  | { readonly kind: "abort" }
  | { readonly kind: "report"; readonly event: Exclude<PinholeEvent, { kind: "closed" }> }
  /** Everything is released. */
  | { readonly kind: "clear" }
  /** Everything is released and the end is reported, last. */
  | {
      readonly kind: "close";
      readonly outcome: PinholeOutcome;
      readonly detail: string | undefined;
      readonly counts: ByteCounts;
    };
