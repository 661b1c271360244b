// Pinhole, the contract of a data plane: what it is asked for and what it reports. The one narrow interface between sessions
// and whatever carries the bytes of a data connection. It knows endpoints and nothing of FTP.
import type { Endpoint, Network } from "../net/endpoint.ts";
import type { Secured } from "../net/tls.ts";
import type { LegTlsSource } from "../tls/leg-tls.ts";
import type { PortPool } from "./port-pool.ts";

export const sides = ["client", "server"] as const;
export type Side = (typeof sides)[number];

export const planeNames = ["relay", "splice", "kernel"] as const;
export type PlaneName = (typeof planeNames)[number];

/** Who may connect to a listening leg; the address is the control peer's unless policy allows more. */
export type ExpectedPeer =
  | { readonly match: "address"; readonly address: string }
  | { readonly match: "network"; readonly network: Network }
  | { readonly match: "networks"; readonly networks: readonly Network[] }
  | { readonly match: "any" };

/**
 * One half of a data connection, seen from the gateway: it listens for the peer (`listen`), or it connects to the peer's
 * announced endpoint (`dial`).
 * `bind` is the literal local address; with `isForeign` it is another machine's, for which the gateway speaks.
 * `port` is wanted of `ports` because it was announced before: where it can't be had, the pinhole is refused.
 * `tls`: it runs TLS, for which it takes a plane that reads the bytes.
 * `balancers`: they alone connect, and begin with a PROXY header, whose source is whom `expect` means.
 * `opening` is sent before anything else, latin1 text of its bytes; it takes a plane that reads the bytes, as `balancers` does.
 * `fromPort` is the preferred source port of a dialled leg (control port − 1); any other port serves where that one is taken.
 */
export type Leg = { readonly tls?: LegTlsSource } & (
  | {
      readonly kind: "listen";
      readonly bind: string;
      readonly isForeign?: boolean;
      readonly ports: PortPool;
      readonly port?: number;
      readonly expect: ExpectedPeer;
      readonly balancers?: readonly Network[];
    }
  | {
      readonly kind: "dial";
      readonly to: Endpoint;
      readonly bind?: string;
      /** The system takes `bind` by itself on the way to `to`, as it has for the control connection. */
      readonly isRouted?: boolean;
      readonly isForeign?: boolean;
      readonly fromPort?: number;
      readonly opening?: (other: LegEnds | undefined) => string;
    }
);

/** Of a leg that has admitted its peer: the peer, and where it has come to. */
export type LegEnds = { readonly from: Endpoint; readonly at: Endpoint };

export type ListenLeg = Extract<Leg, { readonly kind: "listen" }>;
export type DialLeg = Extract<Leg, { readonly kind: "dial" }>;

/**
 * When dialled legs connect: a single dialled leg as soon as the listening one has admitted its peer; where both are
 * dialled, the server's on `start()` and the client's on `confirm()`, or when the server's leg has data or has ended.
 */
export type PinholeRequest = {
  readonly client: Leg;
  readonly server: Leg;
  /** Until every listening leg has admitted its peer, or a started dial/dial has connected; after `confirm`, stallMs if longer. */
  readonly expiryMs: number;
  readonly connectMs: number;
  /** No byte in either direction for this long ends the transfer as `stalled`. */
  readonly stallMs: number;
};

/**
 * Why a pinhole could not be opened. `plane-unavailable` speaks of the plane or the process (no descriptor is left):
 * another plane may still be able to. `too-many-pinholes`: its client has as many as it may have.
 */
export const openRefusals = [
  "ports-exhausted",
  "address-unavailable",
  "plane-unavailable",
  "too-many-pinholes",
] as const;
export type OpenRefusal = (typeof openRefusals)[number];

/**
 * How a data connection ended. `complete`: both directions ended with FIN. `client-reset`/`server-reset`: that peer broke
 * it. `stalled`: no byte for stallMs. `unreachable`: a dialled peer could not be reached. `expired`: nobody came.
 * `released`: the owner released it before it was used. `aborted`: the owner released it while it carried data, or the
 * plane itself broke down (`detail` says so).
 * The detail of `stalled` begins with `client: ` or `server: ` where it is known that this leg holds everything up.
 * `client-tls-failed`/`server-tls-failed`: no TLS came about on that leg, which has to have it; the detail begins with the TlsCause
 * and `: `. `tls-truncated`: a leg under TLS ended without close_notify; the detail begins with `client: ` or `server: `.
 * Both dialled and never confirmed, it ends as `stalled` after stallMs. A peer that resets at once when it is dialled was
 * reached, and has reset.
 */
export const pinholeOutcomes = [
  "complete",
  "client-reset",
  "server-reset",
  "client-tls-failed",
  "server-tls-failed",
  "tls-truncated",
  "stalled",
  "client-unreachable",
  "server-unreachable",
  "expired",
  "released",
  "aborted",
] as const;
export type PinholeOutcome = (typeof pinholeOutcomes)[number];

