// Registry of NAT pinholes by number. The number is in the mark of each connection, so that conntrack events find their pinhole.
import type { Connection } from "./netlink/conntrack-message.ts";

export type NatRegistry<T> = {
  /** A number that no live pinhole has. */
  take(): number;
  opened(number: number, pinhole: T): void;
  /** `isUnused`: an event that it was used after all may be on its way, so it is remembered for a moment. */
  closed(number: number, pinhole: T, isUnused: boolean): void;
  /** Live or remembered. */
  find(number: number): T | undefined;
  /** What is live, by number. It may be changed while it is gone through. */
  readonly live: ReadonlyMap<number, T>;
  /** What is live or remembered, each with its number, as of now. */
  all(): [number, T][];
  /** Nothing is live and nothing is remembered. */
  isEmpty(): boolean;
};

/** Events are read as soon as this process gets to it. */
const rememberedMs = 2000;

/** Numbers go from `base` to `base` + `last`, which is a row of ones below all that `base` has; `first` is where counting begins. */
export function createNatRegistry<T>(last: number, first: number, base = 0): NatRegistry<T> {
  const live = new Map<number, T>();
  const recentlyClosed = new Map<number, T>();
  let next = base | (first & last);
  return {
    take() {
      do next = base | ((next + 1) & last);
      while (live.has(next));
      return next;
    },
    opened: (number, pinhole) => void live.set(number, pinhole),
    closed(number, pinhole, isUnused) {
      live.delete(number);
      if (!isUnused) return;
      recentlyClosed.set(number, pinhole);
      setTimeout(() => {
        if (recentlyClosed.get(number) === pinhole) recentlyClosed.delete(number);
      }, rememberedMs).unref();
    },
    find: (number) => live.get(number) ?? recentlyClosed.get(number),
    live,
    all: () => [...recentlyClosed, ...live],
    isEmpty: () => live.size === 0 && recentlyClosed.size === 0,
  };
}

/** By the number in the mark. */
export function byNumber(connections: readonly Connection[], numbers: number): Map<number, Connection[]> {
  const found = new Map<number, Connection[]>();
  for (const connection of connections) {
    const number = (connection.mark & numbers) >>> 0;
    const same = found.get(number);
    if (same) same.push(connection);
    else found.set(number, [connection]);
  }
  return found;
}
