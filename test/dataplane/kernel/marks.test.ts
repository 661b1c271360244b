import { expect, test } from "vitest";
import { createMarks, formatMark, isOurs, markMatch } from "../../../src/dataplane/kernel/marks.ts";

test("below the mask come three flags and then the numbers of transfers", () => {
  expect(createMarks()).toEqual({
    value: 0x46000000,
    mask: 0xff000000,
    openerReset: 0x00800000,
    answererReset: 0x00400000,
    aborted: 0x00200000,
    numbers: 0x001fffff,
  });
  expect(createMarks(0xfff00000, 0xfff00000)).toMatchObject({ openerReset: 0x00080000, numbers: 0x0001ffff });
  expect(createMarks(0x80000000, 0x80000000)).toMatchObject({ openerReset: 0x40000000, numbers: 0x0fffffff });
});

test.each([
  ["no bits", 0x46000000, 0],
  ["a gap in the mask", 0x46000000, 0xff00ff00],
  ["a mask that is not topmost", 0x00460000, 0x00ff0000],
  ["a mask that leaves too few bits", 0x46000000, 0xfff80000],
  ["no value", 0, 0xff000000],
  ["a value beyond its mask", 0x46000001, 0xff000000],
])("%s is refused", (_, value, mask) => {
  expect(() => createMarks(value, mask)).toThrow(RangeError);
});

test("a mark is ours by the bits under the mask alone", () => {
  const marks = createMarks(0xc6000000, 0xff000000);
  expect([0xc6000000, 0xc6ffffff].every((mark) => isOurs(marks, mark))).toBe(true);
  expect([0, 0x46000000, 0xc7000000].some((mark) => isOurs(marks, mark))).toBe(false);
});

test("marks are written as nft reads them", () => {
  expect(formatMark(0x00200000)).toBe("0x00200000");
  expect(markMatch(createMarks())).toBe("ct mark & 0xff000000 == 0x46000000");
});
