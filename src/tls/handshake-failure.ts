// Handshake failure: why TLS did not come about, as one of few causes, and in words.
import type { TlsCause } from "../net/tls.ts";

export type HandshakeFailure = { readonly cause: TlsCause; readonly detail: string };

/** What OpenSSL and the system say, and what it comes to: the first that matches. */
const meanings: readonly (readonly [RegExp, TlsCause, string])[] = [
  [
    /UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK|NO_PROTOCOLS_AVAILABLE/,
    "protocol-version",
    "no version of TLS that both sides have",
  ],
  [
    /NO_SHARED_CIPHER|NO_SUITABLE|NO_CIPHERS|ALERT_HANDSHAKE_FAILURE|ALERT_INSUFFICIENT_SECURITY/,
    "no-shared-cipher",
    "no cipher that both sides have",
  ],
  [
    /HTTP_REQUEST|HTTPS_PROXY_REQUEST|WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE/,
    "not-tls",
    "the peer speaks no TLS",
  ],
  [/NO_APPLICATION_PROTOCOL/, "failed", "the peer wants to speak another protocol than FTP"],
  [/ALERT_UNKNOWN_CA/, "rejected", "the peer does not trust who has signed the certificate"],
  [/ALERT_CERTIFICATE_EXPIRED/, "rejected", "the peer says that the certificate has expired"],
  [/ALERT_CERTIFICATE_REQUIRED|ALERT_NO_CERTIFICATE/, "rejected", "the peer demands a certificate"],
  [/ALERT_[A-Z]*_?CERTIFICATE|ALERT_ACCESS_DENIED/, "rejected", "the peer does not take the certificate"],
  [
    /ECONNRESET|EPIPE|ECONNABORTED|ETIMEDOUT|disconnected before secure|socket hang up|UNEXPECTED_EOF/,
    "closed",
    "the peer has closed the connection",
  ],
];

/** Of an error that came before the handshake was done; undefined: the connection was just closed. */
export function explainHandshake(error: Error | undefined): HandshakeFailure {
  if (error === undefined) return { cause: "closed", detail: "the peer has closed the connection" };
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const said = `${code} ${error.message}`;
  for (const [pattern, cause, words] of meanings) {
    if (pattern.test(said)) return { cause, detail: code === "" ? words : `${words} (${code})` };
  }
  return { cause: "failed", detail: code === "" ? error.message : code };
}
