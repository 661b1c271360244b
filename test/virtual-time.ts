// Virtual time: in a file that imports this, timers and the monotonic clock stand still but while somebody sleeps here. Sockets
// stay real, and time passes only when nothing is under way on them: a busy machine makes no timer strike too early, and an
// hour takes as long as what happens in it. Time stays real for the kernel, for other threads and for other processes, so a
// test in which these have timers of their own does not belong here.
import { performance as realPerformance } from "node:perf_hooks";
import { setImmediate as turn, setTimeout as realSleep } from "node:timers/promises";
import { vi } from "vitest";
import type { LoopSockets } from "../src/sockets/loop/loop-sockets.ts";
import { testedSockets } from "./sockets/tested-sockets.ts";

vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });

/** Without an event for so many turns of the event loop, and then for a millisecond, nothing is under way. */
const quietTurns = 4;

let sleepers = 0;
let isPassing = false;

/** How many events the event loop has taken from the kernel and from other threads. */
function eventCount(): number {
  const { messages = 0, events = 0 } = "counts" in testedSockets ? (testedSockets as LoopSockets).counts() : {};
  return realPerformance.nodeTiming.uvMetricsInfo.events - messages + events;
}

/** Until nothing is under way on sockets, and all that has come has been looked at. */
export async function quiet(): Promise<void> {
  for (let before = -1; before !== eventCount();) {
    before = eventCount();
    for (let turns = 0; turns < quietTurns && before === eventCount(); turns += 1) await turn();
    if (before === eventCount()) await realSleep(1);
  }
}

/** Resolves after `ms` of virtual time. What is due meanwhile happens in its order, and is answered before time goes on. */
export async function sleep(ms: number): Promise<void> {
  await whileAsleep(new Promise<void>((resolve) => void setTimeout(resolve, ms)));
}

/** Lets time pass until `condition` holds, which is looked at every 25 ms of it; after `mostMs`, throws. */
export async function passUntilTrue(condition: () => boolean | Promise<boolean>, mostMs = 5000): Promise<void> {
  const limit = performance.now() + mostMs;
  for (await quiet(); !(await condition()); await sleep(25)) {
    if (performance.now() >= limit) throw new Error(`not in ${mostMs} ms of virtual time: ${condition.toString()}`);
  }
}

/**
 * Lets time pass until `promise` is settled; after `mostMs` of it, rejects. Not for what is settled by real time, which this
 * outruns: by a poll.
 */
export async function passUntil<T>(promise: Promise<T>, mostMs = 5000): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`nothing has come in ${mostMs} ms of virtual time`)), mostMs);
  });
  try {
    return await whileAsleep(Promise.race([promise, never]));
  } finally {
    clearTimeout(limit);
  }
}

async function whileAsleep<T>(promise: Promise<T>): Promise<T> {
  sleepers += 1;
  void letPass();
  try {
    return await promise;
  } finally {
    sleepers -= 1;
  }
}

async function letPass(): Promise<void> {
  if (isPassing) return;
  isPassing = true;
  for (;;) {
    await quiet();
    if (sleepers === 0) break;
    vi.advanceTimersToNextTimer();
  }
  isPassing = false;
}
