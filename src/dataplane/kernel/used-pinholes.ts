// Pinholes whose one connection has come: nobody gets in through them any more, so that their elements may stay in the maps
// for a moment. They are removed together, with the next pinhole that is opened or soon without one: every transaction costs.
import type { Netfilter } from "./netlink/netfilter.ts";
import type { PinholeElements, PinholeKey } from "./netlink/pinhole-elements.ts";

export type UsedPinholes = {
  add(key: PinholeKey): void;
  /** As the kernel's: 0 or the errno. */
  open(elements: PinholeElements): number;
  /** Removes them now. */
  clear(): void;
};

const removedAfterMs = 20;
/** What one transaction takes along. */
const limit = 16;

export function createUsedPinholes(netfilter: Pick<Netfilter, "open" | "close">): UsedPinholes {
  let used: PinholeKey[] = [];
  let timer: NodeJS.Timeout | undefined;

  function take(): PinholeKey[] {
    const taken = used;
    used = [];
    return taken;
  }

  function clear() {
    clearTimeout(timer);
    timer = undefined;
    if (used.length > 0) netfilter.close(take());
  }

  return {
    add(key) {
      used.push(key);
      if (used.length >= limit) clear();
      else timer ??= setTimeout(clear, removedAfterMs);
    },
    open: (elements) => netfilter.open(elements, take()),
    clear,
  };
}
