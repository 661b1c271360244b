import { expect, test } from "vitest";
import { probeTlsOf, type ProbeTlsWanted } from "../../src/process/probe-security.ts";
import { temporaryFile } from "../gateway/spawned-gateway.ts";
import { terminating, type Wanted } from "../gateway/tls/terminating.ts";
import { made } from "../tls/tls-peers.ts";

const plain = { address: "0.0.0.0", port: 21 };
const implicit = { address: "0.0.0.0", port: 990, tls: "implicit" } as const;
const policies = { policy: {}, policies: [] };
const gateway = (wanted?: Wanted) => ({ ...policies, listen: [plain, implicit], tls: terminating(wanted) });
const at = (port: number, host = "192.0.2.1") => ({ host, port });
const auto: ProbeTlsWanted = { kind: "auto" };

test("a probe speaks TLS as the gateway does: by AUTH, or from the first byte where a listener is implicit", async () => {
  expect(await probeTlsOf(gateway({ client: { require: "data" } }), at(21), auto)).toMatchObject({ kind: "explicit" });
  expect(await probeTlsOf(gateway(), at(990), auto)).toMatchObject({ kind: "implicit" });
  expect(await probeTlsOf({ ...policies, listen: [plain] }, at(21), auto)).toBeUndefined();
  expect(
    await probeTlsOf({ ...policies, listen: [plain], tls: { kind: "passthrough" } }, at(21), auto),
  ).toBeUndefined();
});

test("a probe goes on in clear only where clients may, and nobody has asked for TLS", async () => {
  const mayBeClear = async (wanted: Wanted, kind: ProbeTlsWanted["kind"]) =>
    (await probeTlsOf(gateway(wanted), at(21), { kind }))?.mayBeClear ?? false;
  expect(await mayBeClear({}, "auto")).toBe(true);
  expect(await mayBeClear({ client: { require: "login" } }, "auto")).toBe(false);
  expect(await mayBeClear({}, "explicit")).toBe(false);
  const some = { ...gateway({ client: { require: "login" } }), policies: [{ policy: { tls: "none" } } as const] };
  expect((await probeTlsOf(some, at(21), auto))?.mayBeClear).toBe(true);
});

test("without a configuration only the port of implicit TLS tells", async () => {
  expect(await probeTlsOf(undefined, at(990), auto)).toMatchObject({ kind: "implicit" });
  expect(await probeTlsOf(undefined, at(21), auto)).toBeUndefined();
  expect(await probeTlsOf(undefined, at(990), { kind: "off" })).toBeUndefined();
});

test("the gateway's own certificate is trusted as it is, and has to be for its own name where it is reached by an address", async () => {
  const own = { ca: "system", alsoTrusted: made.cert, verify: true };
  expect((await probeTlsOf(gateway(), at(21), auto))?.peer).toMatchObject({ ...own, name: "ftp.example.net" });
  expect((await probeTlsOf(gateway(), at(21, "ftp.example.org"), auto))?.peer).toMatchObject({
    ...own,
    name: "ftp.example.org",
  });
  const named = await probeTlsOf(gateway(), at(21), { ...auto, name: "b.example" });
  expect(named?.peer).toMatchObject({ ...own, name: "b.example" });
});

test("authorities that are given are the only ones, and what is given to show is shown", async () => {
  const certificate = { cert: made.certFile, key: made.keyFile };
  const { peer } = (await probeTlsOf(gateway(), at(21), { ...auto, ca: made.certFile, certificate })) ?? {};
  expect(peer).toMatchObject({ ca: made.cert, name: "192.0.2.1", certificate: { chain: made.cert, key: made.key } });
  expect(peer).not.toHaveProperty("alsoTrusted");
  expect((await probeTlsOf(undefined, at(990), { ...auto, isUnverified: true }))?.peer.verify).toBe(false);
});

test("a file that can't be used is named", async () => {
  const failing = (ca: string) => probeTlsOf(undefined, at(990), { ...auto, ca });
  await expect(failing("/nowhere/ca.pem")).rejects.toThrow("can't read /nowhere/ca.pem: no such file");
  await expect(failing(temporaryFile("ca.pem", "none"))).rejects.toThrow(/ca\.pem: no certificate in PEM form/);
});
