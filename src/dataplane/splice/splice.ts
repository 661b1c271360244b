// Splice plane: it moves bulk inside the kernel, without privileges, where koffi loads. A data connection starts as a relayed
// one, which is the cheaper way for a small file; when it turns out to carry bulk, the two descriptors are lent to a thread
// that splices.
import type { DataPlane } from "../pinhole.ts";
import { createReadBuffers, type ReadBuffersOptions } from "../relay/read-buffers.ts";
import type { Bulk } from "../relay/bulk.ts";
import { loopCarry } from "../relay/loop-carriage.ts";
import { relayCarry } from "../relay/relay-carriage.ts";
import type { Loop } from "../../sockets/loop/loop.ts";
import { dataPinholes } from "../userspace/data-pinhole.ts";
import { loopGround } from "../userspace/loop-ground.ts";
import { nodeGround } from "../userspace/node-ground.ts";
import { loadSpliceCalls } from "./splice-calls.ts";
import { createSpliceThread, type SpliceThread } from "./splice-thread.ts";
import { unfitUnseen } from "../protected.ts";
import { createUserSpacePlane } from "../userspace/user-space-plane.ts";

export type SpliceOptions = {
  readonly buffers?: ReadBuffersOptions;
  /** What a direction carries by relay before it is spliced: the move costs more than it saves a small file. */
  readonly fromBytes?: number;
  /** Where data connections are on the loop. */
  readonly loop?: Loop | undefined;
};

export type LoadedSplicePlane =
  | { readonly ok: true; readonly plane: DataPlane }
  | { readonly ok: false; readonly reason: string };

/** The plane, or why this machine has none. Its thread starts with the first pinhole. */
export function loadSplicePlane(options: SpliceOptions = {}): LoadedSplicePlane {
  const loaded = loadSpliceCalls();
  return loaded.ok ? { ok: true, plane: createSplicePlane(createSpliceThread(loaded.calls), options) } : loaded;
}

export function createSplicePlane(thread: SpliceThread, options: SpliceOptions = {}): DataPlane {
  const { fromBytes = 2 * 1024 * 1024, loop } = options;
  const buffers = createReadBuffers(options.buffers);
  const bulk: Bulk = { fromBytes, take: (legs, events) => thread.lend(legs, events) };
  const whole = { name: "splice", unfit: () => thread.failure(), stopped: () => thread.stop() } as const;
  const plane =
    loop === undefined
      ? createUserSpacePlane({ ...whole, open: dataPinholes("splice", nodeGround(relayCarry(buffers, bulk))) })
      : createUserSpacePlane({ ...whole, open: dataPinholes("splice", loopGround(loop, loopCarry(buffers, bulk))) });
  return {
    ...plane,
    unfit: (request) => unfitUnseen(request) ?? plane.unfit(request),
    open(request, report) {
      // It takes tens of milliseconds to start, and peers take longer to come.
      thread.start();
      return plane.open(request, report);
    },
  };
}
