// Weak list: what somebody else still uses, for as long as they do.

export type WeakList<T extends object> = {
  add(item: T): void;
  /** Those that were not collected yet, whether or not they are used. */
  alive(): readonly T[];
};

const leastSweep = 1024;

/** Holds no more references than twice as many as were alive when it was last swept, and at most 1024 otherwise. */
export function createWeakList<T extends object>(): WeakList<T> {
  let references: WeakRef<T>[] = [];
  let sweepAt = leastSweep;
  return {
    add(item) {
      references.push(new WeakRef(item));
      if (references.length < sweepAt) return;
      references = references.filter((reference) => reference.deref() !== undefined);
      sweepAt = Math.max(leastSweep, 2 * references.length);
    },
    alive: () => references.flatMap((reference) => reference.deref() ?? []),
  };
}
