import { collectDefaultMetrics, Registry } from "prom-client";
import { expect, test } from "vitest";
import { collectProcessMetrics } from "../../src/observe/process-metrics.ts";

test("the process metrics are prom-client's default metrics, by name, type and help, but for gauges named like counters", async () => {
  const theirs = new Registry();
  const ours = new Registry();
  collectDefaultMetrics({ register: theirs });
  collectProcessMetrics(ours, () => 0);
  const described = async (registry: Registry) =>
    (await registry.getMetricsAsJSON()).map(({ name, type, help }) => `${name} ${String(type)} ${help}`).toSorted();
  const wanted = (await described(theirs)).filter((metric) => !/_total gauge /.test(metric));
  expect(await described(ours)).toEqual(wanted);
});

test("the lag of the event loop is exposed as it was measured since the last scrape", async () => {
  const registry = new Registry();
  const update = collectProcessMetrics(registry, () => 0);
  await blockedFor(1100);
  const maximum = async () => {
    update();
    const metric = (await registry.getMetricsAsJSON()).find(({ name }) => name === "nodejs_eventloop_lag_max_seconds");
    return metric?.values[0]?.value ?? NaN;
  };
  expect(await maximum()).toBeGreaterThan(0.09);
  expect(await maximum()).toBe(0);
});

/** The event loop stands still, then runs what has become due. */
async function blockedFor(ms: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
