import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { check } from "../../src/cli/check.ts";
import { makeCertificate } from "../tls/made-certificate.ts";

const good = makeCertificate();
const other = makeCertificate();
const old = makeCertificate({ from: "20200101000000Z", to: "20210102000000Z" });
const soon = new Date(Date.now() + 5.5 * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "");
const expiring = makeCertificate({ from: "20200101000000Z", to: soon });

async function checked(pairs: readonly (readonly [string, string])[], more = "") {
  const folder = dirname(good.certFile);
  const file = join(folder, "gateway.yaml");
  const listed = pairs.map(([cert, key]) => `{ cert: ${cert}, key: ${key} }`).join(", ");
  writeFileSync(
    file,
    `tls: { certificates: [${listed}] }
gateways:
  - name: public
    listen: ["127.0.0.1:2121"]
    route: { server: "127.0.0.1:21" }
    policy: { tls: terminate }
${more}`,
  );
  let said = "";
  const io = { out: (text: string) => void (said += text), input: async () => "", env: {} };
  return { code: await check(file, io), said };
}

test("certificates that are good are a configuration that is", async () => {
  expect(await checked([[good.certFile, good.keyFile]])).toMatchObject({ code: 0 });
});

test.each([
  ["that is not there", ["/nowhere/cert.pem", good.keyFile], "/nowhere/cert.pem: can't be read: ENOENT"],
  ["whose key does not fit", [good.certFile, other.keyFile], `${other.keyFile}: the key does not fit the certificate`],
  ["that has expired", [old.certFile, old.keyFile], `${old.certFile}: the certificate expired on 2021-01-02`],
  ["that is not PEM", [good.keyFile, good.keyFile], `${good.keyFile}: no certificate in PEM form`],
] as const)("check names the file of a certificate %s, and exits with 2", async (_name, pair, words) => {
  const { code, said } = await checked([pair]);
  expect(code).toBe(2);
  expect(said).toContain(words);
});

test("check names a file of authorities that holds none", async () => {
  const more = `    clientSide: { tls: { clientCertificates: { ca: ${good.keyFile} } } }\n`;
  const { code, said } = await checked([[good.certFile, good.keyFile]], more);
  expect(code).toBe(2);
  expect(said).toContain(`${good.keyFile}: no certificate in PEM form`);
});

test("a certificate that expires within 14 days is warned of, and no mistake", async () => {
  const { code, said } = await checked([[expiring.certFile, expiring.keyFile]]);
  expect(code).toBe(0);
  expect(said).toContain(`warning: ${expiring.certFile}: the certificate expires in 5 days`);
});
