// Gathered flow: one direction of a relayed connection whose bytes come out of TLS, in pieces of a record each. What comes in one turn of
// the event loop leaves in one write.
import type { Socket } from "node:net";

export type GatheredFlow = {
  /** Read so far. */
  readonly bytes: number;
  /** The other side has not taken everything yet. */
  hasUnsent(): boolean;
  write(chunk: Buffer): void;
};

export type GatheredFlowEvents = {
  /** Too much waits: nothing more is to be read until `flushed`. */
  blocked(): void;
  /** Nothing waits any more, after something did. */
  flushed(): void;
};

const mostUnsent = 1024 * 1024;

export function createGatheredFlow(to: () => Socket, events: GatheredFlowEvents): GatheredFlow {
  let isCorked = false;
  let isBlocked = false;
  const flow = {
    bytes: 0,
    hasUnsent: () => to().writableLength > 0,
    write(chunk: Buffer) {
      flow.bytes += chunk.length;
      const socket = to();
      if (!isCorked) {
        isCorked = true;
        socket.cork();
        setImmediate(uncork, socket);
      }
      socket.write(chunk, written);
      if (isBlocked || socket.writableLength < mostUnsent) return;
      isBlocked = true;
      events.blocked();
    },
  };
  return flow;

  function uncork(socket: Socket): void {
    isCorked = false;
    socket.uncork();
  }

  function written(error?: Error | null): void {
    if (error || to().writableLength > 0) return;
    isBlocked = false;
    events.flushed();
  }
}
