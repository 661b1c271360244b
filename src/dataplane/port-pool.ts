// Data ports: which are free, which are open, and which rest after use. A port rests because a connection in TIME_WAIT may
// still own its four-tuple, and because a late peer of the old pinhole must not meet a new one. Rest is a preference: a
// narrow range gives the port that rested longest rather than none.
import { createFreePorts } from "./free-ports.ts";
import {
  beginRetreat,
  excludePorts,
  type PortState,
  type Range,
  readmitPorts,
  type Retreat,
  withdraw,
} from "./port-retreat.ts";
import { createRestingPorts } from "./resting-ports.ts";

export type PortCounts = { readonly free: number; readonly open: number; readonly resting: number };

export type PortPool = {
  /**
   * A random free port, or where none is free the one that has rested longest; now open. Undefined when all are open.
   * 0 means any port that the system gives. With `wanted` that port of the range, be it free or at rest, or undefined.
   */
  take(wanted?: number): number | undefined;
  /** An open port goes to rest, whether it was used, left unused, or found taken by another program. */
  release(port: number): void;
  counts(): PortCounts;
};

export type PortTableOptions = {
  readonly restMs: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
};

/** The state of every data port of a process. Pools are views on it, so that ranges may overlap, change and go. */
export type PortTable = {
  /** First and last port, both included. Throws a RangeError if that is no range of ports from 1 to 65535. */
  pool(first: number, last: number): PortPool;
  /** The process before this one uses them, and none is open here: they are given to nobody until they are readmitted. */
  exclude(ports: readonly number[]): void;
  /** It is done with them: they go to rest. Those that are not excluded are left as they are. */
  readmit(ports: readonly number[]): void;
  /**
   * Another process takes over: from now on only ports that are kept are given. Those are the open ones, and of each range up to
   * `spare` more, but no more than half of what is not open.
   */
  retreat(ranges: readonly Range[], spare: number): Retreat;
};

const lastPort = 65_535;

export function createPortTable({
  restMs,
  now = () => performance.now(),
  random = Math.random,
}: PortTableOptions): PortTable {
  const state: PortState = {
    ...{ free: createFreePorts(), resting: createRestingPorts(), open: new Set(), excluded: new Set() },
    ...{ kept: undefined, readmitted: [] },
  };
  const { open, excluded } = state;

  function wakeRested(): void {
    const moment = now();
    const { resting } = state;
    for (let oldest = resting.first(1, lastPort); oldest !== undefined; oldest = resting.first(1, lastPort)) {
      if (oldest.until > moment) break;
      wake(oldest.port);
    }
  }

  function wake(port: number): void {
    state.resting.remove(port);
    state.free.add(port);
  }

  function rest(port: number): void {
    state.resting.add(port, now() + restMs);
  }

  function take(first: number, last: number): number | undefined {
    wakeRested();
    const { free, resting } = state;
    let count = free.count(first, last);
    if (count === 0) {
      const oldest = resting.first(first, last);
      if (oldest === undefined) return undefined;
      wake(oldest.port);
      count = 1;
    }
    const port = free.at(first, Math.floor(random() * count));
    free.remove(port);
    open.add(port);
    return port;
  }

  function takeWanted(port: number): number | undefined {
    wakeRested();
    if (open.has(port) || excluded.has(port) || state.kept?.has(port) === false) return undefined;
    withdraw(state, port);
    open.add(port);
    return port;
  }

  function release(port: number): void {
    if (open.delete(port)) rest(port);
  }

  function counts(first: number, last: number): PortCounts {
    wakeRested();
    const known = { free: state.free.count(first, last), open: countWithin(open, first, last) };
    return { ...known, resting: last - first + 1 - known.free - known.open };
  }

  return {
    exclude: (ports) => excludePorts(state, ports),
    readmit: (ports) => readmitPorts(state, ports, rest),
    retreat: (ranges, spare) => beginRetreat(state, ranges, spare, { take, rest }),
    pool: (first, last) => {
      if (first < 1 || last > lastPort || first > last) throw new RangeError(`no port range: ${first}-${last}`);
      return {
        take(wanted) {
          if (wanted === undefined) return take(first, last);
          return wanted >= first && wanted <= last ? takeWanted(wanted) : undefined;
        },
        release,
        counts: () => counts(first, last),
      };
    },
  };
}

function countWithin(ports: Iterable<number>, first: number, last: number): number {
  let count = 0;
  for (const port of ports) if (port >= first && port <= last) count += 1;
  return count;
}

/** Without a range: the system picks a free port and lets it rest itself. */
export function createSystemPool(): PortPool {
  let open = 0;
  return {
    take(wanted = 0) {
      open++;
      return wanted;
    },
    release() {
      if (open > 0) open--;
    },
    counts: () => ({ free: Infinity, open, resting: 0 }),
  };
}
