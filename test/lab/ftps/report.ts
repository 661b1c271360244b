// `node test/lab/ftps/report.ts`: writes the table of the FTPS matrix, as far as it was played, into test/README.md, between its marks.
import { readFile, writeFile } from "node:fs/promises";
import { replaceSection } from "../../bench/markdown.ts";
import { resultsBook } from "../../books.ts";
import { keptTlsResults } from "./results.ts";
import { formatTlsMatrix } from "./table.ts";

const kept = await keptTlsResults();
if (kept.results.length === 0) throw new Error("there are no results: run `npm run ftps` as root first");
const changed = replaceSection(await readFile(resultsBook, "utf8"), "ftps", formatTlsMatrix(kept));
if (changed === undefined) throw new Error(`${resultsBook} has no place for the table (ftps:begin, ftps:end)`);
await writeFile(resultsBook, changed);
