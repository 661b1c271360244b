import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createMetricCells } from "../../src/observe/metric-cells.ts";

test("what a counter and a gauge have counted is seen once it has been handed over, and counted once", async () => {
  const registry = new Registry();
  const cells = createMetricCells(registry);
  const pinholes = cells.counter("things_total", "Things.", ["side"])({ side: "client" });
  const open = cells.gauge("open", "Open things.", ["side"])({ side: "client" });
  pinholes.inc();
  pinholes.inc(41);
  for (const change of [open.inc, open.inc, open.dec]) change();
  expect(await registry.metrics()).not.toContain("ftp_alg_things_total{");
  cells.update();
  cells.update();
  expect(await registry.metrics()).toContain('ftp_alg_things_total{side="client"} 42');
  expect(await registry.metrics()).toContain('ftp_alg_open{side="client"} 1');
});

test("every duration is in its histogram, however many there are between two scrapes", async () => {
  const registry = new Registry();
  const cells = createMetricCells(registry);
  const seconds = cells.seconds("wait_seconds", "Waits.", [0.5, 1])("public");
  for (let n = 0; n < 1000; n += 1) seconds.observe(n % 2 === 0 ? 0.25 : 0.75);
  cells.update();
  const text = await registry.metrics();
  expect(text).toContain('ftp_alg_wait_seconds_bucket{gateway="public",le="0.5"} 500');
  expect(text).toContain('ftp_alg_wait_seconds_count{gateway="public"} 1000');
  expect(text).toContain('ftp_alg_wait_seconds_sum{gateway="public"} 500');
});

test("a gateway that is forgotten has no series, whatever its cells still count; others keep theirs", async () => {
  const registry = new Registry();
  const cells = createMetricCells(registry);
  const counter = cells.counter("c_total", "C.", ["gateway"]);
  const gauge = cells.gauge("g", "G.", ["gateway"]);
  const [old, other, gone] = [counter({ gateway: "old" }), counter({ gateway: "other" }), gauge({ gateway: "old" })];
  for (const cell of [old, other, gone]) cell.inc();
  cells.update();
  cells.forget("old");
  for (const cell of [old, other, gone]) cell.inc();
  cells.update();
  const text = await registry.metrics();
  expect(text).not.toContain('gateway="old"');
  expect(text).toContain('ftp_alg_c_total{gateway="other"} 2');
});
