// Held feed: a stream under TLS on which the end of TCP waits until TLS has told all that it has been given. So the order of the two ends
// says whether TLS itself was ended or was cut, on any version of Node: slower than `watchTlsEnd`, and without anything undocumented.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { resetWhenClosed } from "./socket-options.ts";
import type { TlsEnd } from "./tls-handle.ts";

export type HeldFeed = {
  /** For TLS, in place of the connection. */
  readonly stream: Duplex;
  /** `above`: TLS, before anything is read from it. Returns what `watchTlsEnd` would. */
  watch(above: TLSSocket): () => TlsEnd | undefined;
};

/** An end that TLS knows of is told within a turn of the event loop. */
const calmTurns = 2;

/** Nothing else reads or writes `tcp`. */
export function createHeldFeed(tcp: Socket): HeldFeed {
  let above: TLSSocket | undefined;
  let isSecure = false;
  let end: TlsEnd | undefined;
  /** What became of TCP, and is to be passed on. */
  const held: (() => void)[] = [];
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void tcp.resume(),
    write: (chunk: Buffer, _encoding, done) => void tcp.write(chunk, done),
    final(done) {
      resetWhenClosed(tcp, false);
      tcp.end(() => done());
    },
    destroy(error, done) {
      tcp.destroy();
      done(error);
    },
  });
  tcp.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) tcp.pause();
  });
  tcp.on("end", () => hold(() => stream.push(null)));
  tcp.on("error", (error) => hold(() => stream.destroy(error)));
  tcp.on("close", () => hold(() => stream.destroy()));
  return {
    stream,
    watch(socket) {
      above = socket;
      socket.once("secure", () => (isSecure = true));
      socket.once("end", () => {
        end ??= "close-notify";
        passOn();
      });
      return () => end;
    },
  };

  function hold(what: () => void): void {
    held.push(what);
    // A handshake has nothing more to tell.
    if (end !== undefined || !isSecure) passOn();
    else if (held.length === 1) wait(calmTurns);
  }

  /** Whoever does not read TLS is waited for. */
  function wait(turns: number): void {
    if (above === undefined || end !== undefined || above.destroyed) return passOn();
    const isDrained = above.readableLength === 0 && stream.readableLength === 0;
    if (isDrained && turns === 0) {
      end = "cut";
      passOn();
    } else if (isDrained || above.readableFlowing === true) {
      setImmediate(wait, isDrained ? turns - 1 : calmTurns);
    } else above.once("resume", () => setImmediate(wait, calmTurns));
  }

  function passOn(): void {
    for (const what of held.splice(0)) what();
  }
}
