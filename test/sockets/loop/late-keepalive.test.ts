import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLateKeepalive, type LateKeepalive } from "../../../src/sockets/loop/late-keepalive.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const open = new Set<LateKeepalive>();
  const set: number[] = [];
  const wait = createLateKeepalive({ keepAlive: (fd) => set.push(fd) > 0 }, () => open);
  const add = (fd: number): LateKeepalive => {
    const connection = { fd, keepAliveMs: 60_000 };
    open.add(connection);
    wait();
    return connection;
  };
  return { open, set, add };
}

test("a dialled connection has keepalive when it is between five and ten seconds old, once", () => {
  const { set, add } = watched();
  add(1);
  vi.advanceTimersByTime(4000);
  add(2);
  vi.advanceTimersByTime(1000);
  expect(set).toEqual([]);
  vi.advanceTimersByTime(5000);
  expect(set).toEqual([1, 2]);
  vi.advanceTimersByTime(60_000);
  expect(set).toEqual([1, 2]);
});

test("one that is closed before costs nothing, and nothing runs on for it", () => {
  const { open, set, add } = watched();
  open.delete(add(1));
  vi.advanceTimersByTime(5000);
  expect(set).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
