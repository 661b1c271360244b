// Flow: one direction of a relayed connection. What is read from one socket is written to the other. It never reads on before
// all that it has read is with the kernel, so one buffer is all that it holds.
import type { Socket } from "node:net";
import type { ReadBuffers } from "./read-buffers.ts";
import type { Reads } from "../../sockets/reading-socket.ts";

export type Flow = {
  readonly reads: Reads & { buffer(): Uint8Array };
  /** Read so far. */
  readonly bytes: number;
  /** The kernel has not taken everything yet. */
  readonly isBlocked: boolean;
  /** A read has filled the shared buffer: there is more to carry than it is good for. */
  readonly isBulk: boolean;
  /** Whether the kernel took it all. */
  write(chunk: Uint8Array): boolean;
  /** Reads into a buffer of its own from now on, if one is left. */
  enlarge(): void;
  close(): void;
};

export type FlowEvents = {
  /** After every read that is written: whether to go on reading. */
  readOn(flow: Flow): boolean;
  /** It is not blocked any longer. Reading has stopped. */
  flushed(flow: Flow): void;
};

/** So many reads in a row that the shared buffer would have held, and the large one goes to those who need it. */
const smallReadsLimit = 16;

export function createFlow(buffers: ReadBuffers, to: () => Socket, events: FlowEvents): Flow {
  let memory = buffers.shared;
  let smallReads = 0;
  let isClosed = false;
  const flow = {
    reads: { buffer: () => memory, callback },
    bytes: 0,
    isBlocked: false,
    isBulk: false,
    write,
    enlarge,
    close,
  };
  return flow;

  function callback(count: number, source: Uint8Array): boolean {
    const chunk = source.subarray(0, count);
    write(source === buffers.shared ? Buffer.from(chunk) : chunk);
    if (source === buffers.shared && count === source.length) flow.isBulk = true;
    else if (source === memory && !flow.isBlocked) shrink(count);
    return !flow.isBlocked && events.readOn(flow);
  }

  function write(chunk: Uint8Array): boolean {
    flow.bytes += chunk.length;
    const socket = to();
    socket.write(chunk, written);
    // Usually the kernel takes all at once, and the memory is free again.
    flow.isBlocked = socket.writableLength > 0;
    return !flow.isBlocked;
  }

  function written(error?: Error | null) {
    if (error || !flow.isBlocked || to().writableLength > 0) return;
    flow.isBlocked = false;
    events.flushed(flow);
  }

  function enlarge() {
    if (memory !== buffers.shared || isClosed) return;
    memory = buffers.takeLarge() ?? memory;
    smallReads = 0;
  }

  function shrink(count: number) {
    if (memory === buffers.shared) return;
    smallReads = count > buffers.shared.length ? 0 : smallReads + 1;
    if (smallReads < smallReadsLimit) return;
    giveBack();
  }

  function giveBack() {
    if (memory === buffers.shared) return;
    buffers.returnLarge(memory);
    memory = buffers.shared;
    flow.isBulk = false;
  }

  /** Only once the sockets are closed: until then the memory may be read from or written to. */
  function close() {
    isClosed = true;
    giveBack();
  }
}
