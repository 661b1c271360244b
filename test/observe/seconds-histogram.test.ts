import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerSecondsHistogram } from "../../src/observe/seconds-histogram.ts";

const buckets = [0.001, 0.01, 0.5, 2];

test("whatever is observed, the exposition is the one of prom-client's own histogram", async () => {
  const durations = fc.array(fc.oneof(fc.constantFrom(...buckets), fc.double({ min: 0, max: 10, noNaN: true })));
  await fc.assert(
    fc.asyncProperty(durations, async (seconds) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const cell = registerSecondsHistogram(ours, { name: "wait_seconds", help: "Waits.", buckets }).cell("public");
      const reference = new Histogram({
        ...{ name: "wait_seconds", help: "Waits.", buckets, registers: [theirs], labelNames: ["gateway"] },
      });
      reference.zero({ gateway: "public" });
      for (const one of seconds) {
        cell.observe(one);
        reference.observe({ gateway: "public" }, one);
      }
      const lines = async (registry: Registry) =>
        (await registry.metrics()).replaceAll(/\{(le="[^"]*"),(.*?)\}/g, "{$2,$1}");
      expect(await lines(ours)).toBe(await lines(theirs));
    }),
  );
});
