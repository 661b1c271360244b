// What is kept of the FTPS matrix: the last result of each session that was ever played on this machine, with its date, in a file
// beside the programs of the lab. So the matrix may be played in pieces. The table is made from it.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { clientTitle } from "../clients/all.ts";
import { program, titled } from "../programs.ts";
import { tlsCells, tlsCellTitle } from "./cells.ts";
import type { TlsResult } from "./runner.ts";

export type KeptTlsResult = Pick<TlsResult, "cell" | "direct" | "outcomes" | "repeated" | "seconds"> & {
  /** Year, month and day. */
  readonly date: string;
};

export type TlsMatrixResults = {
  /** Names with versions, of clients and servers. */
  readonly titles: Readonly<Record<string, string>>;
  readonly results: readonly KeptTlsResult[];
};

const file = path.resolve(import.meta.dirname, "../../../node_modules/.cache/ftp-alg-lab/ftps.json");

export async function keptTlsResults(): Promise<TlsMatrixResults> {
  if (!existsSync(file)) return { titles: {}, results: [] };
  return JSON.parse(await readFile(file, "utf8")) as TlsMatrixResults;
}

let writing: Promise<void> = Promise.resolve();

/** In the order of the matrix; what it no longer has is dropped. One after the other. */
export function keepTlsResults(results: readonly TlsResult[]): Promise<void> {
  writing = writing.then(() => addToKept(results));
  return writing;
}

async function addToKept(results: readonly TlsResult[]): Promise<void> {
  const kept = await keptTlsResults();
  const date = new Date().toISOString().slice(0, 10);
  const known = new Map(kept.results.map((result) => [tlsCellTitle(result.cell), result]));
  const titles: Record<string, string> = { ...kept.titles };
  for (const { cell, direct, outcomes, repeated, seconds } of results) {
    known.set(tlsCellTitle(cell), { cell, direct, outcomes, repeated, seconds, date });
    titles[cell.client] = await clientTitle(cell.client);
    titles[cell.server] = titled(await program(cell.server));
  }
  const ordered = tlsCells.flatMap((cell) => known.get(tlsCellTitle(cell)) ?? []);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify({ titles, results: ordered } satisfies TlsMatrixResults));
  await rename(`${file}.new`, file);
}
