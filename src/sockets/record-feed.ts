// Record feed: a stream under TLS that gives it one record at a time, so that what follows TLS's end on the same connection is not lost
// in it: clear text again, after CCC (RFC 4217, section 12.3). It ends nothing beneath.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { readingSocket } from "./reading-socket.ts";

export type RecordFeed = {
  /** For TLS. */
  readonly stream: Duplex;
  /** The connection; nothing reads it but this. */
  readonly tcp: Socket;
  /** No more for TLS: returns what came behind its end, and has `received` told of what comes from now on. */
  release(received: (chunk: Uint8Array) => void): Uint8Array;
};

const headerBytes = 5;
const chunkBytes = 32 * 1024;

/** `socket`: as for `readingSocket`. `unread`: what was read of it before. */
export function createRecordFeed(socket: Socket, unread: Uint8Array): RecordFeed {
  let waiting = Buffer.from(unread);
  let hasEnded = false;
  let isWanted = false;
  let isDue = false;
  let received: ((chunk: Uint8Array) => void) | undefined;
  const tcp = readingSocket(socket, {
    buffer: Buffer.allocUnsafeSlow(chunkBytes),
    callback(count, memory) {
      const chunk = Buffer.from(memory.subarray(0, count));
      if (received !== undefined) received(chunk);
      else {
        waiting = Buffer.concat([waiting, chunk]);
        feed();
      }
      // What is wanted of it is little: who floods waits.
      return received !== undefined || waiting.length < chunkBytes;
    },
  });
  const stream = new Duplex({
    allowHalfOpen: true,
    read() {
      isWanted = true;
      feed();
    },
    write(chunk: Buffer, _encoding, done) {
      tcp.write(chunk, done);
    },
    // TLS has said its end; the connection goes on.
    final: (done) => done(),
    destroy(error, done) {
      if (received === undefined) tcp.destroy();
      done(error);
    },
  });
  tcp.on("end", () => {
    hasEnded = true;
    feed();
  });
  tcp.on("error", (error) => stream.destroy(error));
  tcp.on("close", () => stream.destroy());
  return {
    stream,
    tcp,
    release(wanted) {
      received = wanted;
      tcp.resume();
      return waiting;
    },
  };

  /** One record, and the next when TLS has had a turn to say that it was the last. */
  function feed(): void {
    if (!isWanted || isDue || received !== undefined) return;
    const length = recordLength(waiting);
    if (length > waiting.length) {
      if (hasEnded) stream.push(null);
      return;
    }
    isWanted = false;
    isDue = true;
    const record = waiting.subarray(0, length);
    waiting = waiting.subarray(length);
    stream.push(record);
    if (waiting.length < chunkBytes) tcp.resume();
    setImmediate(() => {
      isDue = false;
      feed();
    });
  }
}

/** RFC 8446, section 5.2, and RFC 5246, section 6.2.3, which allows for more. */
const longestRecord = 16_384 + 2048;

/** Of the record at the start; all of it where none begins, which TLS is to say. */
function recordLength(bytes: Buffer): number {
  if (bytes.length < headerBytes) return headerBytes;
  const [type = 0] = bytes;
  const length = bytes.readUInt16BE(3);
  return type >= 0x14 && type <= 0x18 && length <= longestRecord ? headerBytes + length : bytes.length;
}
