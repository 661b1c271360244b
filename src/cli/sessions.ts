// Sessions, `ftp-alg sessions`: what the gateway keeps of its sessions, as a table, those that began last first.
import { nearest } from "../config/nearest.ts";
import type { SessionAnswer, StatusAnswer } from "../observe/api/schemas.ts";
import { escapeUnprintable } from "../observe/unprintable.ts";
import type { Io } from "../process/io.ts";
import { adminError, type AdminClient } from "./admin-client.ts";
import { formatBytes } from "./amounts.ts";
import { formatJson } from "./json-output.ts";
import { localTime, type LocalTime } from "./local-time.ts";
import { paintFor, type Paint } from "./style.ts";
import { formatTable, type Column } from "./table.ts";
import { wrapped } from "./wrapped.ts";

export type SessionsWanted = {
  readonly failed: boolean;
  readonly gateway?: string | undefined;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
  readonly limit: number;
  readonly json: boolean;
};

type Page = { readonly sessions: readonly SessionAnswer[]; readonly next?: string };

/** As many as the API gives at once. */
const pageLimit = 1000;

/** Returns the exit code. Rejects with an AdminError. */
export async function printSessions(client: AdminClient, wanted: SessionsWanted, io: Io): Promise<number> {
  const { sessions, hasMore } = await askSessions(client, wanted);
  if (sessions.length === 0) await checkGateway(client, wanted.gateway);
  if (wanted.json) {
    io.out(formatJson({ sessions }));
    return 0;
  }
  if (sessions.length === 0) {
    io.err(`no ${isNarrowed(wanted) ? "such session" : "session"} is kept\n`);
    return 0;
  }
  io.out(formatSessions(sessions, { timeOf: localTime(), width: io.columns, paint: paintFor(io) }));
  if (hasMore) io.err(`(there are more than ${wanted.limit}; --limit shows them)\n`);
  return 0;
}

async function askSessions(client: AdminClient, wanted: SessionsWanted) {
  const sessions: SessionAnswer[] = [];
  let before: string | undefined;
  for (;;) {
    const limit = Math.min(pageLimit, wanted.limit - sessions.length);
    const query = new URLSearchParams({ limit: String(limit), ...(before !== undefined && { before }) });
    if (wanted.failed) query.set("failed", "true");
    for (const key of ["gateway", "client", "user"] as const) {
      const value = wanted[key];
      if (value !== undefined) query.set(key, value);
    }
    const page = await client.json<Page>(`/api/sessions?${query.toString()}`);
    sessions.push(...page.sessions);
    before = page.next;
    if (before === undefined || sessions.length >= wanted.limit) return { sessions, hasMore: before !== undefined };
  }
}

function isNarrowed({ failed, gateway, client, user }: SessionsWanted): boolean {
  return failed || gateway !== undefined || client !== undefined || user !== undefined;
}

/** Rejects if no gateway has that name. */
export async function checkGateway(client: AdminClient, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { gateways } = await client.json<StatusAnswer>("/api/status");
  const names = gateways.map((gateway) => gateway.name);
  if (!names.includes(name)) throw adminError(404, unknownGateway(name, names));
}

export function unknownGateway(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return `no gateway is called ${name}; ${meant === undefined ? `there is ${names.join(", ")}` : `did you mean ${meant}?`}`;
}

const columns: readonly Column[] = [
  { head: "TIME" },
  { head: "SESSION" },
  { head: "GATEWAY", least: 7, enough: 10 },
  // An IPv4 address with its port.
  { head: "CLIENT", least: 12, enough: 21 },
  { head: "SERVER", least: 12, enough: 21 },
  { head: "USER", least: 8 },
  { head: "STATE", least: 8, enough: 12 },
  { head: "TRANSFERS", isNumber: true },
  { head: "UP", isNumber: true },
  { head: "DOWN", isNumber: true },
];

/** On a narrower terminal some are left out. */
const allColumnsFrom = 110;
const leftOut = new Set(["SERVER", "TRANSFERS"]);

export type TableLook = { readonly timeOf: LocalTime; readonly width: number | undefined; readonly paint: Paint };

/** On a terminal a failure stands below its session; elsewhere it is the last column, so that a line is a session. */
export function formatSessions(sessions: readonly SessionAnswer[], { timeOf, width, paint }: TableLook): string {
  const rows = sessions.map((session) => cellsOf(session, timeOf));
  if (width === undefined) {
    const all = rows.map((row, at) => [...row, failureOf(sessions[at])]);
    return `${formatTable([...columns, { head: "FAILURE" }], all).join("\n")}\n`;
  }
  // Where there is not room for all, endpoints are worth more whole than in pieces.
  const shown = columns.map(({ head }) => width >= allColumnsFrom || !leftOut.has(head));
  const [head = "", ...lines] = formatTable(
    columns.filter((_, at) => shown[at]),
    rows.map((row) => row.filter((_, at) => shown[at])),
    width,
  );
  const below = (session: SessionAnswer | undefined): readonly string[] => {
    if (session?.failure === undefined) return [];
    return wrapped(failureOf(session), "  ↳ ", width).map((line) => paint("red", line));
  };
  return `${[paint("bold", head), ...lines.flatMap((line, at) => [line, ...below(sessions[at])])].join("\n")}\n`;
}

function cellsOf(session: SessionAnswer, timeOf: LocalTime): readonly string[] {
  const { id, gateway, client, server = "-", user = "-", end, transferCount, bytesUp, bytesDown, startedAt } = session;
  const texts = [timeOf(startedAt), id, gateway, client, server, user, end?.reason ?? "live"];
  const numbers = [String(transferCount), formatBytes(bytesUp), formatBytes(bytesDown)];
  return [...texts.map(escapeUnprintable), ...numbers];
}

function failureOf(session: SessionAnswer | undefined): string {
  const failure = session?.failure;
  return failure === undefined ? "" : escapeUnprintable(`${failure.hop}: ${failure.sentence}`);
}
