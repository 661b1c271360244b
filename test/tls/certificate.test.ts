import { chmodSync, copyFileSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkCertificate } from "../../src/tls/certificate.ts";
import { expiryWarning, loadPairs } from "../../src/tls/certificate-files.ts";
import { chooseByName } from "../../src/tls/sni.ts";
import { watchFiles } from "../../src/tls/watch-files.ts";
import { makeCertificate } from "./made-certificate.ts";

const good = makeCertificate();
const other = makeCertificate();
// They begin with the second in which they were made.
const now = Date.now();
const day = 86_400_000;

describe("a certificate and its key", () => {
  test("that fit are taken, with the names they are for and their dates", () => {
    const checked = checkCertificate(good.cert, good.key, now);
    expect(checked).toMatchObject({ ok: true, certificate: { names: ["ftp.example.net"] } });
  });

  test("that are not PEM are refused, each by its own file", () => {
    expect(checkCertificate("garbage", good.key, now)).toMatchObject({ ok: false, part: "cert" });
    expect(checkCertificate(good.cert, "garbage", now)).toMatchObject({ ok: false, part: "key" });
    const broken = good.cert.replace(/^M.{20}/m, "MIIBQ0FBQUFBQUFBQUFBQ");
    expect(checkCertificate(broken, good.key, now)).toMatchObject({ ok: false, part: "cert" });
  });

  test("that do not fit are refused with these words", () => {
    expect(checkCertificate(good.cert, other.key, now)).toEqual({
      ok: false,
      part: "key",
      problem: "the key does not fit the certificate",
    });
  });

  test("whose key has a passphrase are refused", () => {
    const key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    expect(checkCertificate(good.cert, key, now)).toMatchObject({
      part: "key",
      problem: expect.stringMatching(/passphrase/),
    });
  });

  test("that have expired, or are not valid yet, are refused with the day", () => {
    const old = makeCertificate({ from: "20200101000000Z", to: "20210102000000Z" });
    expect(checkCertificate(old.cert, old.key, now)).toMatchObject({
      problem: "the certificate expired on 2021-01-02",
    });
    const young = makeCertificate({ from: "20980101000000Z" });
    expect(checkCertificate(young.cert, young.key, now)).toMatchObject({
      problem: "the certificate is not valid before 2098-01-01",
    });
  });

  test("are warned of from 14 days before the end", () => {
    const checked = checkCertificate(good.cert, good.key, now);
    if (!checked.ok) throw new Error(checked.problem);
    const { certificate } = checked;
    expect(expiryWarning(certificate, certificate.validTo - 15 * day)).toBeUndefined();
    expect(expiryWarning(certificate, certificate.validTo - 13.5 * day)).toMatch(
      /^the certificate expires in 13 days, on /,
    );
    expect(expiryWarning(certificate, certificate.validTo + 1)).toMatch(/has expired/);
  });
});

describe("files of certificates", () => {
  test("name the file that can't be read, and the pair that is good is loaded all the same", async () => {
    chmodSync(good.keyFile, 0o600);
    const missing = { cert: good.certFile, key: "/nowhere/key.pem" };
    const { loaded, problems, warnings } = await loadPairs([missing, { cert: good.certFile, key: good.keyFile }], now);
    expect(problems).toEqual([{ path: "/nowhere/key.pem", message: "can't be read: ENOENT" }]);
    expect(loaded).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test("are warned of where every user may read the key", async () => {
    chmodSync(other.keyFile, 0o644);
    const { warnings } = await loadPairs([{ cert: other.certFile, key: other.keyFile }], now);
    expect(warnings).toEqual([{ path: other.keyFile, message: "the key can be read by every user (chmod o-r)" }]);
  });

  test("are told of when a link is swapped, as certbot does", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ftp-alg-watch-"));
    copyFileSync(good.certFile, join(folder, "cert1.pem"));
    copyFileSync(other.certFile, join(folder, "cert2.pem"));
    const link = join(folder, "cert.pem");
    symlinkSync("cert1.pem", link);
    const { promise, resolve } = Promise.withResolvers<void>();
    const watching = watchFiles([link], resolve);
    symlinkSync("cert2.pem", join(folder, "new"));
    renameSync(join(folder, "new"), link);
    await promise;
    watching.close();
  });

  test("are told of when the folder that a link leads to changes", async () => {
    const [live, archive] = [
      mkdtempSync(join(tmpdir(), "ftp-alg-live-")),
      mkdtempSync(join(tmpdir(), "ftp-alg-archive-")),
    ];
    writeFileSync(join(archive, "cert.pem"), good.cert);
    symlinkSync(join(archive, "cert.pem"), join(live, "cert.pem"));
    const { promise, resolve } = Promise.withResolvers<void>();
    const watching = watchFiles([join(live, "cert.pem")], resolve);
    writeFileSync(join(archive, "cert.pem"), other.cert);
    await promise;
    watching.close();
  });
});

describe("SNI", () => {
  const first = { names: ["first.example"] };
  const exact = { names: ["ftp.example.net"] };
  const wild = { names: ["*.example.net"] };
  const choices = [first, wild, exact];

  test("takes the certificate with exactly that name before one with a wildcard", () => {
    expect(chooseByName(choices, "FTP.example.net.")).toBe(exact);
    expect(chooseByName(choices, "other.example.net")).toBe(wild);
  });

  test("has a wildcard stand for one label, and the first certificate for whoever names no other", () => {
    expect(chooseByName(choices, "a.b.example.net")).toBe(first);
    expect(chooseByName(choices, "example.net")).toBe(first);
    expect(chooseByName(choices, "")).toBe(first);
  });
});
