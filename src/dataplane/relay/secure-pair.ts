// Secure pair: two legs of which one or both run TLS, as they are given to whoever carries between them, and what they are told.
import type { Socket } from "node:net";
import type { Secured } from "../../net/tls.ts";
import type { LegTls } from "../../tls/leg-tls.ts";
import type { SessionEntry } from "../../tls/session-store.ts";
import type { Side } from "../pinhole.ts";
import type { CarriageEnd } from "../userspace/carriage.ts";
import type { ClosedLeg } from "../userspace/leg.ts";

/** `isSecured`: it is to run TLS. `counters`: what was handed on, up and down. */
export type SecurePair = {
  readonly client: Socket;
  readonly server: Socket;
  readonly isSecured: Readonly<Record<Side, boolean>>;
  readonly counters: Float64Array;
};

export type SecureCarriageEvents = {
  secured(side: Side, secured: Secured): void;
  noCloseNotify(side: Side): void;
  learned(entry: SessionEntry): void;
  delivered(): void;
  /** The last. Nothing touches the sockets any more, which are to be closed during the call. `hasFin`: who has his end, or may have it. */
  ended(end: CarriageEnd, legs: Readonly<Record<Side, ClosedLeg>>, detail?: string): void;
};

export type SecureCarriage = {
  /** The leg may be used from now on: `tls` where it runs TLS. Once for each side; the client's first. */
  ready(side: Side, tls?: LegTls): void;
  abort(): void;
  closeUnused(): void;
};

/** One direction. */
export type Lane = {
  bytes(): number;
  /** Something has been read and waits for the other side. */
  hasUnsent(): boolean;
  resume(): void;
  pause(): void;
  close(): void;
};
