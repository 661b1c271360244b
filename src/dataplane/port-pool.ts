// The data ports of one side: which are free, which are open, and which rest after use. A port rests because a
// connection in TIME_WAIT may still own its four-tuple, and because a late peer of the old pinhole must not meet a new one.
// Rest is a preference: a narrow range gives the port that rested longest rather than none.

export type PortCounts = { readonly free: number; readonly open: number; readonly resting: number };

export type PortPool = {
  /**
   * A random free port, or where none is free the one that has rested longest; now open. Undefined when all are open.
   * 0 means any port that the system gives.
   */
  take(): number | undefined;
  /** An open port goes to rest, whether it was used, left unused, or found taken by another program. */
  release(port: number): void;
  counts(): PortCounts;
};

export type PortPoolOptions = {
  /** First and last port of the range, both included. 0 and 0: no range, the system picks the port. */
  readonly first: number;
  readonly last: number;
  readonly restMs: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
};

export function createPortPool(options: PortPoolOptions): PortPool {
  const { first, last, restMs, now = () => performance.now(), random = Math.random } = options;
  if (first === 0 && last === 0) return createSystemPool();
  if (first < 1 || last > 65535 || first > last) throw new RangeError(`no port range: ${first}-${last}`);

  // `free` is dense in [0, freeCount), so that a pick is one swap. Ports rest equally long, so the oldest rests first in
  // the ring. No step looks at the whole range.
  const size = last - first + 1;
  const free = Uint16Array.from({ length: size }, (_, index) => first + index);
  const open = new Set<number>();
  const ring = new Uint16Array(size);
  const restsUntil = new Float64Array(size);
  let freeCount = size;
  let ringStart = 0;
  let restingCount = 0;

  function wakeRested() {
    const moment = now();
    while (restingCount > 0 && restsUntil[ringStart]! <= moment) wakeOldest();
  }

  function wakeOldest() {
    free[freeCount++] = ring[ringStart]!;
    ringStart = (ringStart + 1) % size;
    restingCount--;
  }

  return {
    take() {
      wakeRested();
      if (freeCount === 0 && restingCount === 0) return undefined;
      if (freeCount === 0) wakeOldest();
      const index = Math.floor(random() * freeCount);
      const port = free[index]!;
      free[index] = free[--freeCount]!;
      open.add(port);
      return port;
    },
    release(port) {
      if (!open.delete(port)) return;
      const index = (ringStart + restingCount++) % size;
      ring[index] = port;
      restsUntil[index] = now() + restMs;
    },
    counts() {
      wakeRested();
      return { free: freeCount, open: open.size, resting: restingCount };
    },
  };
}

/** No range was set: the system picks a free port and lets it rest itself. */
function createSystemPool(): PortPool {
  let open = 0;
  return {
    take() {
      open++;
      return 0;
    },
    release() {
      if (open > 0) open--;
    },
    counts: () => ({ free: Infinity, open, resting: 0 }),
  };
}
