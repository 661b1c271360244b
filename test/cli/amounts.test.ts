import { expect, test } from "vitest";
import { formatBytes, formatMs } from "../../src/cli/amounts.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [99.96 * 1024, "100 KiB"],
  [734 * 2 ** 20, "734 MiB"],
  [2 ** 60, "1024 PiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0 ms"],
  [0.4, "0.4 ms"],
  [350, "350 ms"],
  [4200, "4.2 s"],
  [59_960, "1m00s"],
  [67_000, "1m07s"],
  [3 * 3_600_000 + 5 * 60_000, "3h05m"],
  [52 * 3_600_000, "2d04h"],
])("%d milliseconds are %s", (ms, text) => expect(formatMs(ms)).toBe(text));
