// Handshake: told once, either way, with what is known of the connection then.
import type { TLSSocket } from "node:tls";
import type { Secured, TlsVersion } from "../net/tls.ts";
import { watchEnd } from "../sockets/tls-handle.ts";
import { inShort } from "./chain-failure.ts";
import { explainHandshake, type HandshakeFailure } from "./handshake-failure.ts";

/** `name`: that the client has asked for (SNI). `subject` and `user` (its CN): of a peer's certificate that was checked. */
export type Handshake = Secured & { readonly name?: string; readonly subject?: string; readonly user?: string };

export type HandshakeEvents = {
  /** Not in the turn in which the handshake was done: what a server writes in that turn loses its close_notify (Node, TLS 1.3). */
  secured(handshake: Handshake): void;
  /** Instead, once. Who is told closes the connection. */
  failed(failure: HandshakeFailure): void;
};

/** `refusal`: what is wrong with the peer, though TLS came about. */
export type Refusal = (socket: TLSSocket) => HandshakeFailure | undefined;

export function watchHandshake(socket: TLSSocket, refusal: Refusal, { secured, failed }: HandshakeEvents): void {
  const begunAt = performance.now();
  let isOver = false;
  let error: Error | undefined;
  const fail = (failure: HandshakeFailure): void => {
    if (isOver) return;
    isOver = true;
    failed(failure);
  };
  socket.on("error", (why) => {
    error ??= why;
    fail(explainHandshake(why));
  });
  socket.once("close", () => fail(explainHandshake(error)));
  let isSecure = false;
  watchEnd(socket, () => {
    if (!isSecure) fail(explainHandshake(undefined));
  });
  socket.once("secure", () => {
    isSecure = true;
    const durationMs = Math.round(performance.now() - begunAt);
    setImmediate(() => {
      if (isOver) return;
      if (socket.destroyed) return fail(explainHandshake(error));
      const refused = refusal(socket);
      if (refused !== undefined) return fail(refused);
      isOver = true;
      secured(describe(socket, durationMs));
    });
  });
}

/** A client may ask for anything, line ends among it; what is no name is nobody's. */
const hostName = /^[\w.:-]{1,255}$/;

function describe(socket: TLSSocket, durationMs: number): Handshake {
  const { servername } = socket as { readonly servername?: string | false | null };
  const subject = socket.getPeerX509Certificate()?.subject;
  const [, user] = /^CN=(.*)$/m.exec(subject ?? "") ?? [];
  return {
    // No other is spoken: contexts have a lowest version.
    version: socket.getProtocol() as TlsVersion,
    cipher: socket.getCipher().name,
    resumed: socket.isSessionReused(),
    durationMs,
    ...(typeof servername === "string" && hostName.test(servername) && { name: servername }),
    ...(subject !== undefined && { subject: inShort(subject.replaceAll("\n", ",")) }),
    ...(user !== undefined && { user }),
  };
}
