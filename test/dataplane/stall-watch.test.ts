import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { watchStall } from "../../src/dataplane/stall-watch.ts";

describe("stall watch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watched(ms: number) {
    const state = { progress: 0, stalls: 0 };
    const watch = watchStall(
      ms,
      () => state.progress,
      () => state.stalls++,
    );
    return { state, watch };
  }

  test("it calls once after ms without progress, at most a quarter late", () => {
    const { state } = watched(1000);
    vi.advanceTimersByTime(999);
    expect(state.stalls).toBe(0);
    vi.advanceTimersByTime(251);
    expect(state.stalls).toBe(1);
    vi.advanceTimersByTime(5000);
    expect(state.stalls).toBe(1);
  });

  test("progress puts it off", () => {
    const { state } = watched(1000);
    for (let second = 0; second < 20; second++) {
      vi.advanceTimersByTime(900);
      state.progress++;
    }
    expect(state.stalls).toBe(0);
    vi.advanceTimersByTime(1500);
    expect(state.stalls).toBe(1);
  });

  test("a new limit counts from the moment it is set", () => {
    const { state, watch } = watched(100_000);
    vi.advanceTimersByTime(50_000);
    watch.limit(100);
    vi.advanceTimersByTime(99);
    expect(state.stalls).toBe(0);
    vi.advanceTimersByTime(26);
    expect(state.stalls).toBe(1);
  });

  test("stopped, it never calls", () => {
    const { state, watch } = watched(100);
    watch.stop();
    vi.advanceTimersByTime(10_000);
    expect(state.stalls).toBe(0);
  });
});
