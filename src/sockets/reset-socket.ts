// Reset of a socket: its peer can't take it for an end in order, which in stream mode would be the end of a complete file.
import type { Socket } from "node:net";

/**
 * Closes a connected socket by a reset. `tcp`: the socket beneath, where TLS stands between; `tls.TLSSocket` itself refuses to
 * reset, and gives its peer a clean end when it is destroyed. A shutdown that is still under way is waited for, because until
 * then libuv refuses to reset (EINVAL), and Node would leave the descriptor open.
 */
export function resetSocket(socket: Socket, tcp: Socket = socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded && !socket.writableFinished) socket.once("finish", () => resetNow(socket, tcp));
  else resetNow(socket, tcp);
}

function resetNow(socket: Socket, tcp: Socket): void {
  if (!tcp.destroyed) tcp.resetAndDestroy();
  socket.destroy();
}

/**
 * Gives up a socket that is being connected. Its peer may have taken the connection already without our knowing. Node's own
 * `resetAndDestroy` would wait for the connection first; this is the flag that it then sets.
 */
export function resetConnecting(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}
