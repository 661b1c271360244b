import { expect, test } from "vitest";
import { createSessionIds } from "../../src/gateway/session-ids.ts";

test("an id has eight characters that are neither misread nor misheard, and the next one follows it", () => {
  const ids = createSessionIds(31);
  expect([ids.next(), ids.next()]).toEqual(["0000000z", "00000010"]);
  const { next } = createSessionIds();
  for (let count = 0; count < 100; count += 1) expect(next()).toMatch(/^[0-9a-hjkmnp-tv-z]{8}$/);
});

test("after the last id comes the first one", () => {
  const ids = createSessionIds(32 ** 8 - 1);
  expect([ids.next(), ids.next()]).toEqual(["zzzzzzzz", "00000000"]);
});

test("two processes begin at different places, so that their ids differ", () => {
  const firsts = Array.from({ length: 50 }, () => createSessionIds().next());
  expect(new Set(firsts).size).toBe(50);
});
