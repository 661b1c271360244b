import { expect, test } from "vitest";
import { createMetrics } from "../../src/observe/metrics.ts";
import { hopCauses, hops } from "../../src/session/diagnosis.ts";
import { endReasons, refusalReasons } from "../../src/session/reasons.ts";
import { readExposition } from "./synthetic.ts";

test("counters are exported as 0 before anything happened", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.gateway("public");
  const { samples } = readExposition(await metrics.text());
  const zeros = (metric: string) => samples.filter((sample) => sample.metric === metric && sample.value === 0).length;
  expect(zeros("ftp_alg_sessions_total")).toBe(endReasons.length);
  expect(zeros("ftp_alg_refusals_total")).toBe(refusalReasons.length);
  expect(zeros("ftp_alg_failures_total")).toBe(hops.flatMap((hop) => hopCauses[hop]).length);
  expect(zeros("ftp_alg_translations_total")).toBe(16);
  expect(zeros("ftp_alg_pinholes_total")).toBe(2 * (3 * 3 + 1));
});

test("data ports are asked for at every scrape, until that is ended", async () => {
  const metrics = createMetrics("1.2.3");
  let free = 10;
  const end = metrics.gateway("public").dataPorts("client", () => ({ free, open: 1, resting: 2 }));
  const free10 = 'ftp_alg_data_ports{gateway="public",side="client",state="free"} 10';
  expect(await metrics.text()).toContain(free10);
  free = 9;
  expect(await metrics.text()).not.toContain(free10);
  end();
  expect(await metrics.text()).not.toContain("ftp_alg_data_ports{");
});

test("the share of ports in use is askable without ports that rest: they stand beside the open ones, and all of them together are the range", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.gateway("public").dataPorts("client", () => ({ free: 10, open: 5, resting: 85 }));
  const { samples } = readExposition(await metrics.text());
  const ports = samples.filter(({ metric }) => metric === "ftp_alg_data_ports");
  expect(Object.fromEntries(ports.map(({ labels, value }) => [labels["state"], value]))).toEqual({
    ...{ free: 10, open: 5, resting: 85 },
  });
});

test("the limit of sessions stands beside them, as it is at the moment, and goes with its gateway", async () => {
  const metrics = createMetrics("1.2.3");
  let limit = 100;
  const end = metrics.gateway("public").sessionsLimit(() => limit);
  limit = 200;
  expect(await metrics.text()).toContain('ftp_alg_sessions_limit{gateway="public"} 200');
  end();
  expect(await metrics.text()).not.toContain("ftp_alg_sessions_limit{");
});

test("a gateway that is forgotten leaves no series of any metric", async () => {
  const metrics = createMetrics("1.2.3");
  metrics.gateway("kept").relayLatencySeconds.observe(1);
  const gone = metrics.gateway("gone");
  gone.relayLatencySeconds.observe(1);
  gone.command("NOOP").inc();
  expect(await metrics.text()).toContain('gateway="gone"');
  metrics.forgetGateway("gone");
  const text = await metrics.text();
  expect(text).not.toContain('gateway="gone"');
  expect(text).toContain('ftp_alg_relay_latency_seconds_count{gateway="kept"} 1');
});

test("a successor's data ports stay when the predecessor's end", async () => {
  const metrics = createMetrics("1.2.3");
  const end = metrics.gateway("public").dataPorts("client", () => ({ free: 1, open: 0, resting: 0 }));
  metrics.gateway("public").dataPorts("client", () => ({ free: 7, open: 0, resting: 0 }));
  end();
  expect(await metrics.text()).toContain('ftp_alg_data_ports{gateway="public",side="client",state="free"} 7');
});

test("a verb that nobody knows is counted as other, however many there are", async () => {
  const metrics = createMetrics("1.2.3");
  for (let n = 0; n < 50; n += 1) metrics.gateway("public").command(`HUNTER${n}`).inc();
  const { samples } = readExposition(await metrics.text());
  expect(samples.filter(({ metric }) => metric === "ftp_alg_commands_total")).toEqual([
    { metric: "ftp_alg_commands_total", labels: { gateway: "public", command: "other" }, value: 50 },
  ]);
});
