// Self-signed certificate for the demonstration, made at start: X.509 version 3, ECDSA on P-256 (RFC 5280, RFC 5758). Node reads
// certificates and makes none.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import {
  derBitString,
  derBoolean,
  derInteger,
  derName,
  derObject,
  derOctets,
  derSequence,
  derTime,
  derTagged,
} from "./der.ts";

export type SelfSigned = {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
};

const commonName = "2.5.4.3";
const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
const basicConstraints = "2.5.29.19";
const subjectAltName = "2.5.29.17";

/** Valid for one day from `now` (milliseconds since 1970), for this DNS name, which is also its CN. */
export function createSelfSigned(dnsName: string, now: number): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = derSequence(derObject(ecdsaWithSha256));
  const name = derName(commonName, dnsName);
  const extensions = derSequence(
    derSequence(derObject(basicConstraints), derBoolean(true), derOctets(derSequence(derBoolean(true)))),
    derSequence(derObject(subjectAltName), derOctets(derSequence(derTagged(2, Buffer.from(dnsName, "latin1"), false)))),
  );
  const content = derSequence(
    derTagged(0, derInteger(Buffer.from([2]))),
    derInteger(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    derSequence(derTime(now - minuteMs), derTime(now + dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    derTagged(3, extensions),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = derSequence(content, algorithm, derBitString(signature));
  return {
    cert: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
