import { Gauge, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { formatOpenMetrics } from "../../src/observe/open-metrics.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createTelemetry } from "../../src/observe/telemetry.ts";
import { playAll } from "./synthetic.ts";

async function played() {
  const metrics = createMetrics("1.2.3");
  playAll(createTelemetry({ metrics, logger: createLogger({ level: "info", format: "json" }, () => {}) }));
  return { metrics, text: (await metrics.openMetrics()).text };
}

test("in OpenMetrics a counter's family has its name without _total, and the end is marked", async () => {
  const { text } = await played();
  expect(text).toContain(
    "# TYPE ftp_alg_sessions counter\n# HELP ftp_alg_sessions Sessions that have ended, by reason.\n",
  );
  expect(text).toContain('\nftp_alg_sessions_total{gateway="public",end="quit"} 1\n');
  expect(text).toContain("# TYPE ftp_alg_transfer_seconds histogram\n");
  expect(text.endsWith("\n# EOF\n")).toBe(true);
  expect(text).not.toContain("\n\n");
});

test("an exemplar names the session that a duration was seen in last, in its own bucket alone", async () => {
  const { text } = await played();
  const exemplars = text
    .split("\n")
    .filter((line) => line.startsWith("ftp_alg_transfer_seconds_bucket") && line.includes(" # "));
  expect(exemplars).toEqual([
    expect.stringMatching(
      /^ftp_alg_transfer_seconds_bucket\{gateway="public",le="0.5"\} 1 # \{session="k3f9"\} 0.25 \d{10}\.\d{3}$/,
    ),
  ]);
});

test("histograms of the library, labels with quotes and values that are no numbers are written too", async () => {
  const registry = new Registry();
  const registers = [registry];
  const seconds = new Histogram({ name: "gc_seconds", help: "A \\ and\na line.", buckets: [1], registers });
  seconds.observe(2);
  new Gauge({ name: "odd", help: "Odd.", labelNames: ["name"], registers }).set({ name: 'a "b"\\' }, Infinity);
  expect(await formatOpenMetrics(registry)).toBe(
    [
      "# TYPE gc_seconds histogram",
      "# HELP gc_seconds A \\\\ and\\na line.",
      'gc_seconds_bucket{le="1"} 0',
      'gc_seconds_bucket{le="+Inf"} 1',
      "gc_seconds_sum 2",
      "gc_seconds_count 1",
      "# TYPE odd gauge",
      "# HELP odd Odd.",
      'odd{name="a \\"b\\"\\\\"} +Inf',
      "# EOF",
      "",
    ].join("\n"),
  );
});

test("both formats have the same samples, whichever is read first", async () => {
  const { metrics, text: open } = await played();
  const plain = await metrics.text();
  const samples = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("ftp_alg_"))
      .map((line) => line.replace(/ # .*/, ""))
      .toSorted();
  expect(samples(open)).toEqual(samples(plain));
  expect(samples(plain).length).toBeGreaterThan(200);
});
