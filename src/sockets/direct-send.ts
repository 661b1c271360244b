// Hands a few bytes to the kernel at once. Node's way through streams costs about as much as the system call itself, and in a
// dialogue of short lines that is half of what a gateway adds. It is only the quick way: without the FFI, or when the kernel
// takes less, there is Node's.
import type { Socket } from "node:net";
import { loadSocketCalls } from "./socket-calls.ts";
import { handleOf, plainDescriptorOf } from "./socket-handle.ts";

/** Longer texts are rare, and gain nothing. */
const sizeLimit = 16_384;
/** Up to here the copying is less than the way to Node's copying. */
const shortText = 256;
const bytes = Buffer.allocUnsafeSlow(sizeLimit);

/** Where `sendDirectly` sends to: as long as the socket lives, -1 if there is no way, as for all but plain TCP. */
export function directDescriptorOf(socket: Socket): number {
  return loadSocketCalls().ok ? plainDescriptorOf(socket) : -1;
}

/**
 * What the kernel has not taken of `text` (latin1), for `socket.write`, which also tells of errors. The socket is connected,
 * and nothing that was written to it waits.
 */
export function sendDirectly(socket: Socket, descriptor: number, text: string): string {
  const loaded = loadSocketCalls();
  const { length } = text;
  // A closed socket has no handle, and its descriptor may be another's by now.
  if (!loaded.ok || descriptor < 0 || length > sizeLimit || handleOf(socket) === undefined) return text;
  if (length <= shortText) for (let at = 0; at < length; at++) bytes[at] = text.charCodeAt(at);
  else bytes.write(text, "latin1");
  const sent = loaded.calls.send(descriptor, bytes, length);
  return sent === length ? "" : text.slice(sent);
}
