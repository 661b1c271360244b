// Columns of the tables of `ftp-alg top`: what stands in them, and how wide a screen must be for each.
import type { GatewayStatusAnswer as Gateway, SessionAnswer, TransferAnswer } from "../../observe/api/schemas.ts";
import { escapeUnprintable } from "../../observe/unprintable.ts";
import { formatBytes } from "../amounts.ts";
import type { LocalTime } from "../local-time.ts";
import { cut, formatTable, type Column } from "../table.ts";
import { failuresOf, refusalsOf } from "./snapshot.ts";
import type { Sorting } from "./state.ts";

/** `from`: on screens that are so wide. */
type TopColumn<Row> = Column & { readonly of: (row: Row) => string; readonly from?: number };

/** The head, and a line for each row; none is wider than the screen. */
export function columnTable<Row>(
  all: readonly TopColumn<Row>[],
  rows: readonly Row[],
  width: number,
): readonly string[] {
  const shown = all.filter(({ from = 0 }) => width >= from);
  const cells = rows.map((row) => shown.map(({ of }) => escapeUnprintable(of(row))));
  return formatTable(shown, cells, width).map((line) => cut(line, width));
}

export const gatewayColumns: readonly TopColumn<Gateway>[] = [
  { head: "GATEWAY", least: 8, of: ({ name }) => name },
  { head: "LISTENS ON", least: 10, from: 100, of: ({ listeners }) => listeners.join(" ") },
  { head: "SESSIONS", isNumber: true, of: ({ sessions, sessionsLimit }) => `${sessions}/${sessionsLimit}` },
  { head: "TRANSFERS", isNumber: true, from: 60, of: ({ transfers }) => String(transfers) },
  { head: "PINHOLES", isNumber: true, from: 90, of: ({ pinholes }) => String(pinholes.client + pinholes.server) },
  { head: "DATA PORTS", from: 70, of: portsText },
  { head: "FAILURES", isNumber: true, of: (gateway) => String(failuresOf(gateway)) },
  { head: "REFUSALS", isNumber: true, from: 74, of: (gateway) => String(refusalsOf(gateway)) },
  { head: "BANS", isNumber: true, from: 80, of: ({ bans }) => String(bans) },
];

function portsText({ dataPorts: { client } }: Gateway): string {
  if (client === undefined) return "any";
  const all = client.free + client.open + client.resting;
  return `${bar(all === 0 ? 0 : client.open / all, 8)} ${client.open}/${all}`;
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** `transfer`: undefined of a session that has none just now. */
export type SessionRow = { readonly session: SessionAnswer; readonly transfer: TransferAnswer | undefined };

export const sessionColumns = (timeOf: LocalTime): readonly TopColumn<SessionRow>[] => [
  { head: "SESSION", of: ({ session }) => session.id },
  { head: "USER", least: 6, of: ({ session }) => session.user ?? "-" },
  { head: "CLIENT", least: 9, from: 76, of: ({ session }) => session.client },
  { head: "SINCE", from: 100, of: ({ session }) => timeOf(session.startedAt) },
  { head: "DOES", least: 12, of: doesText },
  { head: "PROGRESS", from: 60, of: progressText },
  { head: "CARRIED", isNumber: true, from: 50, of: carriedText },
  { head: "RATE", isNumber: true, of: rateText },
];

function doesText({ session, transfer }: SessionRow): string {
  if (transfer === undefined) return session.isLoggedIn ? "idle" : "logs in";
  return `${transfer.direction === "upload" ? "↑" : "↓"} ${transfer.verb} ${transfer.path}`.trimEnd();
}

function progressText({ transfer }: SessionRow): string {
  if (transfer?.state === "waiting") return "waits";
  if (transfer?.progress === undefined) return "";
  return `${bar(transfer.progress, 10)} ${String(Math.floor(transfer.progress * 100)).padStart(3)}%`;
}

function carriedText({ session, transfer }: SessionRow): string {
  return formatBytes(carriedBy(transfer ?? session));
}

function rateText({ transfer }: SessionRow): string {
  return transfer?.state === "running" ? `${formatBytes(transfer.bytesPerSecond)}/s` : "";
}

function carriedBy({ bytesUp, bytesDown }: { readonly bytesUp: number; readonly bytesDown: number }): number {
  return bytesUp + bytesDown;
}

/** A row for each transfer, and for each session that has none. */
export function sessionRows(live: readonly SessionAnswer[], sorting: Sorting): readonly SessionRow[] {
  const rows = live.flatMap((session): SessionRow[] => {
    const running = session.running.map((transfer) => ({ session, transfer }));
    return running.length > 0 ? running : [{ session, transfer: undefined }];
  });
  return rows.toSorted(comparisons[sorting]);
}

/** The answer has the newest first. */
const comparisons: Readonly<Record<Sorting, (a: SessionRow, b: SessionRow) => number>> = {
  rate: (a, b) => (b.transfer?.bytesPerSecond ?? -1) - (a.transfer?.bytesPerSecond ?? -1),
  bytes: (a, b) => carriedBy(b.session) - carriedBy(a.session),
  newest: () => 0,
  user: (a, b) => (a.session.user ?? "").localeCompare(b.session.user ?? ""),
};