export type PinholeEvent =
  /** Endpoints of the listening legs, ready to be announced. */
  | { readonly kind: "opened"; readonly plane: PlaneName; readonly client?: Endpoint; readonly server?: Endpoint }
  | { readonly kind: "refused"; readonly reason: OpenRefusal; readonly detail: string }
  /**
   * A peer that was not expected was reset at once; the pinhole is still open. `from` is 0.0.0.0:0 if it had gone before it
   * could be asked.
   */
  | { readonly kind: "stranger"; readonly side: Side; readonly from: Endpoint }
  /** The expected peer of a listening leg is connected. */
  | { readonly kind: "admitted"; readonly side: Side; readonly from: Endpoint }
  /** Both peers are dialled: the server is connected, and the client not dialled yet. */
  | { readonly kind: "reached"; readonly side: "server" }
  /** The preferred source port could not be used and another was taken. */
  | { readonly kind: "other-source-port"; readonly side: Side; readonly wanted: number; readonly detail: string }
  /** The handshake on a leg is done. */
  | (Secured & { readonly kind: "secured"; readonly side: Side })
  /** A leg under TLS ended without close_notify, and its side tolerates that. */
  | { readonly kind: "no-close-notify"; readonly side: Side }
  /** Both legs are connected; bytes flow. */
  | { readonly kind: "joined" }
  /**
   * The server ended its direction, and the client's socket has taken its last byte and the FIN. `kernel` looks for it once the
   * owner lingers, and else tells it with the end.
   */
  | { readonly kind: "delivered" }
  /** The last event of a pinhole that was opened. Everything of it is released. */
  | {
      readonly kind: "closed";
      readonly outcome: PinholeOutcome;
      /** As `ByteCounts`. */
      readonly bytesUp: number;
      readonly bytesDown: number;
      /** Since `joined`; 0 when it never was. */
      readonly durationMs: number;
      readonly detail?: string;
    };

/** Payload bytes client → server and server → client; for `kernel` wire bytes (IP headers and retransmissions included). */
export type ByteCounts = { readonly bytesUp: number; readonly bytesDown: number };

/**
 * A pinhole in the owner's hand. Every method may be called at any time, any number of times, in any state.
 */
export type Pinhole = {
  /** dial/dial: connect to the server now. Otherwise: the transfer command goes out. */
  start(): void;
  /**
   * The client has been told that the transfer begins: the server's bytes may reach it from now on, or else a second
   * after `start` (`kernel` can't hold them). dial/dial: connect to the client now. Peers that have not come are waited for as
   * long as the transfer may stall, from now on: a server that has said that it begins may take its time.
   */
  confirm(): void;
  /**
   * From now on the transfer stalls after `ms` without a byte (the control connection says that it is over). Where peers
   * are still waited for, that wait ends after `ms` at the latest.
   */
  linger(ms: number): void;
  /**
   * Close whatever is open: listeners, and running connections by RST. Here as after a stall, a peer that has been given
   * its FIN is left to read in peace what the kernel still has for it. Reports `closed` (not synchronously).
   */
  release(): void;
  /**
   * The transfer was refused before it began. As `release`, but connections that have carried nothing are closed by FIN
   * (not by `kernel`, which can't): no end of theirs could pass for a file's, and some clients take an RST for the end of
   * the session (basic-ftp).
   */
  dismiss(): void;
  /**
   * What has been carried so far: 0 before `joined`, never falling, never more than `closed` reports in the end. As of now for
   * relay and splice; for `kernel` as of the plane's last `refreshCounts`. Cheap: it asks nobody.
   */
  counts(): ByteCounts;
};

/** A plane that nothing can be opened on at present. `why`: the obstacle, in words. */
export type MissingPlane = { readonly plane: PlaneName; readonly why: string };

/**
 * Opens at most one data connection per call. Events are reported asynchronously, never during the call itself, and
 * begin with either `opened` or `refused`.
 */
export type DataPlane = {
  readonly name: PlaneName;
  /** Why this plane can't carry that request, or undefined if it can. */
  unfit(request: PinholeRequest): string | undefined;
  open(request: PinholeRequest, report: (event: PinholeEvent) => void): Pinhole;
  /**
   * Brings `counts` of every pinhole up to date, before somebody reads them all (a scrape). A plane that knows them at any
   * moment does nothing; `kernel` asks the kernel about each that carries (10 µs each), and not again within 100 ms.
   */
  refreshCounts(): void;
  /** Itself, or one that it is made of, where nothing can be opened on it now. */
  missing(): readonly MissingPlane[];
  /** Releases every pinhole and whatever the plane itself holds. */
  stop(): Promise<void>;
};
