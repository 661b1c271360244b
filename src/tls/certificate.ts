// Certificate: a chain and its key as PEM texts, and what is wrong with them in words. Nothing here reads a file or a clock.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate that has been looked at. `chain` and `key` are PEM texts; `names` are those that it is for, lower case. */
export type Certificate = {
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
};

export type CheckedCertificate =
  | { readonly ok: true; readonly certificate: Certificate }
  /** `part`: whose file it is that is wrong. */
  | { readonly ok: false; readonly part: "cert" | "key"; readonly problem: string };

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const wrong = (part: "cert" | "key", problem: string): CheckedCertificate => ({ ok: false, part, problem });

/** The first certificate of the chain is the one for the key. `now`: milliseconds since 1970. */
export function checkCertificate(chain: string, key: string, now: number): CheckedCertificate {
  const leaf = readLeaf(chain);
  if (typeof leaf === "string") return wrong("cert", leaf);
  const privateKey = readKey(key);
  if (typeof privateKey === "string") return wrong("key", privateKey);
  if (!leaf.checkPrivateKey(privateKey)) return wrong("key", "the key does not fit the certificate");
  const validFrom = momentOf(leaf.validFrom);
  const validTo = momentOf(leaf.validTo);
  if (now > validTo) return wrong("cert", `the certificate expired on ${dayOf(validTo)}`);
  if (now < validFrom) return wrong("cert", `the certificate is not valid before ${dayOf(validFrom)}`);
  return { ok: true, certificate: { chain, key, names: namesOf(leaf), validFrom, validTo } };
}

export const noCertificate = "no certificate in PEM form (-----BEGIN CERTIFICATE-----)";

/** Whether a text has one in PEM form at least. */
export function holdsCertificate(text: string): boolean {
  return text.match(pemCertificate) !== null;
}

/** Whom the first certificate of a PEM text is for; nobody where it can't be read. */
export function namesIn(text: string): readonly string[] {
  const leaf = readLeaf(text);
  return typeof leaf === "string" ? [] : namesOf(leaf);
}

function readLeaf(text: string): X509Certificate | string {
  const parts = text.match(pemCertificate) ?? [];
  if (parts.length === 0) return noCertificate;
  try {
    const [leaf] = parts.map((part) => new X509Certificate(part));
    return leaf ?? "no certificate";
  } catch {
    return "the PEM text holds no certificate that can be read";
  }
}

function readKey(text: string): KeyObject | string {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return "no private key in PEM form (-----BEGIN PRIVATE KEY-----)";
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text))
    return "the key is protected by a passphrase";
  try {
    return createPrivateKey(text);
  } catch {
    return "the PEM text holds no private key that can be read";
  }
}

/** Its alternative names of DNS; the common name is looked at only where there are none (RFC 6125, section 6.4.4). */
function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const alternatives = [...(subjectAltName ?? "").matchAll(/DNS:([^\s,"]+)/g)].map(([, name = ""]) =>
    name.toLowerCase(),
  );
  if (alternatives.length > 0) return alternatives;
  const [, common] = /^CN=(.+)$/m.exec(subject ?? "") ?? [];
  return common === undefined ? [] : [common.toLowerCase()];
}

/** Milliseconds since 1970: certificates go by the time of day. */
export function wallClock(): number {
  return Date.now();
}

/** Of a date as OpenSSL writes it, in milliseconds since 1970. */
export function momentOf(date: string): number {
  return Date.parse(date);
}

/** 2026-11-28 */
export function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}
