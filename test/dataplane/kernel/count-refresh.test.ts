import { expect, test } from "vitest";
import { createCountRefresh } from "../../../src/dataplane/kernel/count-refresh.ts";

test("every live pinhole is asked about, at most every 100 ms", () => {
  let now = 0;
  const refreshed: number[] = [];
  const live = new Map([1, 2].map((number) => [number, { refreshCounts: () => void refreshed.push(number) }]));
  const refresh = createCountRefresh(live, () => now);
  refresh();
  now = 99;
  refresh();
  expect(refreshed).toEqual([1, 2]);
  now = 100;
  live.delete(1);
  refresh();
  expect(refreshed).toEqual([1, 2, 2]);
});
