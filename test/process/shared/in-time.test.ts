// In time: an answer, or nothing when it is too late.
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { inTime } from "../../../src/process/shared/in-time.ts";

async function after(ms: number): Promise<string> {
  await pause(ms);
  return "answer";
}

test("an answer in time is given, and a late one is not", async () => {
  let late = 0;
  expect(await inTime(after(1), 5000, () => late++)).toBe("answer");
  expect(late).toBe(0);
  expect(await inTime(after(200), 10, () => late++)).toBeUndefined();
  expect(late).toBe(1);
});

test("a rejection in time is passed on, and a late one is nobody's", async () => {
  await expect(inTime(Promise.reject(new Error("no")), 5000, () => {})).rejects.toThrow("no");
  const rejected = pause(50).then(() => Promise.reject(new Error("no")));
  expect(await inTime(rejected, 5, () => {})).toBeUndefined();
  await pause(100);
});

test("an answer that comes while the event loop is busy is in time", async () => {
  const answer = new Promise((resolve) => setImmediate(() => setImmediate(() => resolve("answer"))));
  const waited = inTime(answer, 20, () => {});
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + 60;
  while (performance.now() < until);
  expect(await waited).toBe("answer");
});
