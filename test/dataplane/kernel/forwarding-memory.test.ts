import { expect, test } from "vitest";
import { rememberForwarding } from "../../../src/dataplane/kernel/forwarding-memory.ts";

test("each family is read once, and again after five seconds", () => {
  let now = 0;
  let forwards4 = true;
  const reads: number[] = [];
  const isForwarded = rememberForwarding(
    (family) => {
      reads.push(family);
      return family === 4 && forwards4;
    },
    () => now,
  );
  expect([isForwarded("10.0.0.5"), isForwarded("fd00:2::5"), reads]).toEqual([true, false, [4, 6]]);
  forwards4 = false;
  now = 5000;
  expect(isForwarded("10.0.0.5")).toBe(true);
  now = 5001;
  expect(isForwarded("10.0.0.5")).toBe(false);
  expect(reads).toEqual([4, 6, 4, 6]);
});
