import fc from "fast-check";
import { expect, test } from "vitest";
import { createRestingPorts } from "../../src/dataplane/resting-ports.ts";

test("at first no port rests, and one that does not rest can't be taken out", () => {
  const resting = createRestingPorts();
  expect(resting.first(1, 65_535)).toBeUndefined();
  expect(resting.remove(50_000)).toBe(false);
});

test("whatever goes to rest and is taken out, the first within a range is the one that went to rest before all others there", () => {
  const port = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 65_500, max: 65_535 }));
  const range = fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(port, { maxLength: 60 }), range, (toggled, { from, to }) => {
      const resting = createRestingPorts();
      const expected = new Map<number, number>();
      for (const [moment, one] of toggled.entries()) {
        if (expected.delete(one)) {
          expect(resting.remove(one)).toBe(true);
        } else {
          expected.set(one, moment);
          resting.add(one, moment);
        }
      }
      const [first] = [...expected].filter(([one]) => one >= from && one <= to);
      expect(resting.first(from, to)).toEqual(first && { port: first[0], until: first[1] });
    }),
  );
});
