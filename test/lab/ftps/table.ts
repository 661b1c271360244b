// The results of the FTPS matrix as Markdown: a row for each client and kind of TLS, a column for each server.
import { clientNames, type ClientName } from "../clients/all.ts";
import { markdownTable } from "../markdown-table.ts";
import { serverKinds } from "../servers/server.ts";
import { tlsVersions, type TlsCell } from "./cells.ts";
import { tlsFaults, type TlsResult } from "./runner.ts";

/** As in the matrix without TLS; the version is that of both. */
function mark(result: TlsResult | undefined): string {
  if (result === undefined) return "–";
  if (Object.keys(tlsFaults(result)).length > 0) return "✗";
  if (result.repeated.length > 0) return "✓↻";
  const outcomes = Object.values(result.outcomes);
  if (outcomes.every((outcome) => outcome === "ok")) return "✓";
  return outcomes.some((outcome) => outcome === "ok") ? "(✓)" : "(–)";
}

type Line = Pick<TlsCell, "security" | "legs"> & { readonly client: ClientName };

/** `titleOf`: a program with its version. */
export function formatTlsMatrix(results: readonly TlsResult[], titleOf: (name: string) => string): string {
  const lines = new Map<string, Line>();
  for (const client of clientNames)
    for (const { cell } of results)
      if (cell.client === client) lines.set(`${client} ${cell.legs} ${cell.security}`, { ...cell, client });
  const servers = serverKinds.filter((kind) => results.some(({ cell }) => cell.server === kind));
  const rows = [...lines.values()].map((line) => [
    `${titleOf(line.client)}, ${line.security}, ${line.legs}`,
    ...servers.map((server) =>
      tlsVersions
        .map((version) => {
          const isMeant = ({ cell }: TlsResult): boolean =>
            cell.server === server && cell.version === version && cell.client === line.client;
          return mark(
            results.find((one) => isMeant(one) && one.cell.security === line.security && one.cell.legs === line.legs),
          );
        })
        .join(" "),
    ),
  ]);
  return markdownTable(["client, TLS, role of the gateway", ...servers.map(titleOf)], rows);
}
