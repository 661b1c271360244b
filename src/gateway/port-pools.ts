// The port pools of a process: gateways and sides that are given the same range share its ports.
import { randomInt } from "node:crypto";
import { createPortPool, type PortPool } from "../dataplane/port-pool.ts";
import type { PortRange } from "./options.ts";

export type PortPools = {
  /** The pool of a range, the same one each time; without a range a new pool of whatever the system gives. */
  of(range: PortRange | undefined): PortPool;
};

/** Linux keeps a closed connection's endpoints for 60 s (TIME_WAIT). */
const restMs = 60_000;

export function createPortPools(): PortPools {
  const pools = new Map<string, PortPool>();
  return {
    of(range) {
      if (range === undefined) return createPortPool({ first: 0, last: 0, restMs });
      const key = `${range.first}-${range.last}`;
      const known = pools.get(key);
      if (known !== undefined) return known;
      const pool = createPortPool({ ...range, restMs, random });
      pools.set(key, pool);
      return pool;
    },
  };
}

/** Ports that can't be foretold leave nothing to whoever races the expected peer. */
function random(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
