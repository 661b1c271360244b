import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { formatTable, replaceSection } from "./markdown.ts";

const table = formatTable(
  ["", "rate", "NOOP p50"],
  [
    ["direct", "2231 MiB/s", "20 µs"],
    ["nf_nat_ftp (kernel helper)", "0.96", "–"],
    ["**ftp-alg, relay**", "0.70", "+41 µs"],
  ],
);

test("a table has names on the left and figures on the right", () => {
  expect(table).toBe(
    [
      "|                            |       rate | NOOP p50 |",
      "| -------------------------- | ---------: | -------: |",
      "| direct                     | 2231 MiB/s |    20 µs |",
      "| nf_nat_ftp (kernel helper) |       0.96 |        – |",
      "| **ftp-alg, relay**         |       0.70 |   +41 µs |",
    ].join("\n"),
  );
});

test("a table is laid out as the formatter of the repository does it", () => {
  const root = path.resolve(import.meta.dirname, "../..");
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-markdown-"));
  try {
    const file = path.join(folder, "table.md");
    writeFileSync(file, `${table.replaceAll("  ", " ")}\n`);
    const { status } = spawnSync(path.join(root, "node_modules/.bin/oxfmt"), ["table.md"], { cwd: folder });
    expect(status).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(`${table}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a section is replaced between its marks and nowhere else", () => {
  const document = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nz\n";
  const changed = "a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nz\n";
  expect(replaceSection(document, "bench", "new")).toBe(changed);
  expect(replaceSection(changed, "bench", "new")).toBe(changed);
});

test.each(["no marks", "<!-- bench:begin -->", "<!-- bench:end --><!-- bench:begin -->"])(
  "a document without both marks in order is not touched: %s",
  (document) => {
    expect(replaceSection(document, "bench", "new")).toBeUndefined();
  },
);
