import { describe, expect, test } from "vitest";
import { createPortPools } from "../../src/gateway/port-pools.ts";

const range = { first: 20_000, last: 20_009 };

test("the same range is the same ports, so that none has two owners in one process", () => {
  const pools = createPortPools();
  pools.of(range).take();
  expect(pools.of({ ...range }).counts()).toEqual({ free: 9, open: 1, resting: 0 });
  expect(pools.of({ first: 20_010, last: 20_019 }).counts()).toEqual({ free: 10, open: 0, resting: 0 });
});

describe("after a reload with another range", () => {
  test("ports that are open or rest are so in the wider range too, and are not handed out", () => {
    const pools = createPortPools();
    const before = pools.of({ first: 50_000, last: 50_003 });
    const [open = 0, rests = 0] = [before.take(), before.take()];
    before.release(rests);
    const after = pools.of({ first: 50_000, last: 50_005 });
    expect(after.counts()).toEqual({ free: 4, open: 1, resting: 1 });
    const taken = Array.from({ length: 4 }, () => after.take());
    expect(taken).not.toContain(open);
    expect(taken).not.toContain(rests);
    before.release(open);
    expect(after.counts()).toEqual({ free: 0, open: 4, resting: 2 });
  });

  test("sessions that keep the old range get no port that a new one has", () => {
    const pools = createPortPools();
    const before = pools.of({ first: 50_000, last: 50_003 });
    const after = pools.of({ first: 50_002, last: 50_003 });
    expect(new Set([after.take(), after.take()])).toEqual(new Set([50_002, 50_003]));
    expect(new Set([before.take(), before.take()])).toEqual(new Set([50_000, 50_001]));
    expect(before.take()).toBeUndefined();
  });

  test("a narrower range counts its own ports only, and one that was cut in two counts them in either half", () => {
    const pools = createPortPools();
    const whole = pools.of({ first: 50_000, last: 50_003 });
    for (let count = 0; count < 4; count += 1) whole.take();
    expect(pools.of({ first: 50_000, last: 50_001 }).counts()).toEqual({ free: 0, open: 2, resting: 0 });
    whole.release(50_002);
    expect(pools.of({ first: 50_002, last: 50_003 }).counts()).toEqual({ free: 0, open: 1, resting: 1 });
  });
});

test("who is replaced keeps ports of each range that it has used", () => {
  const pools = createPortPools();
  const [narrow, wide] = [
    { first: 50_000, last: 50_003 },
    { first: 60_000, last: 60_999 },
  ];
  pools.of(narrow);
  pools.of(wide);
  const { kept } = pools.retreat(5);
  expect(kept.filter((port) => port <= narrow.last)).toHaveLength(2);
  expect(kept.filter((port) => port >= wide.first)).toHaveLength(5);
});
