import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cancelDeadline, setDeadline } from "../../src/sockets/deadlines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  // The one timer goes when it finds nothing.
  vi.advanceTimersByTime(100_000);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("a deadline comes once, not before its time and at most 25 ms after", () => {
  const due = vi.fn<() => void>();
  const deadline = setDeadline(110, due);
  expect(deadline.at).toBe(performance.now() + 110);
  vi.advanceTimersByTime(109);
  expect(due).not.toHaveBeenCalled();
  vi.advanceTimersByTime(26);
  expect(due).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(due).toHaveBeenCalledTimes(1);
});

test("a cancelled deadline does not come, and cancelling what is over or was never set does nothing", () => {
  const due = vi.fn<() => void>();
  const deadline = setDeadline(50, due);
  cancelDeadline(deadline);
  cancelDeadline(deadline);
  cancelDeadline(undefined);
  vi.advanceTimersByTime(1000);
  expect(due).not.toHaveBeenCalled();
});

test("deadlines of any length come each in its time, and what is due may set and cancel others", () => {
  const seen: string[] = [];
  const doomed = setDeadline(200, () => seen.push("cancelled in time"));
  setDeadline(300, () => seen.push("long"));
  setDeadline(100, () => {
    seen.push("short");
    cancelDeadline(doomed);
    setDeadline(50, () => seen.push("set by the short one"));
  });
  vi.advanceTimersByTime(1000);
  expect(seen).toEqual(["short", "set by the short one", "long"]);
});

test("however many deadlines are set, one timer runs, and none when all are over", () => {
  const deadlines = Array.from({ length: 100 }, (_, index) => setDeadline(index, () => {}));
  expect(vi.getTimerCount()).toBe(1);
  for (const deadline of deadlines) cancelDeadline(deadline);
  vi.advanceTimersByTime(25);
  expect(vi.getTimerCount()).toBe(0);
});
