import { expect, test } from "vitest";
import { formatReport, type Findings } from "./report.ts";

const setting = { date: "2026-11-20", machine: "2 cores", rounds: 1, size: "1 GiB" };

const findings: Findings = {
  participants: [
    { name: "direct", kind: "direct", title: "direct" },
    { name: "relay", kind: "ours", title: "ftp-alg, relay" },
    { name: "haproxy", kind: "peer", title: "HAProxy", remark: "two threads" },
  ],
  skipped: [{ name: "squid", reason: `no such package ${"x".repeat(1000)}` }],
  rows: [
    {
      round: 1,
      measure: "download passive",
      contender: "direct",
      values: { bytesPerSecond: 2 ** 31, cpuPerGibibyte: 0, machineCpuPerGibibyte: 0.5 },
    },
    {
      round: 1,
      measure: "download passive",
      contender: "relay",
      values: { bytesPerSecond: 2 ** 30, cpuPerGibibyte: 0.45, machineCpuPerGibibyte: 0.91 },
    },
    { round: 1, measure: "download passive", contender: "haproxy", failed: "connection refused" },
    { round: 1, measure: "NOOP", contender: "direct", values: { p50: 20e-6, p99: 50e-6, cpuEach: 0 } },
    { round: 1, measure: "NOOP", contender: "relay", values: { p50: 61e-6, p99: 49e-6, cpuEach: 87e-6 } },
  ],
};

const report = formatReport(findings, setting) ?? "";
const lines = report.split("\n").map((line) => line.replaceAll(/ +/g, " "));

test("direct is shown in figures, the others as a part of it or as what comes on top", () => {
  expect(lines).toContain("| | download, passive | own CPU s/GiB | machine CPU s/GiB |");
  expect(lines).toContain("| direct | 2048 MiB/s | – | 0.50 |");
  expect(lines).toContain("| ftp-alg, relay | 0.50 | 0.45 | 0.91 |");
  expect(lines).toContain("| direct | 20 µs | 50 µs |");
  expect(lines).toContain("| ftp-alg, relay | +41 µs | -1 µs |");
});

test("the CPU of each contender with a process is shown in figures", () => {
  expect(lines.join("\n")).toContain("| | NOOP |\n| -------------- | ----: |\n| ftp-alg, relay | 87 µs |");
});

test("a failure shows as one, and who has no figure at all is left out", () => {
  expect(lines).toContain("| HAProxy | failed | failed | failed |");
  expect(lines.filter((line) => line.startsWith("| HAProxy"))).toHaveLength(1);
});

test("what was not measured is named with its reason, shortened, and so is what is odd", () => {
  expect(report).toContain("Not measured: squid (no such package xxx");
  expect(
    Math.max(
      ...report
        .split("\n\n")
        .slice(-2)
        .map(({ length }) => length),
    ),
  ).toBeLessThan(300);
  expect(report).toContain("haproxy: two threads");
});
