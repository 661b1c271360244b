import { expect, test } from "vitest";
import { wrapped } from "../../src/cli/wrapped.ts";

test("text is wrapped at 80 columns, further lines below the first word", () => {
  const lines = wrapped("word ".repeat(30).trim(), "  name  ");
  expect(lines.length).toBe(3);
  expect(lines[0]).toMatch(/^ {2}name {2}word word/);
  expect(lines[1]).toMatch(/^ {8}word/);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
});

test("a word that is longer than a line stays whole", () => {
  expect(wrapped(`a ${"x".repeat(90)} b`, "")).toEqual(["a", "x".repeat(90), "b"]);
});
