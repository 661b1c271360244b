// Driver of the control connections of a process: Node's own sockets, or an event loop of our own where that is asked for and the machine can
// have it.
import type { DriverChoice } from "../config/config.ts";
import { loadLoopSockets } from "../sockets/loop/loop-sockets.ts";
import { nodeSockets, type Sockets } from "../sockets/sockets.ts";

/** What a process may run of Node's own: `runTicks` is absent where Node offers no such thing, and in a program that is not ours. */
export type NodeHooks = { readonly runTicks?: (() => void) | undefined };

export type Driver = {
  readonly sockets: Sockets;
  /** Why it is not the one that was asked for; empty if it is. */
  readonly why: string;
  /** Milliseconds in which the process has waited that Node takes for work. */
  waitedMs(): number;
};

/** Never throws: `loop` is as far as the machine can have it. `auto` is `node`, until the loop has been in service for long enough. */
export function chooseDriver(wanted: DriverChoice, { runTicks }: NodeHooks = {}): Driver {
  const onNode = (why: string): Driver => ({ sockets: nodeSockets, why, waitedMs: () => 0 });
  if (wanted !== "loop") return onNode("");
  if (runTicks === undefined) return onNode("this process does not let the ticks of Node.js be run");
  const loaded = loadLoopSockets({ runTicks });
  if (!loaded.ok) return onNode(loaded.reason);
  const { sockets } = loaded;
  return { sockets, why: "", waitedMs: sockets.waitedMs };
}
