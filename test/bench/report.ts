// The tables: going direct in figures, everything else as what it adds to that or leaves of it.
import { formatTable, type Cells } from "./markdown.ts";
import type { Participant, Skipped } from "./play.ts";
import type { Row } from "./row.ts";
import { absolute, compared, difference, range, ratio, type Selection } from "./statistics.ts";

export type Findings = {
  readonly participants: readonly Participant[];
  readonly skipped: readonly Skipped[];
  readonly rows: readonly Row[];
};

export type Column = Selection & {
  readonly head: string;
  /** How others than direct are shown: as part of it, as what comes on top, or by themselves. */
  readonly as: "ratio" | "added" | "absolute";
  /** The least and the most are shown, too. */
  readonly hasRange?: boolean;
  format(figure: number): string;
};

export const fixed =
  (digits: number, scale = 1, unit = "") =>
  (figure: number): string =>
    `${(figure * scale).toFixed(digits)}${unit}`;
export const mebibytes = fixed(0, 1 / 1024 ** 2, " MiB/s");
export const whole = fixed(0);
export const microseconds = fixed(0, 1e6, " µs");
const milliseconds = fixed(0, 1e3, " ms");

const single = ["download passive", "download active", "upload passive", "upload active"];

const rate = (head: string, measure: string): Column => ({
  head,
  measures: [measure],
  value: "bytesPerSecond",
  as: "ratio",
  format: mebibytes,
});
const perSecond = (head: string, measure: string): Column => ({
  head,
  measures: [measure],
  value: "perSecond",
  as: "ratio",
  format: whole,
});
const added = (head: string, measure: string, value: string): Column => ({
  head,
  measures: [measure],
  value,
  as: "added",
  format: microseconds,
});

const bulkColumns: readonly Column[] = [
  rate("download, passive", "download passive"),
  rate("active", "download active"),
  rate("upload, passive", "upload passive"),
  rate("active", "upload active"),
  rate("4 at once", "download passive, 4 at once"),
  { head: "own CPU s/GiB", measures: single, value: "cpuPerGibibyte", as: "absolute", format: fixed(2) },
  { head: "machine CPU s/GiB", measures: single, value: "machineCpuPerGibibyte", as: "absolute", format: fixed(2) },
];

const controlColumns: readonly Column[] = [
  perSecond("1 KiB files/s, passive", "small files passive"),
  perSecond("active", "small files active"),
  perSecond("vsftpd, passive", "small files passive, vsftpd"),
  perSecond("active", "small files active, vsftpd"),
  added("NOOP p50", "NOOP", "p50"),
  added("p99", "NOOP", "p99"),
  perSecond("logins/s, 1 at once", "logins, 1 at once"),
  perSecond("10", "logins, 10 at once"),
  perSecond("50", "logins, 50 at once"),
  perSecond("vsftpd, 10", "logins, 10 at once, vsftpd"),
  { head: "KiB/idle session", measures: ["idle sessions"], value: "kibPerSession", as: "absolute", format: fixed(1) },
  added("PASV p50", "PASV", "p50"),
  added("p99", "PASV", "p99"),
];

const cpuEach = (head: string, measure: string): Column => ({
  head,
  measures: [measure],
  value: "cpuEach",
  as: "absolute",
  format: microseconds,
});

const cpuColumns: readonly Column[] = [
  cpuEach("1 KiB file, passive", "small files passive"),
  cpuEach("active", "small files active"),
  cpuEach("NOOP", "NOOP"),
  cpuEach("login, 1 at once", "logins, 1 at once"),
  cpuEach("10", "logins, 10 at once"),
  cpuEach("50", "logins, 50 at once"),
];

const base = "direct";

function cell(rows: readonly Row[], { name, kind }: Participant, column: Column): string {
  const own = absolute(rows, name, column);
  if (own === undefined) {
    const failed = rows.some(
      (row) => row.contender === name && column.measures.includes(row.measure) && "failed" in row,
    );
    return failed ? "failed" : "";
  }
  // Whoever has no process of its own has used nothing of its own.
  if (kind === "direct" && (column.value === "cpuPerGibibyte" || column.value === "cpuEach")) return "";
  if (kind === "direct" || column.as === "absolute") return column.format(own) + rangeOf(rows, name, column);
  const compare = column.as === "ratio" ? ratio : difference;
  const figure = compared(rows, name, base, column, compare);
  if (figure === undefined) return "";
  if (column.as === "ratio") return figure.toFixed(2);
  return `${figure < 0 ? "" : "+"}${column.format(figure)}`;
}

