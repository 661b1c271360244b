import { Counter, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { histogramQuantile, parseExposition } from "./exposition.ts";

test("what prom-client writes is read back", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "a_total", help: "A.", labelNames: ["plane", "to"], registers: [registry] });
  counter.inc({ plane: "relay", to: "PASV" }, 3);
  new Counter({ name: "b_total", help: "B.", registers: [registry] }).inc(0.5);
  expect(parseExposition(await registry.metrics())).toEqual([
    { name: "a_total", labels: { plane: "relay", to: "PASV" }, value: 3 },
    { name: "b_total", labels: {}, value: 0.5 },
  ]);
});

test("a quantile is estimated within its bucket, of what came between two readings", async () => {
  const registry = new Registry();
  const histogram = new Histogram({ name: "s", help: "S.", buckets: [1, 2, 4], registers: [registry] });
  const read = async () => parseExposition(await registry.metrics());
  for (let count = 0; count < 1000; count++) histogram.observe(3);
  const before = await read();
  for (let count = 0; count < 60; count++) histogram.observe(0.5);
  for (let count = 0; count < 20; count++) histogram.observe(1.5);
  for (let count = 0; count < 20; count++) histogram.observe(100);
  const after = await read();
  expect(histogramQuantile(before, after, "s", 0.3)).toBe(0.5);
  expect(histogramQuantile(before, after, "s", 0.7)).toBe(1.5);
  expect(histogramQuantile(before, after, "s", 0.99)).toBe(4);
  expect(histogramQuantile(after, after, "s", 0.5)).toBeUndefined();
});
