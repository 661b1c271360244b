import { expect, test } from "vitest";
import { cut, formatTable, padded } from "../../src/cli/table.ts";

const columns = [{ head: "NAME", least: 4 }, { head: "BYTES", isNumber: true }, { head: "NOTE" }] as const;

test("columns are as wide as their widest cell, numbers stand at the right, and no line ends with blanks", () => {
  expect(
    formatTable(columns, [
      ["anna", "1"],
      ["b", "20", "x"],
    ]),
  ).toEqual(["NAME  BYTES  NOTE", "anna      1", "b        20  x"]);
});

test("where the terminal is narrower, the widest column that may shrink is cut, and says so", () => {
  const lines = formatTable(columns, [["a-name-of-twenty-one-", "1", "note"]], 25);
  expect(lines).toEqual(["NAME          BYTES  NOTE", "a-name-of-t…      1  note"]);
});

test("a column is never cut below what it needs, even if the terminal is too narrow then", () => {
  expect(formatTable(columns, [["a-long-name", "1", "note"]], 5)[1]).toBe("a-l…      1  note");
});

test("a column that has enough keeps it until every other one has given what it can above its own", () => {
  const two = [
    { head: "A", least: 4, enough: 10 },
    { head: "B", least: 4 },
  ];
  const row = ["a".repeat(12), "b".repeat(9)];
  expect(formatTable(two, [row], 16)[1]).toBe(`${"a".repeat(9)}…  bbb…`);
  expect(formatTable(two, [row], 12)[1]).toBe("aaaaa…  bbb…");
  expect(formatTable(two, [row], 2)[1]).toBe("aaa…  bbb…");
});

test("wide characters are padded and cut as the two columns that they take", () => {
  expect(padded("日本", 6)).toBe("日本  ");
  expect(cut("日本語", 5)).toBe("日本…");
  expect(cut("日本語", 4)).toBe("日…");
  expect(cut("abc", 0)).toBe("");
});
