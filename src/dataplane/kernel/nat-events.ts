// NAT events: what a NAT connection (nat-connection.ts) is told, and what it asks of its driver (nat-pinhole.ts) in answer.
import type { Endpoint } from "../../net/endpoint.ts";
import type { ByteCounts, OpenRefusal, PinholeEvent, PinholeOutcome } from "../pinhole.ts";
import type { Connection, ConntrackEvent, Tuple } from "./netlink/conntrack-message.ts";

/** Why the kernel is asked for the connection. `count`: it has ended with this outcome, and its bytes are missing. */
export type NatQuestion =
  | { readonly why: "look" | "refresh" }
  | { readonly why: "abort"; readonly outcome: PinholeOutcome }
  | { readonly why: "count"; readonly outcome: PinholeOutcome; readonly detail: string | undefined };

/** What happens to a NAT connection: the owner's words, conntrack events, timers, and answers to what it has asked. */
export type NatInput =
  | { readonly kind: "open" }
  /** Answers to `claim`. */
  | { readonly kind: "claimed"; readonly local: Endpoint }
  | { readonly kind: "refused"; readonly reason: OpenRefusal; readonly detail: string }
  /** Answer to `find`: undefined where the kernel does not know the connection any more. */
  | { readonly kind: "found"; readonly question: NatQuestion; readonly connection: Connection | undefined }
  /** Answer to `proceed`, once the owner has heard what was reported before it. */
  | { readonly kind: "proceed" }
  | { readonly kind: "event"; readonly event: ConntrackEvent }
  /**
   * Events were lost: every connection that the kernel knows under this transfer's number. A closed pinhole is told only if it
   * has closed unused just now.
   */
  | { readonly kind: "listed"; readonly connections: readonly Connection[] }
  /** Timers: the wait is over; nothing moved for the stall time; the time of `look in` has passed. */
  | { readonly kind: "overdue" | "stalled" | "look" }
  /** The events that `inquire` fetched have been handed over. */
  | { readonly kind: "inquired" }
  /** Somebody is going to read the counts. */
  | { readonly kind: "refresh counts" }
  /** The owner's words. */
  | { readonly kind: "confirm" | "release" }
  | { readonly kind: "linger"; readonly ms: number };

/** What a NAT connection asks of its driver, to be done in order. */
export type NatAsk =
  /** Open the pinhole, with this timeout in the kernel. */
  | { readonly kind: "claim"; readonly timeoutMs: number }
  /** Its one connection has come. */
  | { readonly kind: "mark used" }
  /** Other programs may have the port. */
  | { readonly kind: "unreserve" }
  /** `overdue` after that time; one wait at a time. Of one that is running: `shorten wait` after that time at the latest, `extend wait` instead. */
  | { readonly kind: "wait" | "shorten wait" | "extend wait"; readonly ms: number }
  | { readonly kind: "stop waiting" }
  /** `stalled` after that time without a byte; `limit stall` changes the time. */
  | { readonly kind: "watch stall"; readonly ms: number; readonly original: Tuple }
  | { readonly kind: "limit stall"; readonly ms: number }
  /** `look` after that time, unless it is due already. */
  | { readonly kind: "look in"; readonly ms: number }
  /** The kernel's entry with this tuple: `found`. */
  | { readonly kind: "find"; readonly original: Tuple; readonly question: NatQuestion }
  /** Soon: the events that the kernel has are handed over; `inquire` wants `inquired` after them. */
  | { readonly kind: "fetch events" | "inquire" }
  | { readonly kind: "proceed" }
  /** RST to both peers. */
  | { readonly kind: "abort"; readonly connection: Connection }
  | { readonly kind: "report"; readonly event: Exclude<PinholeEvent, { kind: "closed" }> }
  /** Everything is released and the end is reported, last. */
  | ({ readonly kind: "close"; readonly outcome: PinholeOutcome; readonly detail: string | undefined } & ByteCounts);
