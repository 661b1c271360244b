import { collectDefaultMetrics, Registry } from "prom-client";
import { expect, test } from "vitest";
import { measureEventLoopLag } from "../../src/observe/event-loop-lag.ts";
import { collectProcessMetrics } from "../../src/observe/process-metrics.ts";

test("the process metrics are prom-client's default metrics, by name, type and help", async () => {
  const theirs = new Registry();
  const ours = new Registry();
  collectDefaultMetrics({ register: theirs });
  collectProcessMetrics(ours);
  const described = async (registry: Registry) =>
    (await registry.getMetricsAsJSON()).map(({ name, type, help }) => `${name} ${String(type)} ${help}`).toSorted();
  expect(await described(ours)).toEqual(await described(theirs));
});

test("the lag of the event loop is exposed as it was measured since the last scrape", async () => {
  const registry = new Registry();
  const update = collectProcessMetrics(registry);
  await blockedFor(1100);
  const maximum = async () => {
    update();
    const metric = (await registry.getMetricsAsJSON()).find(({ name }) => name === "nodejs_eventloop_lag_max_seconds");
    return metric?.values[0]?.value ?? NaN;
  };
  expect(await maximum()).toBeGreaterThan(0.09);
  expect(await maximum()).toBe(0);
});

test("an event loop that is held up lags by the time for which it was held up too long", async () => {
  const read = measureEventLoopLag();
  await blockedFor(1200);
  const lag = read();
  for (const seconds of [lag.last, lag.min, lag.mean, lag.p50, lag.p90, lag.p99, lag.max]) {
    expect(seconds).toBeGreaterThan(0.19);
    expect(seconds).toBeLessThan(60);
  }
});

test("an event loop that works is looked at often, so that a short delay is seen", async () => {
  const read = measureEventLoopLag();
  await blockedFor(1000);
  const end = performance.now() + 300;
  let sleeps = 0;
  while (performance.now() < end) {
    // Of each 60 ms 50 are work: some of the measurements fall into it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    await new Promise((resolve) => setTimeout(resolve, 10));
    sleeps += 1;
  }
  expect(sleeps).toBeGreaterThan(0);
  expect(read().last).toBeGreaterThan(0.005);
});

test("what was never measured is 0, not a number that is none", () => {
  expect(Object.values(measureEventLoopLag()())).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

/** The event loop stands still, then runs what has become due. */
async function blockedFor(ms: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
