// Input of connections: where what is read goes, and how the rest of it is kept.
import type { Connection, TransportEvents } from "./transport.ts";
import { hasInput } from "./transport.ts";

/**
 * What is read is nearly always handled before anybody else reads, so all read into one piece of memory. Memory of its own
 * for each read, which is what streams take, costs more than all that is done with a line. It is small: what a peer sends beyond
 * it stays with the kernel until what was read is handled.
 */
export const sharedMemory = Buffer.allocUnsafeSlow(8192);

/** A peer that does not close after our end is cut off after this. */
export const closingGraceMs = 2000;
/** So is one that still says more than this: to throw it away is work, too. */
export const discardedBytes = 256 * 1024;

export const unheard: TransportEvents<unknown> = { arrived() {}, ended() {}, failed() {}, drained() {}, closed() {} };

/** `count` bytes stand at the start of `memory`, which is the shared one or the connection's own from now on. */
export function receive(connection: Connection, memory: Uint8Array, count: number): void {
  if (hasInput(connection)) {
    const unread = connection.memory.subarray(connection.from, connection.to);
    connection.memory = Buffer.concat([unread, memory.subarray(0, count)]);
  } else connection.memory = memory;
  connection.from = 0;
  connection.to = connection.memory === memory ? count : connection.memory.length;
  connection.events.arrived(connection.owner);
  if (connection.memory !== sharedMemory) return;
  // The next read is another's.
  if (hasInput(connection)) connection.memory = Buffer.from(sharedMemory.subarray(connection.from, connection.to));
  connection.to -= connection.from;
  connection.from = 0;
}
