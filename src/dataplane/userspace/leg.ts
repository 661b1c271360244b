// Leg: how a connected socket of a data connection is closed, so that its peer learns the truth from it.
import type { Socket } from "node:net";
import type { CarriageEnd } from "./carriage.ts";
import { closeLeg } from "./leg-guard.ts";
import type { Side } from "../pinhole.ts";
import { resetSocket } from "../../sockets/reset-socket.ts";

/** `tcp`: the socket beneath, where TLS stands above it. */
export type ClosedLeg = { readonly socket: Socket; readonly tcp?: Socket; readonly hasFin: boolean };

/**
 * Closes both legs of a connection whose two directions both ended, or which its owner gives up (`aborted`), or which one
 * side broke. Given up, a leg that has had its FIN is closed softly: an RST would take back what the kernel still has to
 * deliver to a slow peer, and the end that this peer was told is true. Broken, the other side is reset in any case.
 */
export function closeLegs(end: CarriageEnd, legs: Record<Side, ClosedLeg>): void {
  for (const side of ["client", "server"] as const) {
    const { socket, tcp, hasFin } = legs[side];
    if (end === "complete" || (end === "aborted" && hasFin)) closeLeg(socket, tcp);
    else if (end === `${side}-reset`) socket.destroy();
    else resetSocket(socket, tcp);
  }
}
