// Client context: what TLS is spoken with towards servers, and whether a server is the one that is meant. Described by plain data, so that
// another thread can make the same of it.
import { constants, createHash, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import * as nodeTls from "node:tls";
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  rootCertificates,
  type SecureContextOptions,
  type TLSSocket,
} from "node:tls";
import type { TlsVersion } from "../net/tls.ts";
import { chainErrorOf } from "../sockets/tls-handle.ts";
import { chainFailure, inShort } from "./chain-failure.ts";
import type { Refusal } from "./handshake.ts";
import type { HandshakeFailure } from "./handshake-failure.ts";

export type ClientTls = {
  /** Whether the chain of the server's certificate and its name are checked. */
  readonly verify: boolean;
  /** PEM of those who may have signed it; `system`: the machine's. */
  readonly ca: string;
  /** PEM of certificates that are trusted besides, whoever has signed them. */
  readonly alsoTrusted?: string | undefined;
  /** Whose certificate it must be, a DNS name or a literal address. */
  readonly name: string;
  /** Base64 of the SHA-256 of its public key (SubjectPublicKeyInfo): it must be this one, besides. */
  readonly pin?: string | undefined;
  /** What we show where we are asked. */
  readonly certificate?: { readonly chain: string; readonly key: string } | undefined;
  readonly minVersion: TlsVersion;
};

export type ClientContext = {
  /** `session`: one of the control connection, to be resumed. Errors are for the caller to hear. */
  open(connection: Socket | Duplex, session?: Uint8Array): TLSSocket;
  /** Once the handshake is done: what is wrong with the server. A session that is resumed was checked when it began. */
  readonly refusal: Refusal;
};

export function createClientContext(tls: ClientTls): ClientContext {
  const { certificate, minVersion, name } = tls;
  const secureContext = createSecureContext({
    ...trusted(tls),
    ...(certificate && { cert: certificate.chain, key: certificate.key }),
    minVersion,
    // Who has been looked at stays who it is, and a server can't have us calculate at will.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
  const servername = isIP(name) === 0 ? name : "";
  return {
    open(connection, session) {
      const resumed = session && { session: Buffer.from(session) };
      return connect({
        socket: connection,
        secureContext,
        servername,
        rejectUnauthorized: false,
        ...resumed,
      });
    },
    refusal: (socket) => (socket.isSessionReused() ? undefined : whyRefused(tls, socket)),
  };
}

/** The chain may end at a certificate that is trusted as it is, where there are such. */
function trusted({ ca, alsoTrusted }: ClientTls): SecureContextOptions {
  const authorities = ca === "system" ? systemCertificates() : ca;
  if (alsoTrusted === undefined) return { ca: authorities };
  return { ca: [authorities ?? [...rootCertificates], alsoTrusted].flat(), allowPartialTrustChain: true };
}

let system: string[] | undefined;

/** Those of the machine, where Node can tell them and there are some; else those that Node brings. */
function systemCertificates(): string[] | undefined {
  // Node.js before 22.15 has no such function.
  const { getCACertificates } = nodeTls as Partial<Pick<typeof nodeTls, "getCACertificates">>;
  system ??= getCACertificates?.("system");
  return system === undefined || system.length === 0 ? undefined : system;
}

function whyRefused({ verify, name, pin }: ClientTls, socket: TLSSocket): HandshakeFailure | undefined {
  const certificate = socket.getPeerCertificate();
  if (certificate.raw === undefined) return { cause: "no-certificate", detail: "the server has shown no certificate" };
  if (verify) {
    const error = chainErrorOf(socket);
    if (error !== undefined) return chainFailure(error, new X509Certificate(certificate.raw));
    const wrongName = checkServerIdentity(name, certificate);
    if (wrongName !== undefined) {
      const names = certificate.subjectaltname ?? certificate.subject?.CN ?? "nobody";
      return { cause: "certificate-name", detail: `the certificate is for ${inShort(String(names))}, not for ${name}` };
    }
  }
  if (pin === undefined || pin === pinOf(certificate.raw)) return undefined;
  return { cause: "certificate-pin", detail: `the server's key has the pin sha256/${pinOf(certificate.raw)}` };
}

/** Base64 of the SHA-256 of a certificate's public key; `raw` is its DER. */
export function pinOf(raw: Uint8Array): string {
  const key = new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}
