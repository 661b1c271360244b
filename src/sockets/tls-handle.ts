// TLS handle: what Node knows of a TLS connection and has no public name for: how it ended, and what became of the peer's certificate.
import { constants } from "node:os";
import type { TLSSocket } from "node:tls";

/** Undocumented; the same from Node 20 to 24, and `tls/tls-self-test.ts` tries it out. */
type TlsHandle = {
  /** Whether libuv is told to read the connection beneath. */
  readonly reading?: boolean;
  readonly _parent?: { readStart?(): number };
  verifyError?(): (Error & { readonly code?: string }) | null;
};
type Internals = {
  readonly _handle: TlsHandle | null;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  _releaseControl?(): boolean;
};

/** `close-notify`: TLS itself was ended. `cut`: TCP was, and what came last may be missing. */
export type TlsEnd = "close-notify" | "cut";

/** Calls `ended` when the peer has ended its direction, whether or not what came before was read. */
export function watchEnd(socket: TLSSocket, ended: () => void): void {
  (watches.get(socket) ?? beginWatch(socket)).ended.push(ended);
}

/**
 * Tells how the peer has ended its direction, once it has. To be called before anything is read. TLS that ends does so while libuv still
 * reads, or has stopped to; only after TCP's own end it can be started again (EALREADY, 0).
 */
export function watchTlsEnd(socket: TLSSocket): () => TlsEnd | undefined {
  const watch = watches.get(socket) ?? beginWatch(socket);
  watch.isJudged = true;
  return () => watch.end;
}

type Watch = { hasEnded: boolean; end: TlsEnd | undefined; isJudged: boolean; readonly ended: (() => void)[] };

/** One for each: who asks libuv a second time is told that it reads. */
const watches = new WeakMap<TLSSocket, Watch>();

function beginWatch(socket: TLSSocket): Watch {
  const internals = socket as unknown as Internals;
  const push = internals.push;
  const watch: Watch = { hasEnded: false, end: undefined, isJudged: false, ended: [] };
  watches.set(socket, watch);
  internals.push = (chunk, encoding) => {
    if (chunk === null && !watch.hasEnded) {
      watch.hasEnded = true;
      if (watch.isJudged) watch.end = judge(internals);
      for (const ended of watch.ended) ended();
    }
    return push.call(socket, chunk, encoding);
  };
  return watch;
}

const alreadyReading = -constants.errno.EALREADY;

function judge({ _handle: handle }: Internals): TlsEnd {
  if (handle?._parent?.readStart === undefined) return "cut";
  if (handle.reading === false) return "close-notify";
  return handle._parent.readStart() === alreadyReading ? "close-notify" : "cut";
}

/** What is wrong with the chain of the peer's certificate, as OpenSSL's code, e.g. `CERT_HAS_EXPIRED`; undefined if nothing is. */
export function chainErrorOf(socket: TLSSocket): string | undefined {
  const error = (socket as unknown as Internals)._handle?.verifyError?.();
  return error ? (error.code ?? error.message) : undefined;
}

/** Whatever breaks it is an `error` event from now on; until then Node keeps errors of the server's role for its own server. */
export function releaseControl(socket: TLSSocket): TLSSocket {
  (socket as unknown as Internals)._releaseControl?.();
  return socket;
}
