import { expect, test } from "vitest";
import { mergeFamilies, retire } from "../../src/observe/metric-families.ts";
import { createMetrics, readFamilies } from "../../src/observe/metrics.ts";

/** A process that has counted so many sessions of the gateway `one`, of which the last took so long. */
function counted(sessions: number, seconds: number) {
  const metrics = createMetrics("1.0.0");
  const gateway = metrics.gateway("one");
  for (let count = 0; count < sessions; count += 1) {
    gateway.sessions["client-gone"].inc();
    gateway.sessionsActive.inc();
  }
  gateway.transferSeconds.observe(seconds, `s${sessions}`);
  gateway.bans(() => sessions);
  return metrics;
}

async function valueOf(families: Awaited<ReturnType<typeof mergeFamilies>>, name: string): Promise<number> {
  const samples = (await readFamilies(async () => families).samples([name])).get(name) ?? [];
  return samples.reduce((sum, { value }) => sum + value, 0);
}

test("counters, histograms and what is open are added up, and the supervisor's own is its own", async () => {
  const own = createMetrics("1.0.0");
  own.configReloaded("success");
  const supervisor = own.gateway("one");
  supervisor.bans(() => 7);
  const workers = await Promise.all([counted(2, 0.01), counted(3, 20)].map((metrics) => metrics.families()));
  const merged = mergeFamilies(await own.families(), workers);
  expect(await valueOf(merged, "sessions_total")).toBe(5);
  expect(await valueOf(merged, "sessions_active")).toBe(5);
  expect(await valueOf(merged, "build_info")).toBe(1);
  expect(await valueOf(merged, "config_reloads_total")).toBe(1);
  expect(await valueOf(merged, "bans_active")).toBe(7);
  const text = await readFamilies(async () => merged).text();
  expect(text).toContain('ftp_alg_transfer_seconds_count{gateway="one"} 2');
  expect(text).toContain('ftp_alg_transfer_seconds_bucket{gateway="one",le="+Inf"} 2');
  expect(text.match(/^ftp_alg_build_info/gm)).toHaveLength(1);
  const open = await readFamilies(async () => merged).openMetrics();
  expect(open.text).toContain('# {session="s2"} 0.01');
  expect(open.text).toContain('# {session="s3"} 20');
});

test("the worst lag of an event loop is that of all", async () => {
  const family = (value: number) => ({
    ...{ name: "nodejs_eventloop_lag_p99_seconds", help: "h", type: "gauge", aggregator: "average" },
    values: [{ labels: {}, value }],
  });
  const all = [family(0.2), family(0.7)].map((one) => [one] as never);
  expect(mergeFamilies([], all)).toMatchObject([{ values: [{ value: 0.7 }] }]);
});

test("a worker that has gone leaves its counters and takes its gauges; its successor counts on", async () => {
  const own = await createMetrics("1.0.0").families();
  const retired = retire([], await counted(2, 1).families());
  const next = await counted(1, 1).families();
  const merged = mergeFamilies(own, [next], retired);
  expect(await valueOf(merged, "sessions_total")).toBe(3);
  expect(await valueOf(merged, "sessions_active")).toBe(1);
  const twice = mergeFamilies(own, [next], retire(retired, await counted(4, 1).families()));
  expect(await valueOf(twice, "sessions_total")).toBe(7);
});

test("what a worker has counted for a gateway that is gone goes with the gateway", async () => {
  const retired = retire([], await counted(2, 1).families());
  const other = createMetrics("1.0.0");
  other.gateway("two");
  const merged = mergeFamilies([], [await other.families()], retired);
  expect(await valueOf(merged, "sessions_total")).toBe(0);
  expect(await readFamilies(async () => merged).text()).not.toContain('gateway="one"');
});
