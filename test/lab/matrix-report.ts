// `node test/lab/matrix-report.ts`: writes the table of the last run of the matrix into test/README.md, between its marks.
import { readFile, writeFile } from "node:fs/promises";
import { replaceSection } from "../bench/markdown.ts";
import { resultsBook } from "../books.ts";
import { keptResults } from "./matrix-results.ts";
import { formatMatrix } from "./matrix-table.ts";

const kept = await keptResults();
if (kept === undefined)
  throw new Error("there are no results: run `npm test -- test/lab/matrix.test.ts` as root first");
const changed = replaceSection(await readFile(resultsBook, "utf8"), "matrix", formatMatrix(kept));
if (changed === undefined) throw new Error(`${resultsBook} has no place for the table (matrix:begin, matrix:end)`);
await writeFile(resultsBook, changed);
