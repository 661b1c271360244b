// The results of the matrix as Markdown: a row for each client and mode, a column for each server.
import { clearClientNames, type ClientName } from "./clients/all.ts";
import { bothModes, type Mode } from "./clients/client.ts";
import { families, isCrossing, modesOfClient, serverModes, type ServerMode } from "./matrix.ts";
import type { KeptResult, MatrixResults } from "./matrix-results.ts";
import { markdownTable, type Row } from "./markdown-table.ts";
import { exceptions, listed, mark, operationTable, totalsOf, wrapped } from "./played.ts";
import { serverKinds, type ServerKind } from "./servers/server.ts";

type Sessions = readonly KeptResult[];

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

const repeatedIn = (results: Sessions): string[] =>
  results
    .filter(({ repeated }) => repeated.length > 0)
    .map(({ cell, repeated }) => `- ${cell.client}, ${cell.mode}, with ${cell.server}: ${repeated.join(", ")}`);

const modeNames = serverModes.map((mode: ServerMode) => `\`${mode}\``).join(", ");

/** The whole report: paragraphs and tables, without an end of line at its end. */
export function formatMatrix(kept: MatrixResults): string {
  const { results, date, seconds, servers } = kept;
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
    operationTable(results),
    ...listed(
      "Not done directly, nor with the gateway:",
      exceptions(results, (server) => servers[server] ?? server),
    ),
    ...listed("Done in a second attempt, because it fails directly too now and then:", repeatedIn(results)),
  ].join("\n\n");
}
