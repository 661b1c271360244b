// Refresh of byte counts: connection tracking tells none by itself while a connection lives, so it is asked about each that does.
// One question for all would cost more: the kernel goes through its whole table for it, with what has ended in the last two
// minutes (measured: 20 ms for an empty one, where a single question takes 10 µs).

type Countable = { refreshCounts(): void };

/** Several gateways may share the plane, and each of them is asked at a scrape. */
const noSoonerMs = 100;

/** The returned function refreshes every pinhole, at most every 100 ms. */
export function createCountRefresh(
  live: ReadonlyMap<number, Countable>,
  now: () => number = () => performance.now(),
): () => void {
  let refreshedAt = -Infinity;
  return () => {
    if (now() - refreshedAt < noSoonerMs) return;
    refreshedAt = now();
    for (const pinhole of live.values()) pinhole.refreshCounts();
  };
}
