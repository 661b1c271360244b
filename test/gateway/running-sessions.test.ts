// Running sessions of a gateway: how they are told to end, and when the last one has.
import { expect, test } from "vitest";
import { createRunningSessions } from "../../src/gateway/running-sessions.ts";

/** A session that notes what it is told. */
function session() {
  const told: string[] = [];
  return { told, drain: () => void told.push("drain"), stop: (reason: string) => void told.push(reason) };
}

test("all sessions are told to drain, those that are left to stop, and the last one is waited for", async () => {
  const running = createRunningSessions();
  const [first, second] = [session(), session()];
  const [one, two] = [running.add("1", first), running.add("2", second)];
  let isOver = false;
  const drained = running.drain(20).then(() => (isOver = true));
  running.remove(one);
  await expect.poll(() => second.told).toEqual(["drain", "drained"]);
  expect([isOver, first.told]).toEqual([false, ["drain"]]);
  running.remove(two);
  await drained;
});

test("without a session there is nothing to wait for", async () => {
  await createRunningSessions().allClosed();
  await createRunningSessions().stop("stopped");
  await createRunningSessions().drain(60_000);
});

test("one session of many is ended by its id", () => {
  const running = createRunningSessions();
  const [first, second] = [session(), session()];
  running.add("1", first);
  running.add("2", second);
  expect([running.end("2", "ended-by-operator"), running.end("3", "ended-by-operator")]).toEqual([true, false]);
  expect([first.told, second.told]).toEqual([[], ["ended-by-operator"]]);
});
