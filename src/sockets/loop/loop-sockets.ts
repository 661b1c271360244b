// Sockets on the loop: whether this machine can have them, which is tried, and if not, why.
import type { Sockets } from "../sockets.ts";
import { acceptOnLoop } from "./loop-acceptor.ts";
import { type LoopCalls, loadLoopCalls } from "./loop-calls.ts";
import { createLoop, type Loop, type LoopOptions } from "./loop.ts";
import { dialOnLoop } from "./loop-dial.ts";
import { createPoller, interests } from "./poller.ts";

export type LoopSockets = Sockets & {
  /** Milliseconds that the loop has waited in all. */
  waitedMs(): number;
  counts: Loop["counts"];
};

export type LoadedLoopSockets =
  | { readonly ok: true; readonly sockets: LoopSockets }
  | { readonly ok: false; readonly reason: string };

/** Never throws. */
export function loadLoopSockets({ runTicks }: Pick<LoopOptions, "runTicks">): LoadedLoopSockets {
  const loaded = loadLoopCalls();
  if (!loaded.ok) return loaded;
  const { calls } = loaded;
  try {
    const flaw = examine(calls);
    if (flaw !== undefined) return { ok: false, reason: flaw };
    const loop = createLoop({ calls, runTicks });
    const sockets: LoopSockets = {
      kind: "loop",
      dial: (to, options, events) => dialOnLoop(loop, to, options, events),
      accept: (server, options, events) => acceptOnLoop(loop, server, options, events),
      letNodeTurn: loop.letNodeTurn,
      loop,
      waitedMs: loop.waitedMs,
      counts: loop.counts,
    };
    return { ok: true, sockets };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

const unixStream = { family: 1, type: 0o2004001 } as const;

/** Whether an event comes as it should: on one end of a pair of sockets when something was said on the other. */
function examine(calls: LoopCalls): string | undefined {
  if (calls.nodeDescriptor(calls.nodeLoop()) < 0) return "libuv's own descriptor is not known";
  const pair = new Int32Array(2);
  if (calls.pair(unixStream.family, unixStream.type, 0, new Uint8Array(pair.buffer)) < 0) return "no pair of sockets";
  const [heard = -1, said = -1] = pair;
  const told: string[] = [];
  const poller = createPoller(calls, () => {});
  try {
    poller.add(heard, interests.read, "heard", (owner, isReadable) => void (isReadable && told.push(owner)));
    poller.wait(0);
    calls.send(said, Buffer.from("x"), 1, 0);
    poller.wait(0);
  } finally {
    poller.close();
    for (const descriptor of pair) calls.close(descriptor);
  }
  return told.join() === "heard" ? undefined : "epoll does not tell of what it should";
}
