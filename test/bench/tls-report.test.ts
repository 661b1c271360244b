import { expect, test } from "vitest";
import { formatReport, type Findings } from "./report.ts";
import { formatTlsReport } from "./tls-report.ts";

const setting = { date: "2026-11-28", machine: "2 cores", rounds: 2, size: "256 MiB" };
const row = (round: number, measure: string, contender: string, values: Record<string, number>) => ({
  ...{ round, measure, contender, values },
});

const findings: Findings = {
  participants: [
    { name: "direct", kind: "direct", title: "direct" },
    { name: "tls", kind: "ours", title: "ftp-alg" },
    { name: "stunnel", kind: "peer", title: "stunnel" },
  ],
  skipped: [{ name: "haproxy tls", reason: "no such package" }],
  rows: [
    row(1, "TLS download", "direct", { bytesPerSecond: 2 ** 30, cpuPerGibibyte: 0, machineCpuPerGibibyte: 2 }),
    row(1, "TLS download", "tls", { bytesPerSecond: 2 ** 29, cpuPerGibibyte: 0.7, machineCpuPerGibibyte: 3 }),
    row(2, "TLS download", "tls", { bytesPerSecond: 2 ** 29, cpuPerGibibyte: 0.8, machineCpuPerGibibyte: 3 }),
    row(1, "TLS handshakes, resumed", "tls", { perSecond: 600.4, resumedShare: 0.5, cpuEach: 800e-6 }),
    row(1, "TLS NOOP, two downloads", "stunnel", { p50: 40e-6, p99: 8e-3 }),
  ],
};

const report = formatTlsReport(findings, setting) ?? "";
const lines = report.split("\n").map((line) => line.replaceAll(/ +/g, " "));

test("under TLS all figures stand for themselves, processor time with its range", () => {
  expect(lines).toContain("| | download | CPU s/GiB |");
  expect(lines).toContain("| direct | 1024 MiB/s | – |");
  expect(lines).toContain("| ftp-alg | 512 MiB/s | 0.75 (0.70–0.80) |");
});

test("how many handshakes were really resumed stands beside their rate", () => {
  expect(lines).toContain("| | NOOP p50 | p99 | resumed/s | of them really | CPU each |");
  expect(lines).toContain("| ftp-alg | – | – | 600 | 50 % | 800 µs |");
  expect(lines).toContain("| stunnel | 40 µs | 8000 µs | – | – | – |");
});

test("who did not take part under TLS is named", () => {
  expect(report).toContain("Not measured: haproxy tls (no such package).");
});

test("a run under TLS alone has no table of what is in clear, and the other way round", () => {
  expect(formatReport(findings, setting)).toBeUndefined();
  const rows = [row(1, "NOOP", "direct", { p50: 1e-6, p99: 1e-6 })];
  expect(formatTlsReport({ ...findings, rows }, setting)).toBeUndefined();
});
