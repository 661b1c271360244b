// Events and effects: what happens to a session, and what it asks the outside to do. The driver turns sockets, timers and
// the data plane into events, and performs effects in order. Text is latin1 (one character, one byte).
import type { Quirk } from "../ftp/quirks.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Secured, TlsCause } from "../net/tls.ts";
import type { PinholeEvent, Side } from "../dataplane/pinhole.ts";
import type { Fact } from "./facts.ts";
import type { Mode } from "./mode.ts";
import type { Wanted } from "./pool-choice.ts";
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
 * `doubt`: whether a multi-line reply has ended without its last line. `silence`: a server of a pool is to be ready for USER.
 */
export const timerNames = ["login", "idle", "linger", "grace", "abort", "result", "doubt", "silence"] as const;
export type TimerName = (typeof timerNames)[number];

/** What becomes of the TLS of a control connection. `side` is the gateway's face: towards the client it is the TLS server. */
export type TlsEvent =
  /**
   * The answer to `start-tls`. `name`: the one that the client asks for (SNI), or that the server's certificate is for. `subject`: of
   * the certificate that the peer has shown and that has been verified, e.g. `CN=alice,O=Example`; `user`: its CN.
   */
  | (Secured & {
      readonly kind: "tls-started";
      readonly side: Side;
      readonly name?: string;
      readonly subject?: string;
      readonly user?: string;
    })
  /**
   * The other answer to `start-tls` and `go-opaque`. After `bytes-before-tls` nothing was said and the connection is in clear as it
   * was; after everything else nothing more can be said on it.
   */
  | { readonly kind: "tls-failed"; readonly side: Side; readonly cause: TlsCause; readonly detail: string }
  /** The answer to `end-tls`: close_notify has gone both ways, and what comes and goes from here on is clear text. */
  | { readonly kind: "tls-ended"; readonly side: "client" };

/** While the session is opaque: bytes pass uninterpreted, and no line of either peer is an event. */
export type OpaqueEvent =
  /** So many bytes have passed. `isSecured`: both have sent application data by now, so that their handshake is done. */
  | {
      readonly kind: "opaque-moved";
      readonly bytesUp: number;
      readonly bytesDown: number;
      readonly isSecured: boolean;
    }
  /** The client speaks in clear again (CCC), and the server will: lines are events again. */
  | { readonly kind: "opaque-ended" };

export type SessionEvent =
  | ClientEvent
  | ServerEvent
  | TlsEvent
  | OpaqueEvent
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
export type LegPlan = LegProtection &
  (
    | { readonly kind: "listen"; readonly peer: string; readonly port?: number }
    | { readonly kind: "dial"; readonly to: DialTarget; readonly fromPort?: number }
  );

/**
 * PROT of a side when its data connection is negotiated (RFC 4217): `private`, it runs TLS that resumes the session of that side's
 * control connection; absent, it is in clear. The gateway is the TLS server towards the client as soon as that leg is made, and the
 * TLS client towards the server once it has begun (`confirm`), or a second after `start`.
 */
export type LegProtection = { readonly protection?: "private" };

/** `announced`: the address that the peer has announced instead. */
export type DialTarget = Endpoint & { readonly announced?: string };

export type SessionEffect =
  | { readonly kind: "to-client"; readonly bytes: string }
  | { readonly kind: "to-server"; readonly bytes: string }
  | { readonly kind: "resolve"; readonly host: string; readonly port: number }
  /** Connect to the first of `candidates` that answers. `wanted`: for whom a server of a pool is to be. */
  | { readonly kind: "connect"; readonly candidates: readonly Endpoint[]; readonly wanted?: Wanted }
  /** Leave this server of a pool, and connect to the next one: `connected` or `unreachable` comes again. */
  | { readonly kind: "connect-next"; readonly why: "refused" | "silent"; readonly detail: string }
  /** USER is passed on to this server of a pool, which keeps the session from now on. */
  | { readonly kind: "server-chosen" }
  | { readonly kind: "open"; readonly id: number; readonly client: LegPlan; readonly server: LegPlan }
  /** The Pinhole methods of the same names. */
  | { readonly kind: "linger" | "release"; readonly id: number }
  /** Likewise. `dials`: both peers listen, so that this makes the gateway connect. */
  | { readonly kind: "start"; readonly id: number; readonly dials: boolean }
  /** Likewise, once the client has been sent what was said to it. */
  | { readonly kind: "confirm" | "dismiss"; readonly id: number }
  /**
   * Says `says` on the control connection of this side, in clear, all that was said before it first; the very next byte in each
   * direction is TLS. If there is unread input of this side, nothing is said and the answer is `tls-failed` for `bytes-before-tls`.
   * What is said to this side from then on is written under TLS, after `tls-started` was handled; nothing of it after `tls-failed`.
   */
  | { readonly kind: "start-tls"; readonly side: Side; readonly says: string }
  /** Says `says` and close_notify to the client; after the client's own the connection is clear text, which `tls-ended` tells. */
  | { readonly kind: "end-tls"; readonly side: "client"; readonly says: string }
  /**
   * Says `says` to the client, and from the very next byte on copies what each peer sends to the other, until the client speaks in
   * clear again. Unread input of either side as for `start-tls`; but where `says` is empty, TLS begins with what is unread of the
   * client. The ends of the connections are events as always.
   */
  | { readonly kind: "go-opaque"; readonly says: string }
  | { readonly kind: "timer"; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: "cancel"; readonly timer: TimerName }
  | { readonly kind: "learn"; readonly rejects: Mode }
  /** The lines of FEAT that this server of a pool has. */
  | { readonly kind: "learn-features"; readonly features: readonly string[] }
  | { readonly kind: "record"; readonly fact: Fact }
  /** Close both control connections once what was written is out. Everything opened is released. */
  | { readonly kind: "end"; readonly reason: EndReason };
