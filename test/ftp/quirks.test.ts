import { expect, test } from "vitest";
import { noQuirks, quirks } from "../../src/ftp/quirks.ts";

test("every quirk is one kebab-case word, and none stands twice", () => {
  expect(quirks.filter((quirk) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(quirk))).toEqual([]);
  expect(new Set(quirks).size).toBe(quirks.length);
});

test("the shared empty list is empty", () => {
  expect(noQuirks).toEqual([]);
});
