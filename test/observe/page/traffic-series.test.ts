import { expect, test } from "vitest";
import { createTrafficSeries, thinned, type TrafficSample } from "../../../src/observe/page/traffic-series.ts";

const sample = (at: number, counted: Partial<TrafficSample> = {}): TrafficSample => ({
  ...{ at, sessions: 0, started: 0, bytesUp: 0, bytesDown: 0, failures: 0 },
  ...counted,
});

test("a point is what has grown between two samples, by the second; one sample alone is none", () => {
  const series = createTrafficSeries();
  series.add(sample(1000, { sessions: 1, started: 5, bytesDown: 1000 }));
  expect(series.points()).toEqual([]);
  series.add(sample(11_000, { sessions: 3, started: 25, bytesUp: 500, bytesDown: 6000, failures: 2 }));
  expect(series.points()).toEqual([
    { at: 11_000, sessions: 3, startedPerSecond: 2, bytesUpPerSecond: 50, bytesDownPerSecond: 500, failures: 2 },
  ]);
});

test("counters that are less than before, as when a gateway is gone, count as nothing", () => {
  const series = createTrafficSeries();
  series.add(sample(0, { started: 50, failures: 7 }));
  series.add(sample(1000, { started: 20, failures: 8 }));
  expect(series.points()).toMatchObject([{ startedPerSecond: 0, failures: 1 }]);
});

test("limit: the oldest points give way, and their order stays", () => {
  const series = createTrafficSeries(3);
  for (let at = 0; at <= 5; at += 1) series.add(sample(at));
  expect(series.points().map(({ at }) => at)).toEqual([3, 4, 5]);
  series.add(sample(5));
  expect(series.points()).toHaveLength(3);
});

test("fewer points say the same: the most sessions, the mean of rates, the sum of failures, and the newest stays where it is", () => {
  const series = createTrafficSeries();
  for (let at = 0; at <= 7; at += 1)
    series.add(sample(at * 1000, { sessions: at % 3, bytesUp: at * 10, failures: at }));
  const points = series.points();
  expect(thinned(points, 7)).toEqual(points);
  expect(thinned(points, 3)).toMatchObject([
    { at: 1000, sessions: 1, bytesUpPerSecond: 10, failures: 1 },
    { at: 4000, sessions: 2, bytesUpPerSecond: 10, failures: 3 },
    { at: 7000, sessions: 2, bytesUpPerSecond: 10, failures: 3 },
  ]);
});
