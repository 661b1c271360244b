import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerAskedGauge } from "../../src/observe/asked-gauges.ts";

test("a gateway is asked each time that the metrics are read; what takes its place is not ended by it", async () => {
  const registry = new Registry();
  const ask = registerAskedGauge(registry, { name: "guests", help: "Guests.", labelNames: ["gateway"] });
  let guests = 1;
  const answers = () => [{ labels: { gateway: "public" }, value: guests }];
  const end = ask("public", answers);
  guests = 2;
  expect(await registry.metrics()).toContain('guests{gateway="public"} 2');
  const endOfNext = ask("public", () => [{ labels: { gateway: "public" }, value: 7 }]);
  end();
  expect(await registry.metrics()).toContain('guests{gateway="public"} 7');
  endOfNext();
  expect(await registry.metrics()).not.toContain("guests{");
});
