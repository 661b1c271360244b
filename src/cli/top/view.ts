// View of `ftp-alg top`: a snapshot as the lines of a screen.
import type { GatewayStatusAnswer, SessionAnswer } from "../../observe/api/schemas.ts";
import { escapeUnprintable } from "../../observe/unprintable.ts";
import type { ScreenSize } from "../../process/terminal.ts";
import { formatBytes, formatMs } from "../amounts.ts";
import type { LocalTime } from "../local-time.ts";
import type { Look, Paint } from "../style.ts";
import { columnsOf } from "../../observe/columns.ts";
import { cut, padded } from "../table.ts";
import { wrapped } from "../wrapped.ts";
import { columnTable, gatewayColumns, sessionColumns, sessionRows } from "./columns.ts";
import { totalsOf, type Rates, type Snapshot } from "./snapshot.ts";
import type { TopState } from "./state.ts";

export type Drawn = {
  readonly lines: readonly string[];
  /** What can be marked, as it stands. */
  readonly ids: readonly string[];
  /** Rows of the list, or of the trace. */
  readonly page: number;
};

export type TopView = {
  readonly snapshot: Snapshot;
  readonly rates: Rates;
  /** Bytes a second, the latest last. */
  readonly history: readonly number[];
  readonly url: string;
  /** Why the latest answer is missing. */
  readonly problem?: string | undefined;
};

export type TopLook = ScreenSize & { readonly paint: Paint; readonly timeOf: LocalTime; readonly now: string };

const mostGateways = 6;

export function drawTop(view: TopView, state: TopState, look: TopLook): Drawn {
  const { rows, columns } = look;
  const top = [...headLines(view, look), "", ...gatewayLines(view.snapshot, look), ""];
  const foot = keyLine(state, look);
  const room = Math.max(0, rows - top.length - 1);
  const body = state.onlyFailures
    ? failureList(view.snapshot, state, room, look)
    : lists(view.snapshot, state, room, look);
  const lines = [...top, ...body.lines];
  while (lines.length < rows - 1) lines.push("");
  return { ...body, lines: [...lines.slice(0, rows - 1), foot].map((line) => clipped(line, columns)) };
}

/** The ladder of a session in place of the lists. */
export function drawTrace(id: string, text: readonly string[], scroll: number, look: TopLook): Drawn {
  const { rows, columns, paint } = look;
  const page = Math.max(1, rows - 2);
  const from = Math.max(0, Math.min(scroll, text.length - page));
  const shown = text.slice(from, from + page);
  while (shown.length < page) shown.push("");
  const place = text.length > page ? `${from + 1}-${Math.min(text.length, from + page)} of ${text.length}` : "";
  const head = paint("bold", padded(`Session ${id}`, Math.max(0, columns - place.length)) + place);
  const foot = paint("reverse", padded(" ↑↓ scroll  esc back  ctrl-c quit", columns));
  return { lines: [head, ...shown.map((line) => cut(line, columns)), foot], ids: [], page };
}

function headLines({ snapshot, rates, history, url, problem }: TopView, look: TopLook): string[] {
  const { columns, paint, now } = look;
  const { status } = snapshot;
  const { failures, refusals } = totalsOf(status);
  const state = status.state === "draining" ? "draining" : status.ready ? "ready" : "not ready";
  const left: Part[] = [
    ["bold", `ftp-alg ${status.version}`],
    ["dim", `up ${formatMs(status.uptimeMs)}`],
    [state === "ready" ? "green" : "yellow", state],
  ];
  const right = `${url}  ${now}`;
  const blanks = columns - widthOf(left) - right.length - 2;
  const first = joined([...left, ...(blanks > 0 ? [["dim", " ".repeat(blanks - 1) + right] as const] : [])], look);
  if (problem !== undefined) return [first, paint("red", cut(`${problem} (what stands below is old)`, columns))];
  const sessions = status.gateways.reduce((sum, gateway) => sum + gateway.sessions, 0);
  const counts: Part[] = [
    ["bold", padded(`↓ ${formatBytes(rates.bytesDown)}/s`, 12)],
    ["bold", padded(`↑ ${formatBytes(rates.bytesUp)}/s`, 12)],
    [undefined, `${sessions} sessions, ${rates.sessions.toFixed(1)}/s`],
    [failures > 0 ? "red" : "dim", `${failures} failures`],
    ["dim", `${refusals} refusals`],
  ];
  const graph = Math.min(60, columns - widthOf(counts) - 2);
  if (graph >= 8) counts.splice(2, 0, ["cyan", sparkline(history, graph)]);
  return [first, joined(counts, look)];
}

type Part = readonly [look: Look | undefined, text: string];

const partGap = "  ";

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, [, text]) => sum + columnsOf(text) + partGap.length, -partGap.length);
}

/** As many of them as there is room for. */
function joined(parts: readonly Part[], { columns, paint }: TopLook): string {
  const fitting = parts.filter((_, at) => widthOf(parts.slice(0, at + 1)) <= columns);
  return fitting.map(([one, text]) => (one === undefined ? text : paint(one, text))).join(partGap);
}

const steps = "▁▂▃▄▅▆▇█";

