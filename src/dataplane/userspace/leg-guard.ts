// Leg guard: what a peer is told when this process is killed in the middle of a file. The kernel closes its sockets for it,
// and would end what was cut off with a FIN, which is the end of a complete file. A guarded leg is reset instead,
// however it is closed. Without the FFI there is no guard, and all else is as it is with one.
import type { Server, Socket } from "node:net";
import { loadSocketCalls } from "../../sockets/socket-calls.ts";
import { resetWhenClosed } from "../../sockets/socket-options.ts";

/** What a listener accepts is guarded as it is, from the first moment. */
export function guard(holder: Server | Socket): void {
  resetWhenClosed(holder, true);
}

/** Of a lent descriptor, before the peer is given its end: from then on it is owed all that the kernel still has for it. */
export function unguard(fd: number): void {
  const loaded = loadSocketCalls();
  if (loaded.ok) loaded.calls.resetWhenClosed(fd, false);
}

/** Ends a leg's own direction, in order. `tcp`: the socket beneath, where TLS stands above it. */
export function endLeg(leg: Socket, tcp = leg): void {
  resetWhenClosed(tcp, false);
  leg.end();
}

/** Closes a leg, in order, likewise. */
export function closeLeg(leg: Socket, tcp = leg): void {
  resetWhenClosed(tcp, false);
  leg.destroy();
}
