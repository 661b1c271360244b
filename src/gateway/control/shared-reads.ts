// Reading control connections into one piece of memory. What is read is a line or two, handled before anybody else reads;
// memory of its own for each read, which is what streams take, costs more than all that the gateway does with the line.
import type { Reads } from "../../sockets/reading-socket.ts";

/** Of one connection. `deliver` is set before anything can have been read; `count` bytes stand at the start of `memory`. */
export type SharedReads = Reads & {
  readonly buffer: Uint8Array;
  deliver: (memory: Uint8Array, count: number) => void;
};

const buffer = Buffer.allocUnsafeSlow(65_536);

export function createSharedReads(): SharedReads {
  const reads: SharedReads = {
    buffer,
    deliver: () => {},
    callback(count, memory) {
      reads.deliver(memory, count);
      return true;
    },
  };
  return reads;
}
