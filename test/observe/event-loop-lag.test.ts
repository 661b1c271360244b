import { expect, test } from "vitest";
import { measureEventLoopLag } from "../../src/observe/event-loop-lag.ts";

test("an event loop that is held up lags by the time for which it was held up too long", async () => {
  const read = measureEventLoopLag(() => 0);
  await blockedFor(1200);
  const lag = read();
  for (const seconds of [lag.last, lag.min, lag.mean, lag.p50, lag.p90, lag.p99, lag.max]) {
    expect(seconds).toBeGreaterThan(0.19);
    expect(seconds).toBeLessThan(60);
  }
});

test("an event loop that works is looked at often, so that a short delay is seen", async () => {
  const read = measureEventLoopLag(() => 0);
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
  expect(Object.values(measureEventLoopLag(() => 0)())).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

/** The event loop stands still, then runs what has become due. */
async function blockedFor(ms: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
