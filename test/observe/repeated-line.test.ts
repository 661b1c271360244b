import { expect, test } from "vitest";
import { createRepeatedLine } from "../../src/observe/repeated-line.ts";
import { sleep } from "../virtual-time.ts";

test("the first is written at once, those that follow within the time as one with their number, and then it is quiet again", async () => {
  const written: object[] = [];
  const add = createRepeatedLine<{ detail: string }>(60_000, (line) => void written.push(line));
  for (const detail of ["a", "b", "c", "d"]) add({ detail });
  expect(written).toEqual([{ detail: "a" }]);
  await sleep(60_001);
  expect(written).toEqual([{ detail: "a" }, { detail: "d", count: 3 }]);
  add({ detail: "e" });
  await sleep(60_001);
  await sleep(60_001);
  add({ detail: "f" });
  expect(written.slice(2)).toEqual([{ detail: "e" }, { detail: "f" }]);
});
