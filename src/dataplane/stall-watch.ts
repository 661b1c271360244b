// Notices that nothing moves: looks at a counter now and then, so that no timer is touched per chunk.

export type StallWatch = {
  /** The limit becomes `ms`, counted from now. */
  limit(ms: number): void;
  stop(): void;
};

/** Looks taken within the limit: a stall is noticed at most a quarter late. The first comes after a quarter, since looks cost. */
const looks = 4;

/** Calls `stalled` once, when `progress` has returned the same number for `ms`. */
export function watchStall(ms: number, progress: () => number, stalled: () => void): StallWatch {
  let timer: NodeJS.Timeout;
  limit(ms);
  return { limit, stop: () => clearInterval(timer) };

  function limit(limitMs: number) {
    clearInterval(timer);
    let last: number | undefined;
    let quietLooks = 0;
    timer = setInterval(
      () => {
        const current = progress();
        quietLooks = current === last ? quietLooks + 1 : 0;
        last = current;
        if (quietLooks < looks) return;
        clearInterval(timer);
        stalled();
      },
      Math.max(1, limitMs / looks),
    );
  }
}
