// What is kept of a run of the matrix: the results without the stories, with date and versions, in a file beside the programs
// of the lab. The table is made from it.
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { clientNames, clientTitle, type ClientName } from "./clients/all.ts";
import type { CellResult } from "./matrix-runner.ts";
import { program, titled } from "./programs.ts";
import { serverKinds, type ServerKind } from "./servers/server.ts";

export type KeptResult = Omit<CellResult, "story">;

export type MatrixResults = {
  /** Year, month and day. */
  readonly date: string;
  readonly seconds: number;
  /** Names with versions. */
  readonly clients: Partial<Record<ClientName, string>>;
  readonly servers: Partial<Record<ServerKind, string>>;
  readonly results: readonly KeptResult[];
};

const file = path.resolve(import.meta.dirname, "../../node_modules/.cache/ftp-alg-lab/matrix.json");

export async function keepResults(results: Iterable<CellResult>, seconds: number): Promise<void> {
  const clients: MatrixResults["clients"] = {};
  for (const name of clientNames) clients[name] = await clientTitle(name).catch(() => name);
  const servers: MatrixResults["servers"] = {};
  for (const kind of serverKinds) servers[kind] = await program(kind).then(titled, () => kind);
  const date = new Date().toISOString().slice(0, 10);
  const kept = [...results].map(({ story: _story, ...rest }) => rest);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ date, seconds, clients, servers, results: kept } satisfies MatrixResults));
}

/** Of the last run, or undefined where there was none since that moment (milliseconds). */
export async function keptResults(since = 0): Promise<MatrixResults | undefined> {
  if (!existsSync(file) || statSync(file).mtimeMs < since) return undefined;
  return JSON.parse(await readFile(file, "utf8")) as MatrixResults;
}
