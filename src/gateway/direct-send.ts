// Hands a few bytes to the kernel at once. Node's way through streams costs about as much as the system call itself, and in a
// dialogue of short lines that is half of what a gateway adds. It is only the quick way: without the FFI, with anything still
// queued, or when the kernel takes less, there is Node's.
import type { Socket } from "node:net";
import { handleOf } from "../dataplane/reading-socket.ts";
import { loadSocketCalls } from "../dataplane/socket-calls.ts";

/** Longer texts are rare, and gain nothing. */
const sizeLimit = 16_384;
const bytes = Buffer.allocUnsafeSlow(sizeLimit);

/** What the kernel has not taken of `text` (latin1), for `socket.write`, which also tells of errors. */
export function sendDirectly(socket: Socket, text: string): string {
  const loaded = loadSocketCalls();
  if (!loaded.ok || text.length > sizeLimit || socket.connecting || socket.writableLength > 0) return text;
  const fd = handleOf(socket)?.fd ?? -1;
  if (fd < 0) return text;
  return text.slice(loaded.calls.send(fd, bytes, bytes.write(text, "latin1")));
}
