// The books: every Markdown file of the repository, and what stands between the marks in them.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

/** Where the tables of measured results stand, which programs write (`replaceSection`). */
export const resultsBook = path.join(root, "test/README.md");

/** From its path in the repository (`deploy/README.md`) to its text. */
export const books: ReadonlyMap<string, string> = new Map(
  findBooks().map((file) => [file, readFileSync(path.join(root, file), "utf8")]),
);

function findBooks(folder = ""): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const here = path.join(folder, entry.name);
    if (entry.isDirectory()) return /^(\.git|node_modules|dist|coverage)$/.test(entry.name) ? [] : findBooks(here);
    return entry.name.endsWith(".md") ? [here] : [];
  });
}

/** What stands between `<!-- mark:begin -->` and `<!-- mark:end -->` in the one book that has these marks. */
export function section(mark: string): string {
  const marked = new RegExp(`<!-- ${mark}:begin -->([^]*?)<!-- ${mark}:end -->`, "g");
  const found = [...books.values()].flatMap((text) => [...text.matchAll(marked)].map(([, inner = ""]) => inner));
  if (found.length !== 1) throw new Error(`${found.length} sections are marked ${mark}, and one should be`);
  return found[0] ?? "";
}

/** The rows of the tables in a marked section whose first cell is code; cells as they stand, but for escapes. */
export function rowsOf(mark: string): string[][] {
  const lines = section(mark)
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\\|", "|")),
  );
}

export function firstColumn(mark: string): string[] {
  return rowsOf(mark).map(([cell = ""]) => cell.replaceAll("`", ""));
}
