// `node test/lab/matrix-report.ts`: writes the table of the last run of the matrix into the README, between its marks.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { keptResults } from "./matrix-results.ts";
import { formatMatrix } from "./matrix-table.ts";

const readme = path.resolve(import.meta.dirname, "../../README.md");
const [begin, end] = ["<!-- matrix:begin -->", "<!-- matrix:end -->"];

const kept = await keptResults();
if (kept === undefined)
  throw new Error("there are no results: run `npm test -- test/lab/matrix.test.ts` as root first");
const text = await readFile(readme, "utf8");
const parts = text.split(begin).flatMap((part) => part.split(end));
const [before, , after] = parts;
if (before === undefined || after === undefined || parts.length !== 3) {
  throw new Error(`${readme} has not one place between ${begin} and ${end}`);
}
await writeFile(readme, `${before}${begin}\n\n${formatMatrix(kept)}\n\n${end}${after}`);
