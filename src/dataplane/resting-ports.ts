// Resting ports: a set of TCP ports with the moment until which each rests, that finds the one that has rested longest within
// any range in a few steps, however many rest.

export type RestingPorts = {
  /** `until`: monotonic milliseconds, later than those of all others that were put in before. */
  add(port: number, until: number): void;
  /** Takes a port out; false if it is not there. */
  remove(port: number): boolean;
  /** The one of the range whose rest ends first; both ends included. */
  first(from: number, to: number): { readonly port: number; readonly until: number } | undefined;
};

const size = 65_536;

export function createRestingPorts(): RestingPorts {
  // A tournament: the leaf of a port is `size + port`, and every node above holds the smaller of the two below it.
  const until = new Float64Array(2 * size).fill(Infinity);

  function set(port: number, moment: number): void {
    let node = size + port;
    until[node] = moment;
    for (node >>= 1; node >= 1; node >>= 1) {
      const least = Math.min(until[2 * node]!, until[2 * node + 1]!);
      if (until[node] === least) return;
      until[node] = least;
    }
  }

  /** The node, of those that together cover the range, that holds the least. */
  function winner(from: number, to: number): number {
    let best = size + from;
    for (let left = size + from, right = size + to; left <= right; left >>= 1, right >>= 1) {
      if (until[left]! < until[best]!) best = left;
      if (until[right]! < until[best]!) best = right;
      if ((left & 1) === 1) left += 1;
      if ((right & 1) === 0) right -= 1;
    }
    return best;
  }

  return {
    add: set,
    remove(port) {
      if (until[size + port] === Infinity) return false;
      set(port, Infinity);
      return true;
    },
    first(from, to) {
      let node = winner(from, to);
      const moment = until[node]!;
      if (moment === Infinity) return undefined;
      while (node < size) node = until[2 * node] === moment ? 2 * node : 2 * node + 1;
      return { port: node - size, until: moment };
    },
  };
}
