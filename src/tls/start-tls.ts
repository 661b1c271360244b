// Start TLS: the upgrade of a control connection, in either role.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type SecuredConnection, secureTransport } from "../sockets/secure-transport.ts";
import type { Transport } from "../sockets/transport.ts";
import { type HandshakeEvents, type Refusal, watchHandshake } from "./handshake.ts";

export type TlsStart = {
  readonly open: (connection: Socket | Duplex) => TLSSocket;
  readonly refusal: Refusal;
  /** Clear text may follow it (CCC). It costs memory. */
  readonly mayEnd: boolean;
};

/** The very next byte in each direction is TLS: there is nothing unread and nothing unsent. No event comes during the call. */
export function startTls(
  transport: Transport,
  { open, refusal, mayEnd }: TlsStart,
  { secured, failed }: HandshakeEvents,
): SecuredConnection {
  const connection = secureTransport(transport, open, mayEnd);
  watchHandshake(connection.socket, refusal, {
    secured(handshake) {
      connection.begin();
      secured(handshake);
    },
    failed,
  });
  return connection;
}
