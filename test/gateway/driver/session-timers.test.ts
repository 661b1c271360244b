import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  cancelTimer,
  clearTimers,
  createSessionTimers,
  startTimer,
} from "../../../src/gateway/driver/session-timers.ts";
import { timerNames, type TimerName } from "../../../src/session/events.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const expired: TimerName[] = [];
  const timers = createSessionTimers((name) => expired.push(name));
  const start = (name: TimerName, ms: number): void => startTimer(timers, name, ms);
  return { timers, expired, start };
}

test("a timer expires once, under its name", () => {
  const { expired, start } = setUp();
  start("idle", 100);
  start("login", 200);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual(["idle", "login"]);
});

test("a timer started again begins anew, and can be started after it has expired", () => {
  const { expired, start } = setUp();
  start("idle", 100);
  vi.advanceTimersByTime(90);
  start("idle", 100);
  vi.advanceTimersByTime(90);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(10);
  start("idle", 100);
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(["idle", "idle"]);
});

test("a cancelled timer is silent, and can be started again", () => {
  const { timers, expired, start } = setUp();
  start("linger", 100);
  cancelTimer(timers, "linger");
  cancelTimer(timers, "grace");
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual([]);
  start("linger", 100);
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(["linger"]);
});

test("a timer that is started again and again is looked at once in its time", () => {
  const { expired, start } = setUp();
  const set = vi.spyOn(globalThis, "setTimeout");
  for (let count = 0; count < 1000; count++) {
    start("idle", 10_000);
    vi.advanceTimersByTime(10);
  }
  expect(set).toHaveBeenCalledTimes(2);
  set.mockRestore();
  vi.advanceTimersByTime(9989);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(expired).toEqual(["idle"]);
});

test("a timer that is started again for a shorter time expires then", () => {
  const { expired, start } = setUp();
  start("grace", 2000);
  vi.advanceTimersByTime(100);
  start("grace", 300);
  vi.advanceTimersByTime(299);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(expired).toEqual(["grace"]);
  vi.advanceTimersByTime(5000);
  expect(expired).toEqual(["grace"]);
});

test("cleared timers leave none behind", () => {
  const { timers, start } = setUp();
  for (const name of ["idle", "login", "linger", "grace", "abort"] as const) start(name, 100);
  expect(vi.getTimerCount()).toBe(5);
  clearTimers(timers);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(timerNames)("once the timers are cleared, %s does not expire", (name) => {
  const { timers, expired, start } = setUp();
  start(name, 100);
  clearTimers(timers);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual([]);
});
