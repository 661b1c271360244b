// Borrowed socket: a connection of another thread, in a socket of this one's own on another descriptor. It is written and read here; the
// lender keeps its own, closes last, and so decides how the connection ends.
import { Socket, type SocketConstructorOpts } from "node:net";
import { loadSocketCalls } from "./socket-calls.ts";

/** Whether this thread can borrow at all: it takes the FFI. */
export function mayBorrow(): boolean {
  return loadSocketCalls().ok;
}

/** Nothing is read until it is resumed, or something above it reads. Undefined if no descriptor is left. */
export function borrowSocket(descriptor: number): Socket | undefined {
  const loaded = loadSocketCalls();
  const fd = loaded.ok ? loaded.calls.duplicate(descriptor) : -1;
  if (fd < 0) return undefined;
  const options: SocketConstructorOpts = { fd, readable: true, writable: true, allowHalfOpen: true };
  // Undocumented, and needed: a socket made of a descriptor reads at once.
  const manual = { manualStart: true };
  return new Socket({ ...options, ...manual });
}
