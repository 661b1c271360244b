// Chain failure: what is wrong with the chain of a peer's certificate, in words.
import type { X509Certificate } from "node:crypto";
import { dayOf, momentOf } from "./certificate.ts";
import type { HandshakeFailure } from "./handshake-failure.ts";

const mostWords = 300;

/** Of what stands in a peer's certificate, which may be of any length. */
export function inShort(text: string): string {
  return text.length <= mostWords ? text : `${text.slice(0, mostWords)}…`;
}

/** `code`: OpenSSL's, as Node gives it. */
export function chainFailure(code: string, { validFrom, validTo, issuer }: X509Certificate): HandshakeFailure {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return { cause: "certificate-expired", detail: `the certificate expired on ${dayOf(momentOf(validTo))}` };
    case "CERT_NOT_YET_VALID":
      return {
        cause: "certificate-expired",
        detail: `the certificate is not valid before ${dayOf(momentOf(validFrom))}`,
      };
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return { cause: "unknown-ca", detail: "the certificate is signed by itself" };
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE": {
      const who = inShort(issuer.replaceAll("\n", ", "));
      return { cause: "unknown-ca", detail: `the certificate is signed by ${who}, which is not trusted` };
    }
    default:
      return { cause: "unknown-ca", detail: `the certificate is not trusted: ${code}` };
  }
}
