// What a peer is told when this process is killed in the middle of a file: the kernel closes its sockets for it, and would
// end with a FIN, which is the end of a complete file, what was cut off. A guarded leg is reset instead, by whoever closes it.
// Without the FFI there is no guard, and all else is as it is with one.
import type { Server, Socket } from "node:net";
import { handleOf } from "../../sockets/reading-socket.ts";
import { loadSocketCalls } from "../../sockets/socket-calls.ts";

/** What a listener accepts is guarded as it is, from the first moment. */
export function guard(holder: Server | Socket): void {
  set(handleOf(holder)?.fd ?? -1, true);
}

/** Before the peer is given its end: from then on it is owed all that the kernel still has for it. */
export function unguard(fd: number): void {
  set(fd, false);
}

/** Ends a leg's own direction, in order. */
export function endLeg(leg: Socket): void {
  unguard(handleOf(leg)?.fd ?? -1);
  leg.end();
}

/** Closes a leg, in order. */
export function closeLeg(leg: Socket): void {
  unguard(handleOf(leg)?.fd ?? -1);
  leg.destroy();
}

function set(fd: number, isOn: boolean) {
  const loaded = loadSocketCalls();
  if (loaded.ok && fd >= 0) loaded.calls.resetWhenClosed(fd, isOn);
}
