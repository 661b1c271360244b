import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byNumber, createNatRegistry } from "../../../src/dataplane/kernel/nat-registry.ts";
import { parseConnection } from "./nat-play.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("numbers go round, and none is given that a live pinhole has", () => {
  const registry = createNatRegistry<string>(3, 2);
  const first = registry.take();
  registry.opened(first, "first");
  expect([first, registry.take(), registry.take(), registry.take(), registry.take()]).toEqual([3, 0, 1, 2, 0]);
});

test("a pinhole is found while it lives, and one that closed unused for two seconds more", () => {
  const registry = createNatRegistry<string>(255, 0);
  registry.opened(1, "used");
  registry.opened(2, "unused");
  registry.closed(1, "used", false);
  registry.closed(2, "unused", true);
  expect([registry.find(1), registry.find(2), registry.live.size, registry.isEmpty()]).toEqual([
    undefined,
    "unused",
    0,
    false,
  ]);
  registry.opened(3, "live");
  expect(registry.all()).toEqual([
    [2, "unused"],
    [3, "live"],
  ]);
  registry.closed(3, "live", false);
  vi.advanceTimersByTime(2000);
  expect([registry.find(2), registry.all(), registry.isEmpty()]).toEqual([undefined, [], true]);
});

test("a live pinhole is found before one that has closed with the same number, whose moment does not end the other's", () => {
  const registry = createNatRegistry<string>(255, 0);
  registry.closed(1, "older", true);
  vi.advanceTimersByTime(1500);
  registry.opened(1, "newer");
  expect(registry.find(1)).toBe("newer");
  registry.closed(1, "newer", true);
  vi.advanceTimersByTime(1500);
  expect(registry.find(1)).toBe("newer");
});

test("connections are grouped by the number in their marks, whatever the other bits say", () => {
  const [one, two] = [parseConnection(["ESTABLISHED"], "passive"), parseConnection(["CLOSE", "opener-rst"], "passive")];
  const grouped = byNumber(
    [
      { ...one, mark: one.mark | 7 },
      { ...two, mark: two.mark | 7 },
      { ...one, mark: one.mark | 8 },
    ],
    0x1fffff,
  );
  expect([...grouped].map(([number, { length }]) => [number, length])).toEqual([
    [7, 2],
    [8, 1],
  ]);
});
