import { expect, test } from "vitest";
import { createPortPools } from "../../src/gateway/port-pools.ts";

test("the same range is the same pool, so that no port has two owners in one process", () => {
  const pools = createPortPools();
  const range = { first: 20_000, last: 20_009 };
  pools.of(range).take();
  expect(pools.of({ ...range }).counts()).toEqual({ free: 9, open: 1, resting: 0 });
  expect(pools.of({ first: 20_010, last: 20_019 }).counts().open).toBe(0);
});

test("without a range each pool counts for itself", () => {
  const pools = createPortPools();
  pools.of(undefined).take();
  expect(pools.of(undefined).counts().open).toBe(0);
});
