// Free ports: a set of TCP ports that counts and picks within any range in a few steps, however large the range is.

export type FreePorts = {
  /** Puts a port in that is not there. */
  add(port: number): void;
  /** Takes a port out that is there. */
  remove(port: number): void;
  /** How many of the range are there; both ends included. */
  count(first: number, last: number): number;
  /** The port at that index among those from `first` on that are there, in ascending order; the first one is 0. */
  at(first: number, index: number): number;
};

const last = 65_535;

/** All of 1 to 65535, or those. */
export function createFreePorts(ports?: readonly number[]): FreePorts {
  // A Fenwick tree: the node `n` holds the count of the ports from n - lowestBit(n) + 1 to n.
  const counts = Uint16Array.from({ length: last + 1 }, (_, node) => (ports === undefined ? lowestBit(node) : 0));
  for (const port of ports ?? []) change(port, 1);

  function change(port: number, by: 1 | -1): void {
    for (let node = port; node <= last; node += lowestBit(node)) counts[node] = counts[node]! + by;
  }

  function upTo(port: number): number {
    let count = 0;
    for (let node = port; node > 0; node -= lowestBit(node)) count += counts[node]!;
    return count;
  }

  return {
    add: (port) => change(port, 1),
    remove: (port) => change(port, -1),
    count: (first, end) => upTo(end) - upTo(first - 1),
    at(first, index) {
      let left = upTo(first - 1) + index;
      let before = 0;
      for (let step = 2 ** 15; step >= 1; step /= 2) {
        const node = before + step;
        if (node > last || counts[node]! > left) continue;
        before = node;
        left -= counts[node]!;
      }
      return before + 1;
    },
  };
}

function lowestBit(value: number): number {
  return value & -value;
}
