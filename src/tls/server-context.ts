// Server context: what TLS is spoken with towards clients: certificates by name, the lowest version, who must show a certificate, and
// tickets. Described by plain data, so that another thread can make the same of it.
import { constants, createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { TlsVersion } from "../net/tls.ts";
import { chainErrorOf, releaseControl } from "../sockets/tls-handle.ts";
import type { Certificate } from "./certificate.ts";
import { chainFailure } from "./chain-failure.ts";
import type { Refusal } from "./handshake.ts";
import type { HandshakeFailure } from "./handshake-failure.ts";
import { chooseByName } from "./sni.ts";
import type { SessionStore } from "./session-store.ts";
import { type TicketKeys, type TicketPolicy, useTicketKeys } from "./ticket-keys.ts";

export type ServerTls = {
  /** At least one; the first is for whoever names no other. */
  readonly certificates: readonly Certificate[];
  readonly minVersion: TlsVersion;
  /** Clients are asked for a certificate that these have signed (`ca`: PEM); with `require` they must show one. */
  readonly clientCertificates?: { readonly ca: string; readonly require: boolean } | undefined;
};

export type ServerContext = {
  /** Over a connection whose next byte is the client's. `sessions`: those that may be resumed by their id (TLS 1.2). */
  open(connection: Socket | Duplex, sessions?: SessionStore): TLSSocket;
  /** Once the handshake is done: what is wrong with the client. */
  readonly refusal: Refusal;
};

/** AEAD with forward secrecy; each client's own preference loses to the cheapest that it has. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL",
].join(":");
/** Sessions live as long as a control connection may: their data connections must resume them. In seconds. */
const sessionTimeout = 86_400;
/**
 * Sessions with another are not resumed. Whose certificate was checked against other authorities, by another gateway with the same ticket
 * keys or before a reload, is to be checked anew. At most 32 bytes.
 */
function sessionIdContext({ clientCertificates }: ServerTls): string {
  if (clientCertificates === undefined) return "ftp-alg";
  const { ca, require } = clientCertificates;
  return createHash("sha256").update(`${require} ${ca}`).digest("base64").slice(0, 32);
}

export function createServerContext(tls: ServerTls, keys: () => TicketKeys, policy: TicketPolicy): ServerContext {
  const choices = tls.certificates.map((certificate) => ({
    names: certificate.names,
    context: secureContext(tls, certificate, keys, policy),
  }));
  const [first] = choices;
  if (first === undefined) throw new Error("TLS without a certificate");
  const byName =
    choices.length === 1
      ? {}
      : {
          SNICallback(name: string, done: (error: Error | null, context?: SecureContext) => void) {
            done(null, chooseByName(choices, name)?.context);
          },
        };
  const open = (connection: Socket | Duplex, sessions?: SessionStore): TLSSocket => {
    const options = {
      isServer: true,
      secureContext: first.context,
      requestCert: tls.clientCertificates !== undefined,
      rejectUnauthorized: false,
      ALPNCallback: chooseProtocol,
      ...byName,
      ...(sessions && { server: sessions.emitter }),
    };
    // Any emitter serves for `server`, though its type says otherwise.
    const socket = new TLSSocket(connection, options as unknown as ConstructorParameters<typeof TLSSocket>[1]);
    socket.disableRenegotiation();
    return releaseControl(socket);
  };
  return { open, refusal: (socket) => whyRefused(tls, socket) };
}

/** Of those that a client offers (ALPN); none: TLS is refused. A browser that was led here would take a file for its own site's (ALPACA). */
function chooseProtocol({ protocols }: { readonly protocols: readonly string[] }): string | undefined {
  return protocols.find((protocol) => !/^(?:h2|h3|http\/)/.test(protocol));
}

function whyRefused({ clientCertificates }: ServerTls, socket: TLSSocket): HandshakeFailure | undefined {
  if (clientCertificates === undefined) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    if (!clientCertificates.require) return undefined;
    return { cause: "no-certificate", detail: "the client has shown no certificate" };
  }
  const error = chainErrorOf(socket);
  return error === undefined ? undefined : chainFailure(error, certificate);
}

function secureContext(
  tls: ServerTls,
  { chain, key }: Certificate,
  keys: () => TicketKeys,
  policy: TicketPolicy,
): SecureContext {
  const { minVersion, clientCertificates } = tls;
  const context = createSecureContext({
    cert: chain,
    key,
    ...(clientCertificates && { ca: clientCertificates.ca }),
    minVersion,
    ciphers,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    sessionIdContext: sessionIdContext(tls),
    sessionTimeout,
  });
  useTicketKeys(context, keys, policy);
  return context;
}
