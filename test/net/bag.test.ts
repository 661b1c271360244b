import fc from "fast-check";
import { expect, test } from "vitest";
import { putInto, takeOut } from "../../src/net/bag.ts";

test("whatever is put in and taken out, what is left is what a set would hold, and each knows its place", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 12 })), (toggled) => {
      const values = Array.from({ length: 13 }, (_, name) => ({ name, place: -1 }));
      const bag: typeof values = [];
      const expected = new Set<(typeof values)[number]>();
      for (const name of toggled) {
        const value = values[name]!;
        if (expected.delete(value)) {
          expect(takeOut(bag, value)).toBe(true);
        } else {
          expected.add(value);
          putInto(bag, value);
        }
      }
      expect(new Set(bag)).toEqual(expected);
      expect(bag).toHaveLength(expected.size);
      for (const value of values)
        expect(expected.has(value) ? bag[value.place] : value.place).toBe(expected.has(value) ? value : -1);
    }),
  );
});

test("what is in no bag can't be taken out", () => {
  const bag = [{ place: -1 }].slice(1);
  expect(takeOut(bag, { place: -1 })).toBe(false);
});
