import { expect, test } from "vitest";
import { localTime } from "../../src/cli/local-time.ts";

test("a time of another day has its day, and what is no time stays as it is", () => {
  const timeOf = localTime(new Date(2026, 10, 28, 15, 0, 0));
  expect(timeOf(new Date(2026, 10, 28, 14, 3, 7).toISOString())).toBe("14:03:07");
  expect(timeOf(new Date(2026, 10, 27, 9, 3, 7).toISOString())).toBe("11-27 09:03:07");
  expect(timeOf("soon")).toBe("soon");
});
