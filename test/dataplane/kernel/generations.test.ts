import { expect, test } from "vitest";
import { generationNumbers, generationTable } from "../../../src/dataplane/kernel/generations.ts";
import { createMarks } from "../../../src/dataplane/kernel/marks.ts";
import { createNatRegistry } from "../../../src/dataplane/kernel/nat-registry.ts";

test("the table of the first generation is the configured one, the others' have a dot in their names", () => {
  expect([0, 1, 2, 3].map((index) => generationTable("ftp_alg", index))).toEqual([
    "ftp_alg",
    "ftp_alg.2",
    "ftp_alg.3",
    "ftp_alg.4",
  ]);
});

test("no two generations have a number in common, and together they have them all, whatever the mask is", () => {
  for (const marks of [createMarks(), createMarks(0xabc00000, 0xfff00000), createMarks(0x80000000, 0x80000000)]) {
    const parts = [0, 1, 2, 3].map((index) => generationNumbers(marks, index));
    expect(parts[0]?.base).toBe(0);
    for (const [index, { base, last }] of parts.entries()) {
      expect(base + last + 1).toBe(parts[index + 1]?.base ?? marks.numbers + 1);
    }
  }
});

test("the numbers of a generation go round within its part", () => {
  const registry = createNatRegistry<string>(3, 2, 8);
  expect([registry.take(), registry.take(), registry.take()]).toEqual([11, 8, 9]);
});
