import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { createSelfSigned } from "../../src/demo/self-signed.ts";

test("a certificate that is made at start is signed by its own key, is for its name, and runs out after a day", () => {
  const now = Date.UTC(2026, 10, 28, 18);
  const { cert, key } = createSelfSigned("gateway.example", now);
  const certificate = new X509Certificate(cert);
  expect(certificate.subject).toBe("CN=gateway.example");
  expect(certificate.issuer).toBe(certificate.subject);
  expect(certificate.checkHost("gateway.example")).toBe("gateway.example");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(new Date(certificate.validTo)).toEqual(new Date(now + 24 * 3_600_000));
  expect(new X509Certificate(createSelfSigned("gateway.example", now).cert).serialNumber).not.toBe(
    certificate.serialNumber,
  );
});
