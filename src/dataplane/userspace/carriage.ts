// Carriage: what carries bytes between two connected legs, the one thing in which relay and splice differ.
import type { Socket } from "node:net";
import type { Secured } from "../../net/tls.ts";
import type { LegTlsSource } from "../../tls/leg-tls.ts";
import type { ByteCounts, Side } from "../pinhole.ts";

export type JoinedLegs<Leg = Socket> = { readonly client: Leg; readonly server: Leg };

export type HeldLegs<Leg = Socket> = JoinedLegs<Leg> & {
  /** The server's bytes stay where they are until `releaseHeld`. */
  readonly isDownHeld: boolean;
  /** Bytes that were already read from the server's socket; they go to the client first. */
  readonly head?: Buffer;
  /** Legs that run TLS. */
  readonly tls?: Readonly<Partial<Record<Side, LegTlsSource>>>;
};

/** `aborted`: on the owner's word, or because the carrier itself broke down. */
export type CarriageEnd =
  | "complete"
  | "client-reset"
  | "server-reset"
  | "client-tls-failed"
  | "server-tls-failed"
  | "tls-truncated"
  | "aborted";

export type CarriageEvents = {
  delivered(): void;
  /** Of legs under TLS: the handshake is done; it ended without close_notify, which is tolerated. */
  secured?(side: Side, secured: Secured): void;
  noCloseNotify?(side: Side): void;
  /** Once, the last event. Both legs are closed. May come during `abort`. */
  ended(end: CarriageEnd, counts: ByteCounts, detail?: string): void;
};

export type Carriage = {
  /** Bytes that the kernel has taken for the other side, until `ended` tells how many they were. */
  counts(): ByteCounts;
  abort(): void;
};

export type HoldingCarriage = Carriage & {
  /** The transfer command goes out: a client that is to speak TLS begins now. */
  begin?(): void;
  /** The server's bytes go to the client from now on. */
  releaseHeld(): void;
  /** Ends as aborted, both legs closed in order, unless bytes have been carried. */
  closeUnused(): void;
};

/** Takes the legs over: nobody else touches them from then on. No event comes during the call. */
export type Carry<Leg = Socket> = (legs: HeldLegs<Leg>, events: CarriageEvents) => HoldingCarriage;
