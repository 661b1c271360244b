import fc from "fast-check";
import { expect, test } from "vitest";
import { createFreePorts } from "../../src/dataplane/free-ports.ts";

test("at first every port from 1 to 65535 is there", () => {
  const free = createFreePorts();
  expect(free.count(1, 65_535)).toBe(65_535);
  expect([free.at(1, 0), free.at(1, 65_534), free.at(65_535, 0), free.at(50_000, 7)]).toEqual([
    1, 65_535, 65_535, 50_007,
  ]);
});

test("whatever is removed and put back, counts and picks are those of a plain set", () => {
  const port = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 65_500, max: 65_535 }));
  const range = fc.tuple(port, port).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(port, { maxLength: 60 }), range, (toggled, { first, last }) => {
      const free = createFreePorts();
      const missing = new Set<number>();
      for (const one of toggled) {
        if (missing.delete(one)) free.add(one);
        else {
          missing.add(one);
          free.remove(one);
        }
      }
      const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
        (one) => !missing.has(one),
      );
      expect(free.count(first, last)).toBe(expected.length);
      for (const index of [0, 1, expected.length - 1]) {
        if (expected[index] !== undefined) expect(free.at(first, index)).toBe(expected[index]);
      }
    }),
  );
});