/** The latest at the right, the highest of them as high as can be. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(Math.max(0, values.length - width));
  const most = Math.max(...shown, 1);
  const text = shown
    .map((value) => (value <= 0 ? " " : (steps[Math.min(7, Math.floor((value / most) * 8))] ?? " ")))
    .join("");
  return text.padStart(width);
}

/** Of a pool: those that are down first, which is what fits on a narrow screen. */
function serversText(servers: NonNullable<GatewayStatusAnswer["route"]["servers"]>): string | undefined {
  if (servers.length === 0) return undefined;
  const down = servers.filter(({ up }) => !up).map(({ name }) => name);
  const up = servers.filter((server) => server.up).map(({ name, sessions }) => `${name} ${sessions}`);
  const parts = [
    ...(down.length > 0 ? [`down: ${down.join(", ")}`] : []),
    ...(up.length > 0 ? [`up: ${up.join(", ")}`] : []),
  ];
  return escapeUnprintable(`servers ${parts.join("; ")}`);
}

function gatewayLines({ status }: Snapshot, { columns, paint }: TopLook): string[] {
  const [head = "", ...lines] = columnTable(gatewayColumns, status.gateways.slice(0, mostGateways), columns);
  const more = status.gateways.length - mostGateways;
  const withServers = lines.flatMap((line, index) => {
    const servers = serversText(status.gateways[index]?.route.servers ?? []);
    return servers === undefined ? [line] : [line, paint("dim", cut(`  ${servers}`, columns))];
  });
  return [paint("dim", head), ...withServers, ...(more > 0 ? [paint("dim", `and ${more} more`)] : [])];
}

/** Sessions above, the newest failures below them. */
function lists(snapshot: Snapshot, state: TopState, room: number, look: TopLook): Drawn {
  const wanted = Math.min(snapshot.failed.length, Math.max(2, Math.floor(room / 3)));
  const below = snapshot.failed.length === 0 ? 0 : Math.min(wanted + 2, Math.max(0, room - 3));
  const above = sessionList(snapshot, state, room - below, look);
  if (below === 0) return above;
  const failures = failureLines(snapshot.failed.slice(0, below - 2), look);
  const title = look.paint("bold", "Newest failures");
  const filler = Array.from({ length: Math.max(0, room - below - above.lines.length) }, () => "");
  return { ...above, lines: [...above.lines, ...filler, "", title, ...failures] };
}

function sessionList({ live }: Snapshot, state: TopState, room: number, { columns, paint, timeOf }: TopLook): Drawn {
  const sorted = sessionRows(live, state.sorting);
  const page = Math.max(0, room - 1);
  const selected = Math.min(state.selected, Math.max(0, sorted.length - 1));
  const from = Math.max(0, Math.min(selected - Math.floor(page / 2), sorted.length - page));
  const shown = sorted.slice(from, from + page);
  const [head = "", ...lines] = columnTable(sessionColumns(timeOf), shown, columns);
  const marked = lines.map((line, at) => (from + at === selected ? paint("reverse", padded(line, columns)) : line));
  const none = live.length === 0 ? [paint("dim", "No session runs.")] : [];
  return { lines: [paint("dim", head), ...marked, ...none], ids: sorted.map(({ session }) => session.id), page };
}

function failureLines(sessions: readonly SessionAnswer[], { columns, paint, timeOf }: TopLook): readonly string[] {
  const widest = Math.max(...sessions.map(({ gateway }) => gateway.length));
  return sessions.map(({ id, gateway, failure, startedAt, endedAt = startedAt }) => {
    const text = `${timeOf(endedAt)}  ${id}  ${gateway.padEnd(widest)}  `;
    const hop = (failure?.hop ?? "").padEnd(17);
    const rest = cut(escapeUnprintable(failure?.sentence ?? ""), columns - text.length - hop.length);
    return `${text}${paint("red", hop)}${rest}`;
  });
}

/** Each with its sentence and what to do, whole. */
function failureList({ failed }: Snapshot, state: TopState, room: number, look: TopLook): Drawn {
  const { columns, paint, timeOf } = look;
  const selected = Math.min(state.selected, Math.max(0, failed.length - 1));
  const blocks = failed.map(({ id, gateway, client, user = "-", failure, startedAt, endedAt = startedAt }, at) => {
    const title = padded(
      escapeUnprintable(
        `${timeOf(endedAt)}  ${id}  ${gateway}  ${client}  ${user}  ${failure?.hop ?? ""}, ${failure?.cause ?? ""}`,
      ),
      columns,
    );
    const words = wrapped(escapeUnprintable(failure?.sentence ?? ""), "  ", columns);
    const advice = wrapped(escapeUnprintable(failure?.advice ?? ""), "  → ", columns);
    return [
      at === selected ? paint("reverse", title) : paint("red", title),
      ...words,
      ...advice.map((line) => paint("dim", line)),
    ];
  });
  const title = paint("bold", failed.length === 0 ? "No session has failed." : "Failures, the newest first");
  const lines: string[] = [];
  // The marked one is in sight with as many before it as fit.
  let first = selected;
  let height = blocks[first]?.length ?? 0;
  while (first > 0 && height + (blocks[first - 1]?.length ?? 0) < room - 1) {
    first -= 1;
    height += blocks[first]?.length ?? 0;
  }
  for (const block of blocks.slice(first)) lines.push(...block);
  return { lines: [title, ...lines.slice(0, Math.max(0, room - 1))], ids: failed.map(({ id }) => id), page: 3 };
}

function keyLine({ sorting, onlyFailures, isPaused }: TopState, { columns, paint }: TopLook): string {
  const keys = [
    " q quit",
    ...(onlyFailures ? [] : [`s sort: ${sorting}`]),
    onlyFailures ? "f sessions" : "f failures",
    "↑↓ mark",
    "enter trace",
    isPaused ? "p go on (paused)" : "p pause",
  ];
  return paint("reverse", padded(keys.join("   "), columns));
}

/** Lines hold sequences of looks, which take no column; those without any are cut here. */
function clipped(line: string, columns: number): string {
  return line.includes("\u001b") ? line : cut(line, columns);
}
