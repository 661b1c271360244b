import { expect, test } from "vitest";
import { createWakefulness } from "../../../src/gateway/control/reply-polling.ts";

const dialogue = {};
const other = {};

/** An event loop that turns when it is told to, and takes 10 µs for it. */
function setUp() {
  let moment = 0;
  let next: (() => void) | undefined;
  const wakefulness = createWakefulness(
    (then) => (next = then),
    () => moment,
  );
  const turn = (): boolean => {
    moment += 0.01;
    const then = next;
    next = undefined;
    then?.();
    return then !== undefined;
  };
  /** Turns until the loop would sleep; how often. */
  const turns = (): number => {
    let count = 0;
    while (turn()) count += 1;
    return count;
  };
  /** Asks in vain as often; the turns that each has taken. */
  const inVain = (times: number): number[] =>
    Array.from({ length: times }, () => {
      wakefulness.expect(dialogue);
      return turns();
    });
  return { ...wakefulness, turn, turns, inVain };
}

test("the event loop polls for 150 µs after a line, then sleeps", () => {
  const { expect: await_, turns } = setUp();
  await_(dialogue);
  expect(turns()).toBeGreaterThanOrEqual(15);
  expect(turns()).toBe(0);
});

test("an answer ends the polling", () => {
  const { expect: await_, heard, turn, turns } = setUp();
  await_(dialogue);
  turn();
  heard(dialogue);
  expect(turns()).toBeLessThanOrEqual(1);
});

test("another line begins the wait anew, in one loop", () => {
  const { expect: await_, turn, turns } = setUp();
  await_(dialogue);
  for (let count = 0; count < 10; count++) turn();
  await_(dialogue);
  expect(turns()).toBeLessThanOrEqual(16);
});

test("waiting in vain is given up after a while, and tried again with one line in sixteen", () => {
  const { inVain } = setUp();
  expect(inVain(16).every((turns) => turns > 0)).toBe(true);
  expect(inVain(160).filter((turns) => turns > 0)).toHaveLength(10);
});

test("once answers come again, every line is waited for", () => {
  const { expect: await_, heard, turns, inVain } = setUp();
  inVain(32);
  for (let line = 0; line < 64; line++) {
    await_(dialogue);
    heard(dialogue);
    turns();
  }
  await_(dialogue);
  expect(turns()).toBeGreaterThanOrEqual(15);
});

test("where many dialogues go on at once nothing is waited for", () => {
  const { expect: await_, heard, turns, inVain } = setUp();
  for (let line = 0; line < 16; line++) {
    await_(dialogue);
    heard(other);
    turns();
  }
  expect(inVain(1)).toEqual([0]);
});

test("what comes unexpected changes nothing", () => {
  const { heard, turns, inVain } = setUp();
  for (let count = 0; count < 100; count++) heard(dialogue);
  expect(turns()).toBe(0);
  expect(inVain(17).at(-1)).toBe(0);
});
