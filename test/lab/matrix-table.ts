// The results of the matrix as Markdown: a row for each client and mode, a column for each server.
import { clearClientNames, type ClientName } from "./clients/all.ts";
import { bothModes, type Mode } from "./clients/client.ts";
import { families, isCrossing, modesOfClient, serverModes, type ServerMode } from "./matrix.ts";
import type { KeptResult, MatrixResults } from "./matrix-results.ts";
import { markdownTable, type Row } from "./markdown-table.ts";
import { faults } from "./matrix-runner.ts";
import { operationNames, type OperationName } from "./operations.ts";
import { serverKinds, type ServerKind } from "./servers/server.ts";

type Sessions = readonly KeptResult[];

/**
 * `✓` everything was done, `(✓)` all that works directly was, `✗` something that works directly was not, `✓↻` likewise done,
 * partly in the second attempt because it fails directly too now and then, `–` there is nothing to play.
 */
function mark(results: Sessions): string {
  if (results.length === 0) return "–";
  if (results.some((result) => faults(result).length > 0)) return "✗";
  if (results.some(({ repeated }) => repeated.length > 0)) return "✓↻";
  return results.every(({ outcomes }) => Object.values(outcomes).every((outcome) => outcome === "ok")) ? "✓" : "(✓)";
}

type Line = { readonly client: ClientName; readonly mode: Mode };

const lines: readonly Line[] = clearClientNames.flatMap((client) =>
  bothModes.filter((mode) => modesOfClient(client).includes(mode)).map((mode) => ({ client, mode })),
);

const of = (results: Sessions, { client, mode }: Line, server: ServerKind): Sessions =>
  results.filter(({ cell }) => cell.client === client && cell.mode === mode && cell.server === server);

/** A mark for each of the groups that the sessions of a client, its mode and a server fall into. */
function clientTable(
  kept: MatrixResults,
  sessions: Sessions,
  groups: readonly ((one: KeptResult) => boolean)[],
): string {
  const { clients: titles, servers } = kept;
  const played = lines.filter((line) => sessions.some(({ cell }) => cell.client === line.client));
  const row = (line: Line): Row => [
    `${titles[line.client] ?? line.client}, ${line.mode}`,
    ...serverKinds.map((server) => {
      const own = of(sessions, line, server);
      return groups.map((group) => mark(own.filter(group))).join(" ");
    }),
  ];
  return markdownTable(["client, its mode", ...serverKinds.map((kind) => servers[kind] ?? kind)], played.map(row));
}

const alikeTable = (kept: MatrixResults): string =>
  clientTable(
    kept,
    kept.results.filter(({ cell }) => !isCrossing(cell)),
    serverModes.map(
      (mode) =>
        ({ cell }) =>
          cell.serverMode === mode,
    ),
  );

const crossingTable = (kept: MatrixResults): string =>
  clientTable(
    kept,
    kept.results.filter(({ cell }) => isCrossing(cell)),
    families.map(
      (family) =>
        ({ cell }) =>
          cell.clientFamily === family,
    ),
  );

/** What was asked of the gateway, what it did, and what could not be done without it either. */
export type Totals = {
  readonly asked: number;
  readonly done: number;
  /** Directly neither. */
  readonly impossible: number;
  /** Of those done: what does not work directly. */
  readonly gained: number;
  readonly faults: number;
};

export function totalsOf(results: Sessions, only?: OperationName): Totals {
  const totals = { asked: 0, done: 0, impossible: 0, gained: 0, faults: 0 };
  for (const { direct, outcomes } of results) {
    for (const [operation, outcome] of Object.entries(outcomes) as [OperationName, string][]) {
      if (only !== undefined && operation !== only) continue;
      const [isDone, isDoneDirectly] = [outcome === "ok", direct[operation] === "ok"];
      totals.asked += 1;
      if (isDone) totals.done += 1;
      if (isDone && !isDoneDirectly) totals.gained += 1;
      if (!isDone) totals[isDoneDirectly ? "faults" : "impossible"] += 1;
    }
  }
  return totals;
}