function rangeOf(rows: readonly Row[], name: string, column: Column): string {
  const ends = column.hasRange === true ? range(rows, name, column) : undefined;
  return ends === undefined ? "" : ` (${ends.map((end) => column.format(end)).join("–")})`;
}

/** Columns of what was not measured, and contenders without any figure, are left out; undefined if nothing remains. */
export function table({ participants, rows }: Findings, columns: readonly Column[]): string | undefined {
  const grid = participants.map((participant) => columns.map((column) => cell(rows, participant, column)));
  const shown = columns.map((_, index) => grid.some((line) => line[index] !== ""));
  const keep = (cells: Cells): string[] => cells.filter((_, index) => shown[index]);
  const body = participants.flatMap(({ title }, index) => {
    const cells = keep(grid[index] ?? []);
    return cells.some((text) => text !== "") ? [[title, ...cells.map((text) => text || "–")]] : [];
  });
  const head = keep(columns.map((column) => column.head));
  return head.length === 0 ? undefined : formatTable(["", ...head], body);
}

/** What our gateways say themselves of the time a pinhole takes. */
function ownTimes({ participants, rows }: Findings): string[] {
  return participants.flatMap(({ name, kind }) => {
    const p50 = absolute(rows, name, { measures: ["PASV"], value: "ownP50" });
    const p99 = absolute(rows, name, { measures: ["PASV"], value: "ownP99" });
    if (kind !== "ours" || p50 === undefined || p99 === undefined) return [];
    return [`${name} about ${microseconds(p50)} / ${microseconds(p99)}`];
  });
}

/** How long a scrape of our gateways takes while all idle sessions are there. */
function scrapeTimes({ participants, rows }: Findings): string[] {
  return participants.flatMap(({ name, kind }) => {
    const [p50, p99, sessions] = ["scrapeP50", "scrapeP99", "sessions"].map((value) =>
      absolute(rows, name, { measures: ["idle sessions"], value }),
    );
    if (kind !== "ours" || p50 === undefined || p99 === undefined || sessions === undefined) return [];
    return [`${name} about ${milliseconds(p50)} / ${milliseconds(p99)} at ${whole(sessions)} sessions`];
  });
}

export type Setting = {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly size: string;
};

/** A reason may be the last words of a program; all of them are in the file of figures. */
const longestReason = 160;
const shorten = (text: string): string =>
  text.length <= longestReason ? text : `${text.slice(0, longestReason - 1).trimEnd()}…`;

/** The whole report as Markdown; undefined where nothing of it was measured. */
export function formatReport(findings: Findings, { date, machine, rounds, size }: Setting): string | undefined {
  const parts: (string | undefined)[] = [
    `Measured on ${date}: ${machine}; ${rounds} interleaved round${rounds === 1 ? "" : "s"}, medians. Client, edge and server are network namespaces of one machine and share its cores. \`direct\` in figures, the edge routing with connection tracking; the others compared with it in the same round: rates as a part of it, times as what comes on top.`,
  ];
  const bulk = table(findings, bulkColumns);
  if (bulk !== undefined) parts.push(`One file of ${size}, and four of a quarter at once:`, bulk);
  const control = table(findings, controlColumns);
  if (control !== undefined)
    parts.push("Small files over one control connection, control connections, pinholes:", control);
  const cpu = table(findings, cpuColumns);
  if (cpu !== undefined) parts.push("Their own CPU for each:", cpu);
  const times = ownTimes(findings);
  if (times.length > 0) parts.push(`Opening a pinhole by the gateways' own metric, p50 / p99: ${times.join("; ")}.`);
  const scraped = scrapeTimes(findings);
  if (scraped.length > 0) parts.push(`Reading \`/metrics\`, p50 / slowest: ${scraped.join("; ")}.`);
  if (parts.length === 1) return undefined;
  return [...parts, ...trailers(findings)].filter((part) => part !== undefined).join("\n\n");
}

/** Who was not measured, and what is odd. */
export function trailers(findings: Findings): string[] {
  const parts: string[] = [];
  const skipped = findings.skipped.map(({ name, reason }) => `${name} (${shorten(reason)})`);
  if (skipped.length > 0) parts.push(`Not measured: ${skipped.join("; ")}.`);
  const remarks = findings.participants.flatMap(({ name, remark }) =>
    remark === undefined ? [] : [`${name}: ${shorten(remark)}`],
  );
  if (remarks.length > 0) parts.push(`To be read with care: ${remarks.join("; ")}.`);
  return parts;
}
