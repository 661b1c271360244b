// Traffic series: what a process has done over the last hour, as samples of its counters in a ring, and what they come to from each
// sample to the next.

/** Counters since the process started, at `at` (monotonic milliseconds). `sessions`: those that are open. */
export type TrafficSample = {
  readonly at: number;
  readonly sessions: number;
  readonly started: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly failures: number;
};

/** Between two samples. `failures`: so many of them. */
export type TrafficPoint = {
  readonly at: number;
  readonly sessions: number;
  readonly startedPerSecond: number;
  readonly bytesUpPerSecond: number;
  readonly bytesDownPerSecond: number;
  readonly failures: number;
};

export type TrafficSeries = {
  add(sample: TrafficSample): void;
  /** The oldest first. */
  points(): readonly TrafficPoint[];
};

export const sampleEveryMs = 10_000;
export const seriesMs = 3_600_000;

/** Keeps `most` points; the oldest goes first. */
export function createTrafficSeries(most = seriesMs / sampleEveryMs): TrafficSeries {
  const ring: TrafficPoint[] = [];
  let next = 0;
  let last: TrafficSample | undefined;
  return {
    add(sample) {
      if (last !== undefined && sample.at > last.at) {
        ring[next] = between(last, sample);
        next = (next + 1) % most;
      }
      last = sample;
    },
    points: () => (ring.length < most ? [...ring] : [...ring.slice(next), ...ring.slice(0, next)]),
  };
}

/** Counters of a gateway that was removed are gone: less than before is nothing. */
function between(before: TrafficSample, after: TrafficSample): TrafficPoint {
  const seconds = (after.at - before.at) / 1000;
  const grown = (name: "started" | "bytesUp" | "bytesDown" | "failures"): number =>
    Math.max(0, after[name] - before[name]);
  return {
    at: after.at,
    sessions: after.sessions,
    startedPerSecond: grown("started") / seconds,
    bytesUpPerSecond: grown("bytesUp") / seconds,
    bytesDownPerSecond: grown("bytesDown") / seconds,
    failures: grown("failures"),
  };
}

/** At most `most` points, each in place of several: the most sessions of them, the mean of their rates, the sum of their failures. */
export function thinned(points: readonly TrafficPoint[], most: number): readonly TrafficPoint[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  const thin: TrafficPoint[] = [];
  // Counted from the end, so that only the oldest is of fewer.
  for (let end = points.length; end > 0; end -= size) thin.unshift(merged(points.slice(Math.max(0, end - size), end)));
  return thin;
}

function merged(points: readonly TrafficPoint[]): TrafficPoint {
  const sum = (name: keyof TrafficPoint): number => points.reduce((total, point) => total + point[name], 0);
  const mean = (name: keyof TrafficPoint): number => sum(name) / points.length;
  return {
    at: points.at(-1)?.at ?? 0,
    sessions: Math.max(...points.map(({ sessions }) => sessions)),
    startedPerSecond: mean("startedPerSecond"),
    bytesUpPerSecond: mean("bytesUpPerSecond"),
    bytesDownPerSecond: mean("bytesDownPerSecond"),
    failures: sum("failures"),
  };
}
