// Keepalive of dialled connections: four system calls that a short session never needs. They are made when a connection is some
// seconds old; until then nothing would have been sent for it anyway.
import type { SocketCalls } from "../socket-calls.ts";

/** What is asked for a connection that is still open; `keepAliveMs` becomes 0 once it was set. */
export type LateKeepalive = { readonly fd: number; keepAliveMs: number };

const laterMs = 5000;

/** Sooner than that, and it is set at once. */
export const soonestMs = 2 * laterMs;

/** `open`: all that are open. Returns what is to be called for each new one that waits for it. */
export function createLateKeepalive(
  calls: Pick<SocketCalls, "keepAlive">,
  open: () => Iterable<LateKeepalive>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  /** Those that were there the last time are old enough. */
  let seen = new WeakSet<LateKeepalive>();

  function goThrough(): void {
    timer = undefined;
    const young = new WeakSet<LateKeepalive>();
    let isAnyYoung = false;
    for (const connection of open()) {
      const { fd, keepAliveMs } = connection;
      if (keepAliveMs === 0) continue;
      if (seen.has(connection)) {
        calls.keepAlive(fd, keepAliveMs);
        connection.keepAliveMs = 0;
      } else {
        young.add(connection);
        isAnyYoung = true;
      }
    }
    seen = young;
    if (isAnyYoung) wait();
  }

  function wait(): void {
    timer ??= setTimeout(goThrough, laterMs).unref();
  }

  return wait;
}
