// Generations: up to four processes of one configuration, of which each takes the place of the one before, have kernel planes at the
// same time. Each has a table and a part of the numbers of transfers of its own; the mark is the same, so that rules of
// an administrator's hold for all of them.
import type { SystemCalls } from "../../sockets/system-calls.ts";
import type { Marks } from "./marks.ts";
import { nft } from "./nftables/nft.ts";
import { removeTable } from "./nftables/table.ts";
import { ownTable, type TableOwner } from "./nftables/table-owner.ts";

/** `base` to `base` + `last`, a row of ones below all that `base` has. */
export type Numbers = { readonly base: number; readonly last: number };

export type Generation = { readonly table: string; readonly numbers: Numbers; readonly owner: TableOwner };

const most = 4;

/** `ftp_alg`, `ftp_alg.2`, … No table of a configuration has a dot in its name. */
export function generationTable(table: string, index: number): string {
  return index === 0 ? table : `${table}.${index + 1}`;
}

export function generationNumbers({ numbers }: Pick<Marks, "numbers">, index: number): Numbers {
  const size = (numbers + 1) / most;
  return { base: index * size, last: size - 1 };
}

/** The first one, or with `isSuccessor` the first that no living process has; or why there is none. */
export function ownGeneration(
  calls: SystemCalls,
  { table, marks }: { readonly table: string; readonly marks: Marks },
  isSuccessor: boolean,
  warn: (text: string) => void,
): Generation | { readonly obstacle: string } {
  let obstacle = "";
  for (let index = 0; index < (isSuccessor ? most : 1); index++) {
    const own = generationTable(table, index);
    const owner = ownTable(calls, own, warn);
    if (!("obstacle" in owner)) return { table: own, numbers: generationNumbers(marks, index), owner };
    obstacle ||= owner.obstacle;
  }
  return { obstacle };
}

/** Takes away the tables of other generations whose process was killed. */
export async function removeAbandoned(calls: SystemCalls, table: string, own: string): Promise<void> {
  const listed = await nft(["list", "tables", "inet"]);
  if (!listed.ok) return;
  const there = new Set(listed.output.split("\n").map((line) => line.replace(/^table inet /, "")));
  for (let index = 1; index < most; index++) {
    const other = generationTable(table, index);
    if (other === own || !there.has(other)) continue;
    const owner = ownTable(calls, other, () => {});
    if ("obstacle" in owner) continue;
    await removeTable(other);
    owner.close();
  }
}
