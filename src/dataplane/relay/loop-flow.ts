// Loop flow: one direction of a connection between two streams on the loop. What is read from one is written to the other, and nothing
// is read before all of that is with the kernel, so one buffer is all that it holds.
import { makePrompt, notNow, readStream, type Stream, writeStream } from "../../sockets/loop/stream.ts";
import type { ReadBuffers } from "./read-buffers.ts";

export type LoopFlow = {
  readonly from: Stream;
  readonly to: Stream;
  /** Where it reads to: the shared memory, or its own. */
  memory: Buffer;
  /** Read so far. */
  bytes: number;
  /** What the kernel has not taken of it; empty if it has taken all. */
  unsent: Uint8Array;
  /** The last read has filled the memory: there is more to carry than it is good for. */
  isBulk: boolean;
  /** So many reads in a row would have fitted into the shared memory. */
  smallReads: number;
  /** The source has ended: nothing more can be read. */
  hasEnded: boolean;
  /** The source has broken: minus the number of the error, else 0. */
  broken: number;
};

/** After that many, the large memory goes to those who need it. */
const smallReadsLimit = 16;
const none = new Uint8Array(0);

export function createLoopFlow(from: Stream, to: Stream, { shared }: ReadBuffers): LoopFlow {
  return {
    ...{ from, to, memory: shared, bytes: 0, unsent: none },
    ...{ isBulk: false, smallReads: 0, hasEnded: false, broken: 0 },
  };
}

/**
 * One read, and the write of what it gave. `isEndNear`: the source's FIN has come, behind what is to be read. Returns minus the number of
 * the error if the destination has broken, else 0.
 */
export function pump(flow: LoopFlow, buffers: ReadBuffers, isEndNear: boolean): number {
  const { from, memory } = flow;
  let count = read(flow, from, memory);
  // With the end at hand, the last bytes and ours go out in one segment.
  if (isEndNear && count > 0 && count < memory.length) count += read(flow, from, memory.subarray(count));
  if (count === 0) return 0;
  flow.bytes += count;
  flow.isBulk = count === memory.length;
  if (memory !== buffers.shared) flow.smallReads = count > buffers.shared.length ? 0 : flow.smallReads + 1;
  if (flow.bytes > count) makePrompt(flow.to);
  const sent = writeStream(flow.to, memory, count, flow.hasEnded);
  if (sent < 0) return sent;
  if (sent < count) {
    const rest = memory.subarray(sent, count);
    // Others read into the shared memory meanwhile.
    flow.unsent = memory === buffers.shared ? Buffer.from(rest) : rest;
  } else if (flow.smallReads >= smallReadsLimit) giveBack(flow, buffers);
  return 0;
}

function read(flow: LoopFlow, from: Stream, memory: Uint8Array): number {
  const count = readStream(from, memory);
  if (count > 0) return count;
  if (count === 0) flow.hasEnded = true;
  else if (count !== notNow) flow.broken = count;
  return 0;
}

/** Writes on what was not taken. Returns as `pump`. */
export function flush(flow: LoopFlow): number {
  const sent = writeStream(flow.to, flow.unsent, flow.unsent.length, flow.hasEnded);
  if (sent < 0) return sent;
  flow.unsent = sent === flow.unsent.length ? none : flow.unsent.subarray(sent);
  return 0;
}

/** Bytes that the kernel has taken. */
export function movedBy({ bytes, unsent }: LoopFlow): number {
  return bytes - unsent.length;
}

/** Reads into memory of its own from now on, if some is left. */
export function enlarge(flow: LoopFlow, buffers: ReadBuffers): void {
  if (flow.memory !== buffers.shared) return;
  flow.memory = buffers.takeLarge() ?? flow.memory;
  flow.smallReads = 0;
}

/** To be called when it is over, too. What was not sent is lost. */
export function giveBack(flow: LoopFlow, buffers: ReadBuffers): void {
  flow.unsent = none;
  if (flow.memory === buffers.shared) return;
  buffers.returnLarge(flow.memory);
  flow.memory = buffers.shared;
  flow.isBulk = false;
  flow.smallReads = 0;
}
