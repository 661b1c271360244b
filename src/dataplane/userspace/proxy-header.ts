// PROXY header of a data connection: it is read to its last byte and not one further, so that whoever carries what follows finds it unread.
import type { Socket } from "node:net";
import { readProxyHeader, type ProxyHeader } from "../../net/proxy-protocol.ts";
import { cancelDeadline, setDeadline } from "../../sockets/deadlines.ts";
import { readingSocket } from "../../sockets/reading-socket.ts";

export type HeaderEvents = {
  /** Once, not during the call. The socket stands still, and is another one than before. */
  read(socket: Socket, header: ProxyHeader): void;
  /** Instead, once: no header, a torn one, or none in time. */
  failed(socket: Socket, detail: string): void;
};

/** Of a header, a line end included. */
const shortest = 13;
const fixedBytes = 16;
const carriageReturn = 0x0d;
/** As much as `readProxyHeader` takes. */
const mostBytes = 4096 + fixedBytes;

/** The socket was not read. It is the callee's from now on, until one of the events; `cancel` gives the socket back, and none comes. */
export function awaitProxyHeader(socket: Socket, timeoutMs: number, events: HeaderEvents): { cancel(): Socket } {
  const memory = Buffer.alloc(mostBytes);
  let length = 0;
  let isOver = false;
  const reader = readingSocket(socket, {
    buffer: () => memory.subarray(length, length + wantedBytes(memory.subarray(0, length))),
    callback: (count, chunk) => heard(count, chunk),
  });
  const cutOff = (): void => fail("the header is cut off");
  const deadline = setDeadline(timeoutMs, () => fail("no whole header in time"));
  reader.on("error", cutOff).once("end", cutOff).once("close", cutOff);
  return {
    cancel() {
      settle();
      return reader;
    },
  };

  function settle(): void {
    isOver = true;
    cancelDeadline(deadline);
    reader.pause();
  }

  function fail(detail: string): void {
    if (isOver) return;
    settle();
    events.failed(reader, detail);
  }

  function heard(count: number, chunk: Uint8Array): boolean {
    if (isOver) return false;
    // Where it is read as streams are, all that has come is here.
    const isOwn = chunk.buffer === memory.buffer;
    if (!isOwn) memory.set(chunk.subarray(0, mostBytes - length), length);
    length = Math.min(mostBytes, length + count);
    const found = readProxyHeader(memory.subarray(0, length));
    if (found.kind === "incomplete") return true;
    // What was called for this read has to return first.
    setImmediate(() => {
      if (isOver) return;
      if (found.kind === "refused") return fail(found.detail);
      settle();
      if (!isOwn && found.length < length) reader.unshift(memory.subarray(found.length, length));
      reader.off("error", cutOff).off("end", cutOff).off("close", cutOff);
      events.read(reader, found.header);
    });
    return false;
  }
}

/** So many more at most belong to a header that begins so, whatever follows. */
function wantedBytes(begun: Buffer): number {
  if (begun.length < shortest) return shortest - begun.length;
  if (begun[0] !== carriageReturn) return 1;
  return begun.length < fixedBytes
    ? fixedBytes - begun.length
    : Math.max(1, fixedBytes + begun.readUInt16BE(14) - begun.length);
}
