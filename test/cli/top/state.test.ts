import { expect, test } from "vitest";
import type { Key } from "../../../src/cli/top/keys.ts";
import { initialState, pressed } from "../../../src/cli/top/state.ts";

const shown = { ids: ["a", "b", "c"], page: 2, traceRows: 10 };

function after(...keys: Key[]) {
  return keys.reduce((state, key) => pressed(state, key, shown), initialState);
}

test("q, escape and ctrl-c end it", () => {
  expect((["q", "escape", "interrupt"] as const).map((key) => after(key).isOver)).toEqual([true, true, true]);
  expect(after("enter", "interrupt").isOver).toBe(true);
});

test("s goes through the sortings and comes to the first again", () => {
  expect(after("s").sorting).toBe("bytes");
  expect(after("s", "s", "s", "s").sorting).toBe("rate");
});

test("f shows failures alone and back, p pauses and goes on", () => {
  expect([after("f").onlyFailures, after("f", "f").onlyFailures]).toEqual([true, false]);
  expect([after("p").isPaused, after("p", " ").isPaused]).toEqual([true, false]);
});

test("the mark stays on the list", () => {
  expect(after("up").selected).toBe(0);
  expect(after("down", "down", "down", "down").selected).toBe(2);
  expect([after("end").selected, after("end", "page-up").selected, after("end", "home").selected]).toEqual([2, 0, 0]);
  expect(pressed({ ...initialState, selected: 9 }, "up", shown).selected).toBe(1);
});

test("enter shows the ladder of the marked session, in which keys scroll, and escape leads back", () => {
  expect(after("down", "enter").trace).toEqual({ id: "b", scroll: 0 });
  expect(after("enter", "down", "page-down").trace?.scroll).toBe(3);
  expect(after("enter", "end").trace?.scroll).toBe(8);
  expect(after("enter", "end", "down", "home", "up").trace?.scroll).toBe(0);
  expect(after("enter", "q")).toEqual(initialState);
  expect(pressed(initialState, "enter", { ...shown, ids: [] }).trace).toBeUndefined();
});

test("a key that means nothing changes nothing", () => {
  expect(after("x")).toEqual(initialState);
});
