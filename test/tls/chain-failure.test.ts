import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { chainFailure, inShort } from "../../src/tls/chain-failure.ts";
import { makeCertificate } from "./made-certificate.ts";

const certificate = new X509Certificate(makeCertificate({ name: "ftp.example.net" }).cert);

test("what is wrong with a chain is said in words", () => {
  const said = (code: string) => chainFailure(code, certificate);
  expect(said("DEPTH_ZERO_SELF_SIGNED_CERT")).toEqual({
    ...{ cause: "unknown-ca", detail: "the certificate is signed by itself" },
  });
  expect(said("CERT_HAS_EXPIRED")).toEqual({
    cause: "certificate-expired",
    detail: expect.stringMatching(/^the certificate expired on \d{4}-\d\d-\d\d$/) as string,
  });
  expect(said("UNABLE_TO_VERIFY_LEAF_SIGNATURE").detail).toBe(
    "the certificate is signed by CN=ftp.example.net, which is not trusted",
  );
  expect(said("CERT_REVOKED").detail).toBe("the certificate is not trusted: CERT_REVOKED");
});

test("attack: what stands in a peer's certificate is told in short, however long it is", () => {
  expect(inShort("a".repeat(300))).toBe("a".repeat(300));
  expect(inShort("a".repeat(100_000))).toBe(`${"a".repeat(300)}…`);
});
