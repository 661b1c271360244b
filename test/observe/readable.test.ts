import fc from "fast-check";
import { expect, test } from "vitest";
import { readable } from "../../src/observe/readable.ts";

test("bytes that are UTF-8 are read as such, any other as Latin-1", () => {
  expect(readable("r\u00c3\u00a9sum\u00c3\u00a9")).toBe("r\u00e9sum\u00e9");
  expect(readable("caf\u00e9")).toBe("caf\u00e9");
  expect(readable("a\u00c3\u00a9 \u00e9")).toBe("a\u00c3\u00a9 \u00e9");
});

test("ASCII stays as it is, whatever it says", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => readable(text) === text));
});

test("what is more than bytes stays as it is", () => {
  expect(readable("\u241b \u00c3\u00a9")).toBe("\u241b \u00c3\u00a9");
});
