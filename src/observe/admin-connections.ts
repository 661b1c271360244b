// Admin connections: a bounded number, on each of which few requests wait. Whoever holds connections without asking anything gives way to
// whoever comes.
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Nobody honest asks for more before the first is answered (pipelining, RFC 9112), and all that one packet brings are begun at once. */
const mostWaiting = 4;

/** Hands requests on; a connection on which more than a few wait for their answers is closed. */
export function boundWaiting(listener: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  return (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > mostWaiting) return void socket.destroy();
    waiting.set(socket, count);
    response.once("close", () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    listener(request, response);
  };
}

/**
 * Beyond `most`, the connection that has been idle the longest is closed; if all are being answered, the one whose request
 * is the oldest. So the newest always gets its turn.
 */
export function boundConnections(server: Server, most: number): void {
  /** In the order in which they became idle, and those in which requests are answered in the order of these. */
  const idle = new Set<Socket>();
  const answered = new Map<Socket, number>();

  server.on("connection", (socket: Socket) => {
    idle.add(socket);
    socket.once("close", () => {
      idle.delete(socket);
      answered.delete(socket);
    });
    if (idle.size + answered.size > most) closeOne();
  });

  server.on("request", ({ socket }: { socket: Socket }, response: ServerResponse) => {
    idle.delete(socket);
    answered.set(socket, (answered.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (answered.get(socket) ?? 0) - 1;
      if (left > 0) return void answered.set(socket, left);
      if (answered.delete(socket) && !socket.destroyed) idle.add(socket);
    });
  });

  function closeOne(): void {
    const [oldest] = idle.size > 1 ? idle : answered.keys();
    if (oldest === undefined) return;
    // Its `close` comes later; a burst of newcomers must not choose it again.
    idle.delete(oldest);
    answered.delete(oldest);
    oldest.destroy();
  }
}
