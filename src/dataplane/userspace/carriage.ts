// What gets two connected legs and carries bytes between them: the one thing in which relay and splice differ.
import type { Socket } from "node:net";
import { closeLeg } from "./leg-guard.ts";
import type { Side } from "../pinhole.ts";

export type JoinedLegs = { readonly client: Socket; readonly server: Socket };

export type HeldLegs = JoinedLegs & {
  /** The server's bytes stay where they are until `letDown`. */
  readonly isDownHeld: boolean;
  /** Bytes that were already read from the server's socket; they go to the client first. */
  readonly head?: Buffer;
};

/** `aborted`: on the owner's word, or because the carrier itself broke down. */
export type CarriageEnd = "complete" | "client-reset" | "server-reset" | "aborted";

export type CarriageEvents = {
  delivered(): void;
  /** Once, the last event. Both sockets are closed. May come during `abort`. */
  ended(end: CarriageEnd, bytesUp: number, bytesDown: number, detail?: string): void;
};

export type Carriage = {
  /** Differs from its last value if and only if bytes have moved since. */
  progress(): number;
  abort(): void;
};

export type HoldingCarriage = Carriage & {
  /** The server's bytes go to the client from now on. */
  letDown(): void;
  /** Ends as aborted, both legs closed in order, unless bytes have been carried. */
  retire(): void;
};

/** Takes the sockets over: nobody else touches them from then on. No event comes during the call. */
export type Carry = (legs: HeldLegs, events: CarriageEvents) => HoldingCarriage;

/**
 * Closes a leg so that its peer can't take the end for a clean one. A shutdown that is still under way is waited for,
 * because until then libuv refuses to reset (EINVAL), and Node would leave the descriptor open.
 */
export function resetLeg(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished && !socket.destroyed) {
    socket.once("finish", () => socket.resetAndDestroy());
  } else if (!socket.destroyed) socket.resetAndDestroy();
}

/**
 * Closes both legs of a connection whose two directions both ended, or which its owner gives up (`aborted`), or which one
 * side broke. Given up, a leg that has had its FIN is closed softly: an RST would take back what the kernel still has to
 * deliver to a slow peer, and the end that this peer was told is true. Broken, the other side is reset in any case.
 */
export function closeLegs(end: CarriageEnd, legs: Record<Side, { socket: Socket; hasFin: boolean }>): void {
  for (const side of ["client", "server"] as const) {
    const { socket, hasFin } = legs[side];
    if (end === "complete" || (end === "aborted" && hasFin)) closeLeg(socket);
    else if (end === `${side}-reset`) socket.destroy();
    else resetLeg(socket);
  }
}
