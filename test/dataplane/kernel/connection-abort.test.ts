// Which steps an abort takes, at a kernel that answers as told. That the peers really get an RST is shown in lab/kernel-plane.test.ts.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createConnectionAborter } from "../../../src/dataplane/kernel/connection-abort.ts";
import type { Connection, Tuple } from "../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import { marks, parseConnection } from "./nat-play.ts";
import { systemCalls } from "./system-calls.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function kernelThat(known: Connection | undefined, markErrno = 0) {
  const done: string[] = [];
  const name = ({ source }: Tuple) => `${source.address}:${source.port}`;
  const kernel = {
    // No descriptor is ever opened: a challenge fails at once.
    calls: { ...systemCalls(), socket: () => (done.push("challenge"), -1), errno: () => 1 },
    markAborted(original: Tuple) {
      done.push(`mark ${name(original)}`);
      return markErrno;
    },
    find: () => known,
    forget: (original: Tuple) => void done.push(`forget ${name(original)}`),
  };
  return { aborter: createConnectionAborter(kernel, marks), done };
}

const peer = "192.168.1.100:40000";
const established = parseConnection(["ESTABLISHED", "assured"], "passive");

test("both peers of an established connection are challenged three times within a second, then it is forgotten", () => {
  const { aborter, done } = kernelThat(established);
  aborter.abort(established);
  aborter.abort(established);
  expect(done).toEqual([`mark ${peer}`]);
  vi.advanceTimersByTime(1);
  expect(done.slice(1)).toEqual(["challenge", "challenge"]);
  vi.advanceTimersByTime(1000);
  expect(done.slice(1)).toHaveLength(6);
  vi.advanceTimersByTime(2000);
  expect(done.slice(7)).toEqual([`forget ${peer}`]);
});

test("before it is established nobody is challenged: the peer that waits sends its SYN again", () => {
  const { aborter, done } = kernelThat(parseConnection(["SYN_SENT"], "passive"));
  aborter.abort(established);
  vi.advanceTimersByTime(3000);
  expect(done).toEqual([`mark ${peer}`, `forget ${peer}`]);
});

test("a connection that is gone, before or after it was marked, needs nothing", () => {
  const gone = kernelThat(established, 2);
  gone.aborter.abort(established);
  const justGone = kernelThat(undefined);
  justGone.aborter.abort(established);
  vi.advanceTimersByTime(5000);
  expect([gone.done, justGone.done]).toEqual([[`mark ${peer}`], [`mark ${peer}`]]);
});

test("stopped, it gives what is under way a last moment and forgets it", async () => {
  const { aborter, done } = kernelThat(established);
  aborter.abort(established);
  const stopped = aborter.stop();
  await vi.advanceTimersByTimeAsync(100);
  await stopped;
  expect(done.at(-1)).toBe(`forget ${peer}`);
  const count = done.length;
  vi.advanceTimersByTime(5000);
  expect(done).toHaveLength(count);
});
