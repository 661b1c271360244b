// Virtual time of the fleet's simulation: what is to happen at a moment happens in the order of moments, as fast as the machine can.

export type FleetClock = {
  /** Milliseconds since the beginning. */
  now(): number;
  /** `happen` is called once, `ms` from now, in steps of `grainMs`. */
  after(ms: number, happen: () => void): void;
  /** Lets everything happen that is due until that moment. */
  runUntil(ms: number): void;
};

const grainMs = 10;

export function createFleetClock(): FleetClock {
  /** By the number of their step; those of one step in the order in which they were asked for. */
  const due = new Map<number, (() => void)[]>();
  let step = 0;
  return {
    now: () => step * grainMs,
    after(ms, happen) {
      const at = step + Math.max(1, Math.ceil(ms / grainMs));
      const others = due.get(at);
      if (others === undefined) due.set(at, [happen]);
      else others.push(happen);
    },
    runUntil(ms) {
      for (const last = Math.floor(ms / grainMs); step < last;) {
        step += 1;
        const happening = due.get(step);
        due.delete(step);
        for (const happen of happening ?? []) happen();
      }
    },
  };
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function createDice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
