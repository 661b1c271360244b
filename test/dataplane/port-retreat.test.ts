import fc from "fast-check";
import { expect, test } from "vitest";
import { createPortTable } from "../../src/dataplane/port-pool.ts";

const range = { first: 50_000, last: 50_009 };

function setUp() {
  let ms = 0;
  const table = createPortTable({ restMs: 1000, now: () => ms, random: () => 0 });
  return { table, pool: table.pool(range.first, range.last), later: (by: number) => (ms += by) };
}

const take = (pool: { take(): number | undefined }, count: number) => Array.from({ length: count }, () => pool.take());

test("who is replaced keeps its open ports and as many more as it may need, and gives no other", () => {
  const { table, pool } = setUp();
  const open = take(pool, 2);
  const { kept } = table.retreat([range], 3);
  expect(kept).toEqual([50_000, 50_001, 50_002, 50_003, 50_004]);
  expect(open).toEqual([50_000, 50_001]);
  expect(take(pool, 4)).toEqual([50_002, 50_003, 50_004, undefined]);
  expect(pool.take(50_007)).toBeUndefined();
});

test("half of what is not open is the successor's, however many sessions are left", () => {
  const { table, pool } = setUp();
  take(pool, 4);
  expect(table.retreat([range], 100).kept).toHaveLength(4 + 3);
});

test("ranges that overlap keep what they share once", () => {
  const { table } = setUp();
  const wider = { first: 50_000, last: 50_019 };
  expect(table.retreat([range, wider], 2).kept).toEqual([50_000, 50_001]);
});

test("ports are given up as sessions end, open ones never, and each once", () => {
  const { table, pool } = setUp();
  const [first = 0] = take(pool, 1);
  const retreat = table.retreat([range], 4);
  expect(retreat.kept).toHaveLength(5);
  expect(retreat.giveUp(4)).toEqual([]);
  expect(retreat.giveUp(1)).toEqual([50_002, 50_003, 50_004]);
  pool.release(first);
  expect(retreat.giveUp(0)).toEqual([50_000, 50_001]);
  expect([retreat.giveUp(0), pool.take()]).toEqual([[], undefined]);
});

test("a hand-over that comes to nothing leaves every port usable, those that were used meanwhile after their rest", () => {
  const { table, pool, later } = setUp();
  const [open = 0] = take(pool, 1);
  const retreat = table.retreat([range], 2);
  const [during = 0] = take(pool, 1);
  pool.release(during);
  retreat.undo();
  expect(pool.counts()).toEqual({ free: 7, open: 1, resting: 2 });
  later(1001);
  pool.release(open);
  later(1001);
  expect(pool.counts()).toEqual({ free: 10, open: 0, resting: 0 });
});

test("the successor gives no port that is kept by the process before it, and lets it rest once it has it back", () => {
  const { table, pool, later } = setUp();
  table.exclude([50_000, 50_001, 50_001]);
  expect(pool.take()).toBe(50_002);
  expect(pool.take(50_000)).toBeUndefined();
  expect(pool.counts()).toEqual({ free: 7, open: 1, resting: 2 });
  table.readmit([50_000, 50_009]);
  expect(take(pool, 8)).toEqual([50_003, 50_004, 50_005, 50_006, 50_007, 50_008, 50_009, 50_000]);
  expect(pool.take()).toBeUndefined();
  later(1001);
  expect(pool.take()).toBeUndefined();
});

test("who is replaced while the process before it still runs tells its ports on, and when they are free", () => {
  const { table } = setUp();
  table.exclude([50_004, 50_005]);
  const retreat = table.retreat([range], 1);
  expect(retreat.kept).toEqual([50_000, 50_004, 50_005]);
  table.readmit([50_004]);
  expect(retreat.giveUp(1)).toEqual([50_004]);
  table.readmit([50_005]);
  expect(retreat.giveUp(0)).toEqual([50_000, 50_005]);
});

test("whatever both take, release and give up, no port is ever with both, and in the end the successor has them all", () => {
  const step = fc.record({ who: fc.nat(1), kind: fc.constantFrom("take", "release", "give-up"), pick: fc.nat() });
  fc.assert(
    fc.property(fc.nat(8), fc.nat(8), fc.array(step, { maxLength: 80 }), (opened, spare, steps) => {
      const tables = [setUp(), setUp()] as const;
      const held: [number[], number[]] = [[], []];
      for (const port of take(tables[0].pool, opened)) held[0].push(port ?? 0);
      const retreat = tables[0].table.retreat([range], spare);
      tables[1].table.exclude(retreat.kept);
      for (const { who, kind, pick } of steps) {
        const { pool } = tables[who as 0 | 1];
        const mine = held[who as 0 | 1];
        if (kind === "take") {
          const port = pool.take();
          if (port !== undefined) mine.push(port);
        } else if (kind === "release") {
          for (const port of mine.splice(pick % (mine.length + 1), 1)) pool.release(port);
        } else {
          tables[1].table.readmit(retreat.giveUp(pick % 4));
        }
        const all = [...held[0], ...held[1]];
        expect(new Set(all).size).toBe(all.length);
      }
      for (const port of held[0]) tables[0].pool.release(port);
      tables[1].table.readmit(retreat.giveUp(0));
      const { free, resting } = tables[1].pool.counts();
      expect(take(tables[1].pool, free + resting)).not.toContain(undefined);
      expect(free + resting + held[1].length).toBe(10);
    }),
  );
});
