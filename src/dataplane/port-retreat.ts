// Port retreat: a process whose place another one takes goes on with the ports that it has open and a few more, and leaves the others
// to the other one. No port is ever with both.
import { createFreePorts, type FreePorts } from "./free-ports.ts";
import { createRestingPorts, type RestingPorts } from "./resting-ports.ts";

export type Range = { readonly first: number; readonly last: number };

/** Each port is free, open, at rest or excluded; where `kept` is there, or in none of them and another process's. */
export type PortState = {
  free: FreePorts;
  resting: RestingPorts;
  readonly open: Set<number>;
  /** The process before this one uses them. */
  readonly excluded: Set<number>;
  /** While another process takes over: those that are still given. */
  kept: Set<number> | undefined;
  /** No longer excluded, and not told to that other process yet. */
  readmitted: number[];
};

export type Retreat = {
  /** What the other process must not use, ascending: the ports kept, and those excluded. */
  readonly kept: readonly number[];
  /** Kept ports given up for good, so that of each range `spare` remain besides the open ones; and those readmitted meanwhile. */
  giveUp(spare: number): readonly number[];
  /** There is no other process after all: every port can be given again. Not after `giveUp`. */
  undo(): void;
};

export type RetreatTools = {
  /** A port of the range that is now open. */
  readonly take: (first: number, last: number) => number | undefined;
  readonly rest: (port: number) => void;
};

/** A port that is free or rests is neither any more. */
export function withdraw({ free, resting }: PortState, port: number): void {
  if (!resting.remove(port)) free.remove(port);
}

/** Those that are open or excluded already are left as they are. */
export function excludePorts(state: PortState, ports: readonly number[]): void {
  for (const port of ports) {
    if (state.excluded.has(port) || state.open.has(port)) continue;
    withdraw(state, port);
    state.excluded.add(port);
  }
}

/** Those that are not excluded are left as they are. */
export function readmitPorts(state: PortState, ports: readonly number[], rest: (port: number) => void): void {
  for (const port of ports) {
    if (!state.excluded.delete(port)) continue;
    if (state.kept === undefined) rest(port);
    else state.readmitted.push(port);
  }
}

/** Of each range up to `spare` ports are kept besides the open ones, but no more than half of what is not open. */
export function beginRetreat(
  state: PortState,
  ranges: readonly Range[],
  spare: number,
  { take, rest }: RetreatTools,
): Retreat {
  const spares = new Set<number>();
  for (const { first, last } of ranges) {
    const within = (ports: Iterable<number>): number => [...ports].filter(isWithin(first, last)).length;
    // What overlaps another range counts for both. Those that were picked are open for now.
    const already = within(spares);
    const unused = last - first + 1 - within(state.open) - within(state.excluded);
    const most = Math.min(spare, Math.floor((unused + already) / 2));
    for (let count = already; count < most; count++) {
      const port = take(first, last);
      if (port !== undefined) spares.add(port);
    }
  }
  const { free, resting, open, excluded } = state;
  const kept = new Set(open);
  state.kept = kept;
  for (const port of spares) open.delete(port);
  state.free = createFreePorts([...spares]);
  state.resting = createRestingPorts();
  const unused = (): number[] => [...kept].filter((port) => !open.has(port));

  return {
    kept: [...kept, ...excluded].toSorted((a, b) => a - b),
    giveUp(most) {
      const left = unused();
      const wanted = new Set(ranges.flatMap(({ first, last }) => left.filter(isWithin(first, last)).slice(0, most)));
      const given = left.filter((port) => !wanted.has(port));
      for (const port of given) {
        withdraw(state, port);
        kept.delete(port);
      }
      return [...given, ...state.readmitted.splice(0)];
    },
    undo() {
      state.free = free;
      state.resting = resting;
      state.kept = undefined;
      for (const port of [...unused(), ...state.readmitted.splice(0)]) rest(port);
    },
  };
}

function isWithin(first: number, last: number): (port: number) => boolean {
  return (port) => port >= first && port <= last;
}
