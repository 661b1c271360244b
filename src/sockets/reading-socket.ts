// Reading a connected socket into memory that we choose: Node's `onread`, which has no public way onto an accepted socket.
import { readSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import { plainDescriptorOf, plainHandleOf, type SocketHandle } from "./socket-handle.ts";

export type Reads = {
  /** Where reads go, or what is asked for it before each. */
  readonly buffer: Uint8Array | (() => Uint8Array);
  /** `count` bytes stand at the start of `memory`. It is called without its object. False stops the reading until the socket's `resume()`. */
  callback(count: number, memory: Uint8Array): boolean;
};

/**
 * A socket on the same connection that reads into `reads.buffer`; `socket` itself is an empty shell afterwards, and must
 * not have read anything that its `read()` has not returned. Where Node wraps nothing that can be handed on, and under TLS, it is
 * `socket` itself, reading as streams do, into memory of its own.
 */
export function readingSocket(socket: Socket, reads: Reads): Socket {
  const handle = plainHandleOf(socket);
  return handle === undefined ? readAsStream(socket, reads) : takeOver(socket, handle, reads);
}

export function readAsStream(socket: Socket, reads: Reads): Socket {
  socket.on("data", (chunk: Buffer) => {
    if (!reads.callback(chunk.length, chunk)) socket.pause();
  });
  return socket.resume();
}

/**
 * A socket on the same connection that reads nothing until something that stands above it does (TLS), or `readingSocket`; `socket` is an
 * empty shell afterwards, and must not have read anything that its `read()` has not returned. `socket` itself where it can't be moved.
 */
export function movedSocket(socket: Socket): Socket {
  const handle = plainHandleOf(socket);
  return handle === undefined ? socket.pause() : takeOver(socket, handle, undefined);
}

function takeOver(socket: Socket, handle: SocketHandle, reads: Reads | undefined): Socket {
  // The new socket starts to read by itself, and learns of an end that the old one has already met.
  handle.reading = false;
  handle.readStop();
  (socket as unknown as { _handle: SocketHandle | null })._handle = null;
  const how = reads === undefined ? { manualStart: true } : { onread: reads };
  const options = { handle, ...how, allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options as unknown as SocketConstructorOpts);
}

/**
 * Whether a socket whose stream has ended was ended by its peer. libuv 1.46 (Node 20) takes a reset that arrives behind
 * unread data for an end: what was cut off would look complete. The kernel still knows.
 */
export function hasTrulyEnded(socket: Socket): boolean {
  const fd = plainDescriptorOf(socket);
  if (fd < 0) return true;
  try {
    return readSync(fd, Buffer.alloc(1)) === 0;
  } catch {
    return false;
  }
}
