import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRestarts } from "../../../src/process/workers/restarts.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

test("a worker is started again after 0.1 s, later each time that it dies at once, and soon again once it had lived for a while", async () => {
  const began: number[] = [];
  const lines: object[] = [];
  const logger = { error: (line: object) => void lines.push(line) } as never;
  const restarts = createRestarts(logger, new AbortController().signal, async (index) => void began.push(index));
  for (const delay of [100, 200, 400]) {
    restarts.died(3, 10);
    await vi.advanceTimersByTimeAsync(delay - 1);
    const before = began.length;
    await vi.advanceTimersByTimeAsync(1);
    expect(began.length).toBe(before + 1);
  }
  restarts.died(3, 61_000);
  await vi.advanceTimersByTimeAsync(100);
  expect(began).toEqual([3, 3, 3, 3]);
  expect(lines).toEqual([]);
});

test("one that can't be started is tried again, at most 30 s later, and the log says why", async () => {
  const lines: object[] = [];
  const logger = { error: (line: object) => void lines.push(line) } as never;
  const restarts = createRestarts(logger, new AbortController().signal, () =>
    Promise.reject(new Error("no descriptors")),
  );
  restarts.died(0, 10);
  await vi.advanceTimersByTimeAsync(60_000);
  const soFar = lines.length;
  expect(lines[0]).toEqual({ worker: 0, detail: "no descriptors" });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(lines.length).toBe(soFar + 1);
});

test("none is started once the process ends", async () => {
  const began: number[] = [];
  const ending = new AbortController();
  const restarts = createRestarts({ error() {} } as never, ending.signal, async (index) => void began.push(index));
  restarts.died(0, 10);
  ending.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(began).toEqual([]);
});
