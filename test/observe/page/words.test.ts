import { expect, test } from "vitest";
import { hops } from "../../../src/session/diagnosis.ts";
import {
  agoText,
  bytesText,
  countText,
  durationText,
  hopTexts,
  numberText,
  rateText,
  timeText,
} from "../../../src/observe/page/words.ts";

/** With plain spaces. */
const plain = (text: string): string => text.replaceAll("\u202f", " ");

test("bytes have three digits and a unit, and never 1000 of one", () => {
  const bytes = [0, 1, 999, 1000, 12_449, 999_499, 999_500, 734_003_200, 5e15, 4e18];
  const texts = ["0 B", "1 B", "999 B", "1.00 kB", "12.4 kB", "999 kB", "1.00 MB", "734 MB", "5.00 PB", "4000 PB"];
  expect(bytes.map((count) => plain(bytesText(count)))).toEqual(texts);
  expect(plain(rateText(0.4))).toBe("0 B/s");
});

test("durations have one unit or two", () => {
  const second = 1000;
  const hour = 3600 * second;
  const durations = [0.4, 120, 999.6, 4200, 9960, 59_400, 59_600, 200 * second, 2 * hour + 5 * 60 * second, 76 * hour];
  expect(durations.map((duration) => plain(durationText(duration)))).toEqual([
    "0 ms",
    "120 ms",
    "1.0 s",
    "4.2 s",
    "10 s",
    "59 s",
    "1 min",
    "3 min 20 s",
    "2 h 5 min",
    "3 d 4 h",
  ]);
});

test("numbers are grouped, small rates keep one digit, and what is there at all is not 0", () => {
  expect([0, 0.01, 0.44, 3, 12.6, 1234, 1_234_567].map((value) => plain(numberText(value)))).toEqual([
    "0",
    "< 0.1",
    "0.4",
    "3",
    "13",
    "1 234",
    "1 234 567",
  ]);
  expect([countText(1, "port"), countText(2, "port")]).toEqual(["1 port", "2 ports"]);
});

test("a time is of today, or has its day before it; how long ago it was has one unit", () => {
  const now = "2026-11-28T10:00:00.000Z";
  expect(timeText("2026-11-28T09:58:07.123Z", now)).toBe("09:58:07");
  expect(timeText("2026-11-27T09:58:07.123Z", now)).toBe("2026-11-27 09:58:07");
  expect([200, 20_000, 200_000].map((passed) => plain(agoText(passed)))).toEqual(["just now", "20 s ago", "3 min ago"]);
});

test("each hop has words of its own", () => {
  expect(new Set(hops.map((hop) => hopTexts[hop])).size).toBe(hops.length);
});
