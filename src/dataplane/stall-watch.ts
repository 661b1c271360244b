// Stall watch: notices that nothing moves. It looks at a counter now and then, so that no timer is touched per chunk.
import { cancelDeadline, setDeadline } from "../sockets/deadlines.ts";

export type StallWatch = {
  /** The limit becomes `ms`, counted from now. */
  limit(ms: number): void;
  stop(): void;
};

/**
 * Looks taken within the limit: a stall is noticed at most a quarter late, and by as much as each look's deadline is. The first
 * comes after a quarter, since looks cost.
 */
const looks = 4;

/** Calls `stalled` once, when `progress` has returned the same number for `ms`. */
export function watchStall(ms: number, progress: () => number, stalled: () => void): StallWatch {
  let betweenMs = ms / looks;
  let last: number | undefined;
  let quietLooks = 0;
  let next = setDeadline(betweenMs, look);
  return {
    limit(limitMs) {
      cancelDeadline(next);
      betweenMs = limitMs / looks;
      last = undefined;
      quietLooks = 0;
      next = setDeadline(betweenMs, look);
    },
    stop: () => cancelDeadline(next),
  };

  function look() {
    const current = progress();
    quietLooks = current === last ? quietLooks + 1 : 0;
    last = current;
    if (quietLooks >= looks) stalled();
    else next = setDeadline(betweenMs, look);
  }
}
