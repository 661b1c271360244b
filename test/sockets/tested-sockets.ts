// The kind of sockets that suites run on: Node's own, or with FTP_ALG_DRIVER=loop those on the loop.
import { loadLoopSockets } from "../../src/sockets/loop/loop-sockets.ts";
import { nodeSockets, type Sockets } from "../../src/sockets/sockets.ts";

const { _tickCallback: runTicks } = process as unknown as { _tickCallback: () => void };
const loaded = loadLoopSockets({ runTicks: () => runTicks.call(process) });

/** Why this machine has no sockets on the loop. */
export const loopMissing = loaded.ok ? undefined : loaded.reason;

export const loopSockets = loaded.ok ? loaded.sockets : undefined;

export const isOnLoop = process.env["FTP_ALG_DRIVER"] === "loop";

function choose(): Sockets {
  if (!isOnLoop) return nodeSockets;
  if (loopSockets === undefined) throw new Error(loopMissing);
  return loopSockets;
}

export const testedSockets: Sockets = choose();
