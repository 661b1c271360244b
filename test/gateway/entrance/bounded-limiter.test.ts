import { expect, test } from "vitest";
import { createBoundedLimiter } from "../../../src/gateway/entrance/bounded-limiter.ts";
import { sleep } from "../../virtual-time.ts";

test("a key is over when more than its points were consumed, until the duration is over", async () => {
  const { consume, isOver } = createBoundedLimiter({ points: 2, duration: 10 });
  const told = [await consume("a"), await consume("a"), await consume("a")];
  expect(told.map((each) => each.isOver)).toEqual([false, false, true]);
  expect(await isOver("a")).toBe(true);
  expect((await consume("b")).isOver).toBe(false);
  await sleep(10_001);
  expect(await isOver("a")).toBe(false);
  expect((await consume("a")).count).toBe(1);
});

test("it remembers so many keys and no more: those that were used last", async () => {
  const { consume, countOver } = createBoundedLimiter({ points: 0, duration: 60 }, 3);
  for (const key of ["a", "b", "c", "a", "d"]) await consume(key);
  expect(countOver()).toBe(3);
  expect((await consume("a")).count).toBe(3);
  expect((await consume("b")).count).toBe(1);
});

test("a hundred thousand keys leave no more than the bound allows", async () => {
  const { consume, countOver } = createBoundedLimiter({ points: 0, duration: 3600 }, 1000);
  for (let key = 0; key < 100_000; key += 1) await consume(String(key));
  expect(countOver()).toBe(1000);
});

test("other points hold at once, for what was counted before too", async () => {
  const { consume, isOver, setRule } = createBoundedLimiter({ points: 1, duration: 60 });
  await consume("a", 5);
  setRule({ points: 10, duration: 60 });
  expect(await isOver("a")).toBe(false);
  expect(await consume("a")).toMatchObject({ isOver: false, count: 6 });
});
