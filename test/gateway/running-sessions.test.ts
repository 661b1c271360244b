// Running sessions of a gateway: how they are told to end, and when the last one has.
import { expect, test } from "vitest";
import { createRunningSessions } from "../../src/gateway/running-sessions.ts";

/** A session that notes what it is told. */
function session() {
  const told: string[] = [];
  return { told, drain: () => void told.push("drain"), stop: (reason: string) => void told.push(reason) };
}

test("all sessions are told to drain, then to stop, and whoever waits for the last hears of it once it is gone", async () => {
  const running = createRunningSessions();
  const [first, second] = [session(), session()];
  running.add(first);
  running.add(second);
  running.drain();
  let isOver = false;
  const stopped = running.stop("drained").then(() => (isOver = true));
  running.remove(first);
  await Promise.resolve();
  expect(isOver).toBe(false);
  running.remove(second);
  await stopped;
  expect([first.told, second.told]).toEqual([
    ["drain", "drained"],
    ["drain", "drained"],
  ]);
});

test("without a session there is nothing to wait for", async () => {
  await createRunningSessions().allClosed();
  await createRunningSessions().stop("stopped");
});
