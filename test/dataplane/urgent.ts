// TCP urgent data, which Node can't send.
import type { Socket } from "node:net";
import { loadFfi } from "../../src/sockets/ffi.ts";
import { handleOf } from "../../src/sockets/socket-handle.ts";

const messageOutOfBand = 1;

/** At once, ahead of nothing that Node still holds; the last byte is the one that is marked. */
export function sendUrgent(socket: Socket, bytes: Uint8Array): void {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  const send = loaded.ffi.func("int64_t send(int, const void *, size_t, int)");
  const sent = send(handleOf(socket)?.fd ?? -1, bytes, bytes.length, messageOutOfBand);
  if (sent !== bytes.length) throw new Error(`${sent} of ${bytes.length} urgent bytes were sent`);
}
