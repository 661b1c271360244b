// Events and effects: what happens to a session, and what it asks the outside to do. The driver turns sockets, timers and
// the data plane into events, and performs effects in order. Text is latin1 (one character, one byte).
import type { Quirk } from "../ftp/quirks.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import type { Fact } from "./facts.ts";
import type { Mode } from "./mode.ts";
import type { EndReason } from "./reasons.ts";

/** Why a line of the client is not looked at. `not-ftp`: for one of the other reasons, and it begins like another protocol. */
export const clientRefusals = ["line-too-long", "nul-byte", "lone-cr", "not-ftp"] as const;
/** Why a line of the server's was refused. */
export const serverRefusals = ["line-too-long"] as const;

export type ClientEvent =
  | { readonly kind: "client-line"; readonly text: string; readonly quirks: readonly Quirk[] }
  | { readonly kind: "client-refused"; readonly reason: (typeof clientRefusals)[number] }
  /** The client closed its direction (FIN). */
  | { readonly kind: "client-end" };

export type ServerEvent =
  /** `raw` is the line with its terminator exactly as received. */
  | { readonly kind: "server-line"; readonly text: string; readonly raw: string }
  | { readonly kind: "server-refused"; readonly reason: (typeof serverRefusals)[number] }
  | { readonly kind: "server-end" }
  /** The server's control connection broke: reset, timed out. */
  | { readonly kind: "server-lost"; readonly detail: string };

/**
 * `login`: not logged in yet. `linger`: the final reply of a transfer is due. `grace`: the client has closed its direction,
 * or the server has said that it closes. `abort`: the answer to an ABOR is due. `result`: what became of an upload is due.
 * `doubt`: whether a multi-line reply has ended without its last line.
 */
export const timerNames = ["login", "idle", "linger", "grace", "abort", "result", "doubt"] as const;
export type TimerName = (typeof timerNames)[number];

export type SessionEvent =
  | ClientEvent
  | ServerEvent
  | { readonly kind: "client-lost"; readonly detail: string }
  /** The Telnet layer has something to answer (refused options). */
  | { readonly kind: "telnet-answer"; readonly bytes: string }
  /** The server has said a Telnet command before a line; `bytes` answer it. */
  | { readonly kind: "server-telnet"; readonly bytes: string }
  | { readonly kind: "resolved"; readonly candidates: readonly Endpoint[] }
  | { readonly kind: "unresolved"; readonly detail: string }
  /** Too many names are being looked up. */
  | { readonly kind: "unresolvable" }
  /** `rejects`: what was learned about this server before. */
  | {
      readonly kind: "connected";
      readonly peer: Endpoint;
      readonly local: Endpoint;
      readonly advertise: string;
      readonly rejects: readonly Mode[];
    }
  | { readonly kind: "unreachable"; readonly detail: string }
  | { readonly kind: "pinhole"; readonly id: number; readonly event: PinholeEvent }
  | { readonly kind: "timer"; readonly timer: TimerName }
  /** Finish what runs, then end. */
  | { readonly kind: "drain" }
  /** End now. */
  | { readonly kind: "stop"; readonly reason: EndReason; readonly detail: string };

/**
 * One half of a data connection as the session plans it; the driver knows addresses, pools and timeouts. `peer`: the address of the
 * control connection's peer, which is to connect. `port`: the one that it was told before, and no other.
 */
export type LegPlan =
  | { readonly kind: "listen"; readonly peer: string; readonly port?: number }
  | { readonly kind: "dial"; readonly to: DialTarget; readonly fromPort?: number };

/** `announced`: the address that the peer has announced instead. */
export type DialTarget = Endpoint & { readonly announced?: string };

export type SessionEffect =
  | { readonly kind: "to-client"; readonly bytes: string }
  | { readonly kind: "to-server"; readonly bytes: string }
  | { readonly kind: "resolve"; readonly host: string; readonly port: number }
  /** Connect to the first of `candidates` that answers. */
  | { readonly kind: "connect"; readonly candidates: readonly Endpoint[] }
  | { readonly kind: "open"; readonly id: number; readonly client: LegPlan; readonly server: LegPlan }
  /** The Pinhole methods of the same names. */
  | { readonly kind: "linger" | "release"; readonly id: number }
  /** Likewise. `dials`: both peers listen, so that this makes the gateway connect. */
  | { readonly kind: "start"; readonly id: number; readonly dials: boolean }
  /** Likewise, once the client has been sent what was said to it. */
  | { readonly kind: "confirm" | "dismiss"; readonly id: number }
  | { readonly kind: "timer"; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: "cancel"; readonly timer: TimerName }
  | { readonly kind: "learn"; readonly rejects: Mode }
  | { readonly kind: "record"; readonly fact: Fact }
  /** Close both control connections once what was written is out. Everything opened is released. */
  | { readonly kind: "end"; readonly reason: EndReason };
