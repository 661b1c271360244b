// Secure leg: one of the two legs that a secure carriage carries between, and how far it is with it.
import type { Socket } from "node:net";
import type { TlsEnd } from "../../sockets/tls-handle.ts";
import type { Lane } from "./secure-pair.ts";

export type SecureLeg = {
  /** What is read from and written to; under TLS only once it is ready. */
  socket: Socket;
  readonly lane: Lane;
  tlsEnd: (() => TlsEnd | undefined) | undefined;
  tolerates: boolean;
  isReady: boolean;
  hasEnded: boolean;
  /** It was closed after all that it had to say. */
  isGone: boolean;
};

/** Its own direction is done. */
export function hasFinished({ socket, isGone }: SecureLeg): boolean {
  return isGone || socket.writableFinished;
}

/** Both directions have ended, in order. */
export function isOver({ socket, hasEnded }: SecureLeg): boolean {
  return hasEnded && socket.writableFinished && socket.errored === null;
}
