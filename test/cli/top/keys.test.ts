import fc from "fast-check";
import { expect, test } from "vitest";
import { readKeys } from "../../../src/cli/top/keys.ts";

test("keys that have no character are known by what terminals send for them", () => {
  const bytes = "\u001b[A\u001b[B\u001bOA\u001b[5~\u001b[6~\u001b[H\u001b[F\r\u0003q";
  expect(readKeys(bytes)).toEqual([
    "up",
    "down",
    "up",
    "page-up",
    "page-down",
    "home",
    "end",
    "enter",
    "interrupt",
    "q",
  ]);
});

test("an escape alone is the escape key, and a sequence that nobody knows is no key", () => {
  expect(readKeys("\u001b")).toEqual(["escape"]);
  expect(readKeys("\u001b[1;5C\u001b[200~s\u00e4")).toEqual(["s"]);
});

test("whatever is typed, it does not throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (bytes) => void readKeys(bytes)));
});
