// Port pools of a process: whatever ranges its gateways and sides are given, now or before a reload, no port has two owners.
import { randomInt } from "node:crypto";
import { createPortTable, type PortPool, type PortTable } from "../dataplane/port-pool.ts";
import type { PortRange } from "./options.ts";

export type PortPools = {
  /** The ports of a range as they are: those of another range that overlaps it are open or rest in this one too. */
  of(range: PortRange): PortPool;
  /** Another process takes over: of each range that was asked for up to `spare` ports are kept besides the open ones. */
  retreat(spare: number): ReturnType<PortTable["retreat"]>;
} & Pick<PortTable, "exclude" | "readmit">;

/** Linux keeps a closed connection's endpoints for 60 s (TIME_WAIT). */
const restMs = 60_000;

export function createPortPools(): PortPools {
  const table = createPortTable({ restMs, random });
  const ranges = new Map<string, PortRange>();
  return {
    of({ first, last }) {
      ranges.set(`${first}-${last}`, { first, last });
      return table.pool(first, last);
    },
    retreat: (spare) => table.retreat([...ranges.values()], spare),
    exclude: table.exclude,
    readmit: table.readmit,
  };
}

/** A port that can't be predicted gives nothing to others that race the expected peer. */
function random(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
