// Loop: an event loop of our own in the main thread, with Node's loop inside it. Descriptors of ours are read and written without Node's
// streams, and everything else of Node goes on: libuv's own descriptor is one more that is waited for, and our wait is never longer than
// libuv's next timer. Where Node has something to do, the wait returns, libuv turns once, and calls again.
//
// Node's side of it: an immediate runs in libuv's check phase, when nothing of libuv's is half done. There what is ready is served
// without waiting. Only where libuv has nothing to do a message is sent to ourselves; it is the first thing that libuv finds in its
// next turn, and behind it we wait. In an immediate itself `uv_backend_timeout` would always say 0.
import { MessageChannel } from "node:worker_threads";
import { createLateKeepalive } from "./late-keepalive.ts";
import type { LoopCalls } from "./loop-calls.ts";
import { connectionsOf } from "./loop-transport.ts";
import { createPoller, interests, type Poller } from "./poller.ts";

export type Loop = {
  readonly calls: LoopCalls;
  readonly poller: Poller;
  /** A descriptor of ours is open: the loop turns, and keeps the process alive, while there are any. */
  opened(): void;
  closed(): void;
  /** Something was asked of Node's own sockets: libuv takes notice of that only when it turns, so it does before we wait. */
  letNodeTurn(): void;
  /** A connection is open whose keepalive is to be set later. */
  readonly keepAliveLater: () => void;
  /** What it has done: messages that it has sent to itself, which libuv counts as events, and events that it has seen. */
  counts(): { readonly messages: number; readonly events: number };
  /** Milliseconds that were spent waiting. */
  waitedMs(): number;
};

export type LoopOptions = {
  readonly calls: LoopCalls;
  /** Runs what Node puts off to the end of a callback (`process.nextTick`, promises). */
  readonly runTicks: () => void;
};

/**
 * Whatever was forgotten: while there is work, libuv turns at least this often. What only libuv knows of, a new socket of
 * Node's say, waits no longer.
 */
const mostUntilNodeTurnsMs = 20;
const recentlyMs = 200;

/** The loop's own state. */
type Turning = {
  readonly calls: LoopCalls;
  readonly poller: Poller;
  /** Node's loop, as libuv knows it. */
  readonly node: number;
  /** Messages to ourselves. */
  readonly channel: MessageChannel;
  isNodeReady: boolean;
  /** When libuv, or a descriptor of ours, last had something to do. */
  workedAt: number;
  mayWait: boolean;
  isScheduled: boolean;
  open: number;
  waited: number;
  messages: number;
  events: number;
};

/** Throws an Error with the system's word as `code`. */
export function createLoop({ calls, runTicks }: LoopOptions): Loop {
  const poller = createPoller(calls, runTicks);
  const turning: Turning = {
    ...{ calls, poller, node: calls.nodeLoop(), channel: new MessageChannel() },
    ...{ isNodeReady: false, workedAt: 0, mayWait: true, isScheduled: false },
    ...{ open: 0, waited: 0, messages: 0, events: 0 },
  };
  const { port2: called } = turning.channel;
  called.on("message", () => waitForEvents(turning));
  called.unref();
  poller.add(calls.nodeDescriptor(turning.node), interests.read, turning, () => {
    turning.isNodeReady = true;
  });
  return {
    calls,
    keepAliveLater: createLateKeepalive(calls.sockets, () => connectionsOf(poller.owners())),
    poller,
    opened() {
      turning.open += 1;
      if (turning.isScheduled) return;
      called.ref();
      again(turning);
    },
    closed() {
      turning.open -= 1;
    },
    letNodeTurn() {
      turning.mayWait = false;
    },
    counts: () => ({ messages: turning.messages, events: turning.events }),
    waitedMs: () => turning.waited,
  };
}

/** Serves what is ready. True if nothing was. */
function serve(turning: Turning, timeoutMs: number): boolean {
  const before = timeoutMs === 0 ? 0 : performance.now();
  turning.isNodeReady = false;
  const count = turning.poller.wait(timeoutMs);
  turning.events += turning.isNodeReady ? count - 1 : count;
  if (timeoutMs === 0) return count === 0;
  const wokeAt = turning.poller.wokeAt();
  turning.waited += wokeAt - before;
  if (count !== 0) turning.workedAt = wokeAt;
  return count === 0;
}

function again(turning: Turning): void {
  turning.isScheduled = turning.open > 0;
  if (turning.isScheduled) setImmediate(turn, turning);
  else turning.channel.port2.unref();
}

function turn(turning: Turning): void {
  let isSettled = false;
  try {
    serve(turning, 0);
    isSettled = !turning.isNodeReady && turning.mayWait;
  } finally {
    turning.mayWait = true;
    if (isSettled && turning.open > 0) turning.channel.port1.postMessage(0);
    else again(turning);
  }
}

function waitForEvents(turning: Turning): void {
  turning.messages += 1;
  const { calls, node } = turning;
  try {
    for (;;) {
      const timeoutMs = untilNodeTurns(turning);
      const isIdle = serve(turning, timeoutMs);
      if (turning.isNodeReady || isIdle || !turning.mayWait || timeoutMs === 0 || turning.open === 0) return;
      // Its clock stands still while it does not turn, and timers are counted from it.
      calls.updateNodeClock(node);
    }
  } finally {
    turning.mayWait = true;
    again(turning);
  }
}

function untilNodeTurns({ calls, node, workedAt }: Turning): number {
  const timeoutMs = calls.nodeTimeout(node);
  if (timeoutMs >= 0 && timeoutMs <= mostUntilNodeTurnsMs) return timeoutMs;
  return performance.now() - workedAt < recentlyMs ? mostUntilNodeTurnsMs : timeoutMs;
}
