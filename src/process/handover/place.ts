// Place of a process: what it hands on to the one that takes over, and how it takes what was handed to it.
import type { PortPools } from "../../gateway/port-pools.ts";
import type { PreparedChange } from "../../gateway/prepared-change.ts";
import type { SharedResources } from "../../gateway/shared-resources.ts";
import type { AdminListener } from "../admin-listener.ts";
import type { PredecessorDeps } from "./predecessor.ts";
import type { Takeover } from "./successor.ts";

export type Place = Pick<PredecessorDeps, "sockets" | "retreat" | "countSessions"> & {
  /**
   * The other process takes clients: accepts no more, sessions go on, up to the drain time. Resolves when the last has ended, and the
   * process before this one.
   */
  leave(): Promise<void>;
  /** The other process has it: whoever still asks here finds the service as ready as it is there. */
  isLeft(): boolean;
};

/** `leave`: of the gateways, and whatever else is to be waited for. */
export function createPlace(
  { listeningSockets, portPools, places }: Pick<SharedResources, "listeningSockets" | "portPools" | "places">,
  admin: Pick<AdminListener, "open" | "leave">,
  leave: () => Promise<unknown>,
): Place {
  let isLeft = false;
  return {
    isLeft: () => isLeft,
    sockets: () => [
      ...listeningSockets.open().map((socket) => ({ ...socket, use: "control" as const })),
      ...admin.open().map((socket) => ({ ...socket, use: "admin" as const })),
    ],
    retreat: () => portPools.retreat(places.taken),
    countSessions: () => places.taken,
    async leave() {
      isLeft = true;
      admin.leave();
      await leave();
    },
  };
}

/**
 * Brings what was prepared into force: in agreement with the process whose place is taken, if there is one. `ended`: resolves when that
 * has ended. Rejects with an Error, and nothing has changed.
 */
export async function takePlace(
  change: PreparedChange,
  takeover: Takeover | undefined,
  { exclude, readmit }: Pick<PortPools, "exclude" | "readmit">,
): Promise<{ readonly ended: Promise<void> }> {
  let ports: readonly number[];
  try {
    ports = (await takeover?.prepared()) ?? [];
  } catch (error) {
    change.rollback();
    throw error;
  }
  exclude(ports);
  change.commit();
  await takeover?.ready();
  const ended = takeover?.watch(readmit).then(() => readmit(ports));
  return { ended: ended ?? Promise.resolve() };
}
