import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf } from "../../../src/observe/columns.ts";
import { visible, wrapped } from "../../../src/observe/ladder/visible-text.ts";

test("hostile: control characters are shown, one column each, and what turns or hides text is a dot", () => {
  expect(visible("\u001b[2J\u0007\u007f\u009b\u00ad")).toBe("␛[2J␇␡··");
  expect(visible("\u202egpj.exe")).toBe("·gpj.exe");
});

test("bytes that are UTF-8 are letters; what XML does not allow is a dot, and marks do not pile up", () => {
  expect(visible("d\u00c3\u00bcr")).toBe("dür");
  expect(visible(Buffer.from("\uffff", "utf8").toString("latin1"))).toBe("·");
  expect(visible(`a${"\u0301".repeat(50)}`)).toBe("a\u0301\u0301");
});

test("a long text is cut between characters, and says how many more there are", () => {
  expect(visible("x".repeat(301))).toBe(`${"x".repeat(300)}… (1 more)`);
  expect(visible("😀".repeat(12), 10)).toBe(`${"😀".repeat(10)}… (2 more)`);
});

test("what is visible stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      expect(visible(visible(text))).toBe(visible(text));
    }),
  );
});

test("rows are broken at blanks, or where they must be, and hold the whole text", () => {
  expect(wrapped("150 Opening xxxxxxxx", 8)).toEqual(["150", "Opening", "xxxxxxxx"]);
  expect(wrapped("文件文件", 5)).toEqual(["文件", "文件"]);
  expect(wrapped("", 5)).toEqual([""]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 30 }), (text, columns) => {
      const rows = wrapped(text, columns);
      expect(rows.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      expect(Math.max(...rows.map(columnsOf))).toBeLessThanOrEqual(columns);
    }),
  );
});
