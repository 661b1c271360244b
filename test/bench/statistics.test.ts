import { expect, test } from "vitest";
import type { Row } from "./row.ts";
import { absolute, compared, difference, median, ratio } from "./statistics.ts";

test.each([
  { values: [3], middle: 3 },
  { values: [9, 1, 5], middle: 5 },
  { values: [10, 9, 1, 2], middle: 5.5 },
])("the median of $values is $middle", ({ values, middle }) => {
  expect(median(values)).toBe(middle);
});

test("nothing has no median", () => {
  expect(median([])).toBeUndefined();
});

const speed = (round: number, contender: string, figure: number, measure = "down"): Row => ({
  round,
  measure,
  contender,
  values: { speed: figure },
});
const selection = { measures: ["down", "up"], value: "speed" };

test("a ratio is taken within each round before the median, so a slow round does not count against one side", () => {
  const rows = [
    ...[speed(1, "direct", 1000), speed(1, "own", 900)],
    ...[speed(2, "direct", 100), speed(2, "own", 90)],
    ...[speed(3, "direct", 2000), speed(3, "own", 1000)],
  ];
  expect(compared(rows, "own", "direct", selection, ratio)).toBe(0.9);
  expect(absolute(rows, "own", selection)).toBe(900);
});

test("measures that are put together are compared each with its own", () => {
  const rows = [
    ...[speed(1, "direct", 10), speed(1, "own", 13)],
    ...[speed(1, "direct", 100, "up"), speed(1, "own", 105, "up")],
  ];
  expect(compared(rows, "own", "direct", selection, difference)).toBe(4);
});

test("a round in which one side failed or was not measured does not count", () => {
  const rows: Row[] = [
    { round: 1, measure: "down", contender: "direct", failed: "connection refused" },
    speed(1, "own", 5),
    speed(2, "direct", 10),
    speed(2, "own", 5),
    speed(3, "direct", 10),
  ];
  expect(compared(rows, "own", "direct", selection, ratio)).toBe(0.5);
  expect(compared(rows, "other", "direct", selection, ratio)).toBeUndefined();
});
