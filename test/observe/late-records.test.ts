import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLateRecords } from "../../src/observe/late-records.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recording() {
  const recorded: number[] = [];
  const records = createLateRecords();
  return { recorded, records, add: (number: number) => records.add(() => recorded.push(number)) };
}

test("records are made together, in order, 10 ms after the first", () => {
  const { recorded, add } = recording();
  add(1);
  vi.advanceTimersByTime(9);
  add(2);
  expect(recorded).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(recorded).toEqual([1, 2]);
  add(3);
  vi.advanceTimersByTime(10);
  expect(recorded).toEqual([1, 2, 3]);
  expect(vi.getTimerCount()).toBe(0);
});

test("records are made at once when they are flushed, and once", () => {
  const { recorded, records, add } = recording();
  add(1);
  records.flush();
  expect(recorded).toEqual([1]);
  vi.advanceTimersByTime(1000);
  expect(recorded).toEqual([1]);
});

test("a record that is added by another waits for the next turn", () => {
  const { recorded, records, add } = recording();
  records.add(() => add(2));
  records.flush();
  expect(recorded).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(recorded).toEqual([2]);
});