function operationTable({ results }: MatrixResults): string {
  const rows = operationNames.map((operation) => {
    const { asked, done, impossible, gained, faults: failed } = totalsOf(results, operation);
    return [operation, ...[asked, done, gained, impossible, failed].map(String)];
  });
  const { asked, done, impossible, gained, faults: failed } = totalsOf(results);
  const head = ["operation", "asked", "done", "of these only with the gateway", "directly neither", "failed"];
  return markdownTable(head, [...rows, ["all", ...[asked, done, gained, impossible, failed].map(String)]]);
}

/** `aioftp 0.21.4: latin1 name with curl, lftp` for everything that is not done with the gateway and not without it. */
function exceptions({ results, servers }: MatrixResults): string[] {
  const found = new Map<ServerKind, Map<OperationName, Set<ClientName>>>();
  for (const { cell, direct, outcomes } of results) {
    for (const [operation, outcome] of Object.entries(outcomes) as [OperationName, string][]) {
      if (outcome === "ok" || direct[operation] === "ok") continue;
      const byOperation = found.get(cell.server) ?? new Map<OperationName, Set<ClientName>>();
      found.set(cell.server, byOperation);
      byOperation.set(operation, (byOperation.get(operation) ?? new Set<ClientName>()).add(cell.client));
    }
  }
  return [...found].map(([server, byOperation]) => {
    const parts = [...byOperation].map(([operation, names]) => `${operation} with ${[...names].toSorted().join(", ")}`);
    return wrapped(`- ${servers[server] ?? server}: ${parts.join("; ")}`).replaceAll("\n", "\n  ");
  });
}

const repeatedIn = (results: Sessions): string[] =>
  results
    .filter(({ repeated }) => repeated.length > 0)
    .map(({ cell, repeated }) => `- ${cell.client}, ${cell.mode}, with ${cell.server}: ${repeated.join(", ")}`);

const listed = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [title, items.join("\n")];

const modeNames = serverModes.map((mode: ServerMode) => `\`${mode}\``).join(", ");

/** A paragraph in lines as long as this repository has them. */
const wrapped = (text: string): string => text.replace(/(?=.{129})(.{1,128}) /g, "$1\n");

/** The whole report: paragraphs and tables, without an end of line at its end. */
export function formatMatrix(kept: MatrixResults): string {
  const { results, date, seconds } = kept;
  const { asked, done, impossible, gained, faults: failed } = totalsOf(results);
  const summary =
    `On ${date}: ${results.length} sessions through the gateway with ${asked} operations, in ${Math.round(seconds)} s. ` +
    `${done} operations were done, ${gained} of them only with the gateway; ${impossible} can't be done directly either; ` +
    `${failed} failed that work directly.`;
  const legend =
    `Each mark stands for the sessions over IPv4 and IPv6 with one \`serverSide.mode\`, in the order ${modeNames}. ` +
    "`✓`: every operation was done that the client offers; `(✓)`: every one that works directly; `✗`: one that works " +
    "directly was not; `✓↻`: one that fails directly now and then was done in a second attempt; `–`: the server does not " +
    "have that mode, or the client not that family. 64 MiB are moved once by each client from each server in each pair of " +
    "modes, over IPv4.";
  return [
    wrapped(summary),
    wrapped(legend),
    alikeTable(kept),
    "Across address families: an IPv4 client with an IPv6 server, and an IPv6 client with an IPv4 server (`same`).",
    crossingTable(kept),
    "By operation:",
    operationTable(kept),
    ...listed("Not done directly, nor with the gateway:", exceptions(kept)),
    ...listed("Done in a second attempt, because it fails directly too now and then:", repeatedIn(results)),
  ].join("\n\n");
}
