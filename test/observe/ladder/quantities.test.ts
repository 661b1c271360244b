import { expect, test } from "vitest";
import { bytesText, durationText, rateText } from "../../../src/observe/ladder/quantities.ts";

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1000, "1.0 kB"],
  [9949, "9.9 kB"],
  [9999, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [734_003_200, "734 MB"],
  [1e30, "1000000000000000 PB"],
])("%d bytes are read as %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [999.6, "1.0 s"],
  [4234, "4.2 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min"],
  [65_000, "1 min 5 s"],
  [7_380_000, "2 h 3 min"],
])("%d ms are read as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test("a rate is said where there was time and something to measure", () => {
  expect(rateText(1_000_000, 14)).toBe("71 MB/s");
  expect(rateText(1, 0)).toBeUndefined();
  expect(rateText(0, 5)).toBeUndefined();
});
