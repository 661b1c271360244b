// Wall clock: the time of day of a moment that was measured by the monotonic clock, which is the only one that is noted.

export type WallClock = {
  /** ISO 8601 in UTC, of `at` (monotonic milliseconds). The same moment gives the same text, unless the machine's clock was set since. */
  timeOf(at: number): string;
};

/** Less than that is no setting of the clock. */
const toleranceMs = 1000;

export function createWallClock(): WallClock {
  let offset = -Infinity;
  return {
    timeOf(at) {
      const now = Date.now() - performance.now();
      if (Math.abs(now - offset) > toleranceMs) offset = now;
      return new Date(offset + at).toISOString();
    },
  };
}

/** Whole seconds since 1970, for what outlasts the process. */
export function secondsOfWallClock(): number {
  return Math.floor(Date.now() / 1000);
}

/** From one ISO time to another. */
export function millisecondsBetween(earlier: string, later: string): number {
  return Date.parse(later) - Date.parse(earlier);
}

/** What pino puts before each line, as its own `isoTime`, but what all lines of one millisecond have in common is made once. */
export function createTimestamp(): () => string {
  let last = 0;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== last) text = `,"time":"${new Date(now).toISOString()}"`;
    last = now;
    return text;
  };
}
