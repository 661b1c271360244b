import { closeSync } from "node:fs";
import { constants } from "node:os";
import { expect, test } from "vitest";
import { loadSpliceCalls } from "../../../src/dataplane/splice/splice-calls.ts";

const loaded = loadSpliceCalls();

test("bytes pass from one pipe to another without being read", () => {
  if (!loaded.ok) throw new Error(loaded.reason);
  const { calls } = loaded;
  const [first, second] = [Buffer.alloc(8), Buffer.alloc(8)];
  expect([calls.pipe(first, 0o4000), calls.pipe(second, 0o4000)]).toEqual([0, 0]);
  const [firstRead, firstWrite, secondRead, secondWrite] = [first, second].flatMap((ends) => [
    ends.readInt32LE(0),
    ends.readInt32LE(4),
  ]) as [number, number, number, number];
  expect(calls.splice(firstRead, null, secondWrite, null, 10, 2)).toBe(-1);
  expect(calls.errno()).toBe(constants.errno.EAGAIN);
  closeSync(firstWrite);
  expect(calls.splice(firstRead, null, secondWrite, null, 10, 2)).toBe(0);
  for (const fd of [firstRead, secondRead, secondWrite]) closeSync(fd);
});
