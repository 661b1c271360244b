import { expect, test } from "vitest";
import { createRowPrinter, grownTrace } from "../../src/cli/growing-trace.ts";

test("a trace from the beginning stands for itself", () => {
  expect(grownTrace(["a"], ["a", "b"])).toEqual(["a", "b"]);
});

test("what the gateway has forgotten is kept, and what it adds joins at the right place", () => {
  const grown = grownTrace(["a", "b", "a", "b"], ["(2 earlier steps are not kept any more)", "a", "b", "c"]);
  expect(grown).toEqual(["a", "b", "a", "b", "c"]);
});

test("where more was forgotten than was known there is a gap that says so", () => {
  const notice = "(9 earlier steps are not kept any more)";
  expect(grownTrace(["a"], [notice, "x", "y"])).toEqual(["a", notice, "x", "y"]);
});

test("a drawing that has lost its beginning keeps its head once", () => {
  const grown = grownTrace(
    ["client server", "a", "b"],
    ["client server", "│ 1 earlier steps are not kept any more │", "b", "c"],
  );
  expect(grown).toEqual(["client server", "a", "b", "c"]);
});

function printing() {
  let text = "";
  const print = createRowPrinter((more) => void (text += more));
  return (rows: readonly string[], isWhole = false) => {
    text = "";
    print(rows, isWhole);
    return text;
  };
}

test("a row is printed once, when it was drawn the same twice", () => {
  const print = printing();
  expect(print(["a", "b"])).toBe("");
  expect(print(["a", "b", "c"])).toBe("a\nb\n");
  expect(print(["a", "b", "c"])).toBe("c\n");
  expect(print(["a", "b", "c"])).toBe("");
});

test("at the end all rows are printed, those that have changed again", () => {
  const print = printing();
  print(["a", "b"]);
  expect(print(["a", "b"])).toBe("a\nb\n");
  expect(print(["a", "B", "c"], true)).toBe("B\nc\n");
});
