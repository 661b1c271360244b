// Ending feed: a stream under TLS that sees its records, and so tells how a peer has ended that says user_canceled before close_notify, as
// Java does in TLS 1.3. After the first OpenSSL keeps the second to itself, and to Node it looks as if TCP alone had ended.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type TlsEnd, watchEnd } from "./tls-handle.ts";

export type EndingFeed = {
  /** For TLS. */
  readonly stream: Duplex;
  /** `socket`: TLS above it, before anything is read. Gives what `watchTlsEnd` gives. */
  watch(socket: TLSSocket): () => TlsEnd | undefined;
};

const headerBytes = 5;
const applicationData = 23;
/** An alert and its content type, sealed; and with the sixteen bytes that Java adds. */
const alertSizes: ReadonlySet<number> = new Set([19, 35]);
const mostWaiting = 256 * 1024;

type Piece = { readonly count: number; readonly isAlert: boolean };

/** What may go up at once of what waits, which follows the piece before: all that comes before an alert, or an alert. */
function createPieces(): (waiting: Buffer) => Piece {
  /** Of the record that is under way. */
  let left = 0;
  return (waiting) => {
    let at = 0;
    for (;;) {
      const step = Math.min(left, waiting.length - at);
      at += step;
      left -= step;
      if (left > 0 || waiting.length - at < headerBytes) return { count: at, isAlert: false };
      const size = waiting.readUInt16BE(at + 3);
      if (waiting[at] === applicationData && alertSizes.has(size)) {
        const isWhole = waiting.length >= headerBytes + size;
        return at > 0 || !isWhole ? { count: at, isAlert: false } : { count: headerBytes + size, isAlert: true };
      }
      left = headerBytes + size;
    }
  };
}

/** `tcp`: is read by nobody else. */
export function createEndingFeed(tcp: Socket): EndingFeed {
  const nextPiece = createPieces();
  let waiting: Buffer = Buffer.alloc(0);
  let isWanted = false;
  /** What was pushed last has not been taken yet. */
  let isDue = false;
  let hasEnded = false;
  let hasToldEnd = false;
  /** The last record was an alert that left TLS open. */
  let isQuiet = false;
  let secured: TLSSocket | undefined;

  const stream = new Duplex({
    allowHalfOpen: true,
    autoDestroy: false,
    readableHighWaterMark: 0,
    read() {
      isWanted = true;
      feed();
    },
    write: (chunk: Buffer, _encoding, done) => void tcp.write(chunk, done),
    final: (done) => void tcp.end(done),
    destroy(error, done) {
      tcp.destroy();
      done(error);
    },
  });
  tcp.on("data", (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    if (waiting.length > mostWaiting) tcp.pause();
    feed();
  });
  tcp.on("end", () => {
    hasEnded = true;
    feed();
  });
  tcp.on("error", (error) => stream.destroy(error));
  tcp.on("close", (isBroken) => void (isBroken && stream.destroy()));
  return { stream, watch };

  /** An alert goes up alone, and whatever goes up is taken before more does: so the end of TLS comes before that of TCP. */
  function feed(): void {
    if (!isWanted || isDue || hasToldEnd) return;
    const { count, isAlert } = nextPiece(waiting);
    if (count > 0) return push(count, isAlert);
    if (!hasEnded) return;
    if (waiting.length > 0) return push(waiting.length, false);
    hasToldEnd = true;
    stream.push(null);
  }

  function push(count: number, isAlert: boolean): void {
    const before = secured?.bytesRead;
    const bytes = waiting.subarray(0, count);
    waiting = waiting.subarray(count);
    isWanted = false;
    isDue = true;
    isQuiet = false;
    stream.push(bytes);
    if (waiting.length <= mostWaiting) tcp.resume();
    const settle = (): void => {
      if (stream.destroyed) return;
      if (stream.readableLength > 0) return void stream.once("data", () => setImmediate(settle));
      isDue = false;
      // Before the handshake is over other records have that length.
      isQuiet = isAlert && before !== undefined && secured?.bytesRead === before;
      feed();
    };
    setImmediate(settle);
  }

  function watch(socket: TLSSocket): () => TlsEnd | undefined {
    let end: TlsEnd | undefined;
    socket.once("secure", () => (secured = socket));
    watchEnd(socket, () => (end = hasToldEnd && !isQuiet ? "cut" : "close-notify"));
    return () => end;
  }
}
