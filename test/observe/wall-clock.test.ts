import { afterEach, expect, test, vi } from "vitest";
import { createWallClock } from "../../src/observe/wall-clock.ts";

afterEach(() => void vi.useRealTimers());

test("a moment of the monotonic clock has its time of day, the same whenever it is asked for", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5), toFake: ["Date", "performance"] });
  const clock = createWallClock();
  const at = performance.now();
  const text = clock.timeOf(at);
  expect(text).toBe("2026-01-02T03:04:05.000Z");
  vi.advanceTimersByTime(90_000);
  vi.setSystemTime(Date.now() + 300);
  expect(clock.timeOf(at)).toBe(text);
  expect(clock.timeOf(at + 90_000)).toBe("2026-01-02T03:05:35.000Z");
});

test("after the machine's clock was set, the times are those of the clock as it is now", () => {
  vi.useFakeTimers({ now: Date.UTC(1970, 0, 1), toFake: ["Date", "performance"] });
  const clock = createWallClock();
  const at = performance.now();
  expect(clock.timeOf(at)).toBe("1970-01-01T00:00:00.000Z");
  vi.setSystemTime(Date.UTC(2026, 0, 1));
  expect(clock.timeOf(at)).toBe("2026-01-01T00:00:00.000Z");
});
