// Leg: how a connected socket of a data connection is closed, so that its peer learns the truth from it.
import type { Socket } from "node:net";
import type { CarriageEnd } from "./carriage.ts";
import { closeLeg } from "./leg-guard.ts";
import type { Side } from "../pinhole.ts";

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
