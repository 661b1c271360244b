// The results of the FTPS matrix as Markdown: a table for each role of the gateway, in it a row for each client and kind of TLS, a column
// for each server.
import { clientNames } from "../clients/all.ts";
import { markdownTable } from "../markdown-table.ts";
import { exceptions, listed, mark, operationTable, totalsOf, wrapped } from "../played.ts";
import { serverKinds } from "../servers/server.ts";
import { legs, securities, tlsVersions, type Legs } from "./cells.ts";
import type { KeptTlsResult, TlsMatrixResults } from "./results.ts";

type Sessions = readonly KeptTlsResult[];

/** As in the matrix without TLS, and `(–)` where nothing can be done directly. */
function tlsMark(results: Sessions): string {
  const outcomes = results.flatMap((result) => Object.values(result.outcomes));
  const isNothing = outcomes.length > 0 && outcomes.every((outcome) => outcome !== "ok");
  const usual = mark(results);
  return usual === "(✓)" && isNothing ? "(–)" : usual;
}

type TitleOf = (name: string) => string;

function tableOf(results: Sessions, titleOf: TitleOf): string {
  const servers = serverKinds.filter((kind) => results.some(({ cell }) => cell.server === kind));
  const lines = clientNames.flatMap((client) => securities.map((security) => ({ client, security })));
  const rows = lines.flatMap(({ client, security }) => {
    const own = results.filter(({ cell }) => cell.client === client && cell.security === security);
    if (own.length === 0) return [];
    const marks = servers.map((server) =>
      tlsVersions
        .filter((version) => results.some(({ cell }) => cell.version === version))
        .map((version) => tlsMark(own.filter(({ cell }) => cell.server === server && cell.version === version)))
        .join(" "),
    );
    return [[`${titleOf(client)}, ${security}`, ...marks]];
  });
  return markdownTable(["client, TLS", ...servers.map(titleOf)], rows);
}

const headings: Readonly<Record<Legs, string>> = {
  passthrough: "TLS passes through the gateway (`passthrough`), on the way of clients that know nothing of it:",
  client: "The gateway speaks TLS with the client, and not with the server:",
  server: "The gateway speaks TLS with the server, and not with the client:",
  both: "The gateway speaks TLS with both:",
};

const legend =
  "Each pair of marks stands for the sessions with TLS 1.2 alone and with TLS 1.3 alone on the client's leg; where only the server's leg " +
  "is under TLS, it is 1.3. `✓`: every operation was done that the client offers; `(✓)`: every one that works directly; `(–)`: nothing " +
  "works directly; `✗`: one that works directly was not done; `✓↻`: one that fails directly now and then was done in a second attempt; " +
  "`–`: client or server does not have that kind of TLS.";

/** Days, one or from the first to the last. */
function days(results: Sessions): string {
  const dates = results.map(({ date }) => date).toSorted();
  const [first = "", last = ""] = [dates[0], dates.at(-1)];
  return first === last ? `On ${first}` : `From ${first} to ${last}`;
}

function summary(results: Sessions): string {
  const { asked, done, impossible, gained, faults } = totalsOf(results);
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0);
  return (
    `${days(results)}: ${results.length} sessions through the gateway with ${asked} operations, in ${Math.round(seconds)} s with those ` +
    `that they are compared with. ${done} operations were done, ${gained} of them only with the gateway; ${impossible} can't be done ` +
    `directly either; ${faults} failed that work directly.`
  );
}

const named = (results: Sessions, titleOf: TitleOf): string[] =>
  results
    .filter(({ repeated }) => repeated.length > 0)
    .map(({ cell: { client, server, security, version, legs: role }, repeated }) =>
      wrapped(`- ${titleOf(client)} with ${titleOf(server)}, ${security}, ${version}, ${role}: ${repeated.join(", ")}`),
    );

/** Paragraphs and tables, without an end of line at its end. */
export function formatTlsMatrix({ results, titles }: TlsMatrixResults): string {
  const titleOf = (name: string): string => titles[name] ?? name;
  const tables = legs.flatMap((role) => {
    const own = results.filter(({ cell }) => cell.legs === role);
    return own.length === 0 ? [] : [headings[role], tableOf(own, titleOf)];
  });
  return [
    wrapped(summary(results)),
    wrapped(legend),
    ...tables,
    "By operation:",
    operationTable(results),
    ...listed("Not done directly, nor with the gateway:", exceptions(results, titleOf)),
    ...listed("Done in a second attempt, because it fails directly too now and then:", named(results, titleOf)),
  ].join("\n\n");
}
