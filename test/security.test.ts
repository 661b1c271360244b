// The threat model: every test that it names is there, under that title.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { books, root } from "./books.ts";

const model = books.get(".github/SECURITY.md") ?? "";
const rows = [...model.matchAll(/\]\((\.\.\/test\/[^)]+)\)(?:: "((?:[^"\\]|\\.)+)")?/g)].map(
  ([, file = "", title]) => ({ file, title }),
);

test("every test that the threat model names is there, under that title", () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const { file, title } of rows) {
    const text = readFileSync(path.join(root, ".github", file), "utf8");
    if (title !== undefined) expect(text, file).toContain(title.replaceAll('\\"', '"'));
  }
});

test("every row of the threat model names a test", () => {
  const named = model
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:-|a \w+(?: \w+)? (?:may|is) not)/.test(line));
  expect(named.length).toBeGreaterThan(20);
  for (const line of named) expect(line).toContain("](../test/");
});
