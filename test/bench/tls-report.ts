// The tables of what was measured under TLS. All figures stand for themselves: going direct, the light server is the other end of TLS, which
// is another work than a gateway's.
import {
  type Column,
  fixed,
  mebibytes,
  microseconds,
  type Findings,
  type Setting,
  table,
  trailers,
  whole,
} from "./report.ts";

const megabytes = (head: string, measure: string): Column => ({
  head,
  measures: [measure],
  value: "bytesPerSecond",
  as: "absolute",
  format: mebibytes,
});
const cpu = (measure: string): Column => ({
  head: "CPU s/GiB",
  measures: [measure],
  value: "cpuPerGibibyte",
  as: "absolute",
  hasRange: true,
  format: fixed(2),
});

const bulkColumns: readonly Column[] = [
  ["download", "TLS download"],
  ["upload", "TLS upload"],
  ["both legs: download", "TLS download, both legs"],
  ["upload", "TLS upload, both legs"],
].flatMap(([head = "", measure = ""]) => [megabytes(head, measure), cpu(measure)]);

const figure = (head: string, measure: string, value: string, format: Column["format"]): Column => ({
  ...{ head, measures: [measure], value, format },
  as: "absolute",
});
const busy = "TLS NOOP, two downloads";
const [full, resumed] = ["TLS handshakes, full", "TLS handshakes, resumed"];

const controlColumns: readonly Column[] = [
  figure("NOOP p50", busy, "p50", microseconds),
  figure("p99", busy, "p99", microseconds),
  figure("full handshakes/s", full, "perSecond", whole),
  figure("CPU each", full, "cpuEach", microseconds),
  figure("resumed/s", resumed, "perSecond", whole),
  figure("of them really", resumed, "resumedShare", fixed(0, 100, " %")),
  figure("CPU each", resumed, "cpuEach", microseconds),
  figure("KiB/idle session", "TLS idle sessions", "kibPerSession", fixed(1)),
];

/** As Markdown; undefined where nothing of it was measured. */
export function formatTlsReport(findings: Findings, { date, machine, rounds, size }: Setting): string | undefined {
  const bulk = table(findings, bulkColumns);
  const control = table(findings, controlColumns);
  if (bulk === undefined && control === undefined) return undefined;
  return [
    `Measured on ${date}: ${machine}; ${rounds} interleaved round${rounds === 1 ? "" : "s"}, medians, and the range in parentheses. TLS 1.3, TLS_AES_128_GCM_SHA256, ECDSA on P-256, from the first byte. Client, edge and server are network namespaces of one machine and share its cores; CPU is that of the processes in the edge alone. \`direct\` is client and server without a gateway.`,
    ...(bulk === undefined ? [] : [`One file of ${size}, TLS between client and gateway, and on both legs:`, bulk]),
    ...(control === undefined
      ? []
      : [
          "NOOP under TLS while two downloads run; control connections under TLS, one after the other; idle ones:",
          control,
        ]),
    ...trailers(findings),
  ].join("\n\n");
}
