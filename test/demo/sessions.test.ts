import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { demoSessions, runSession } from "../../src/demo/sessions.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const [pasv, epsv, port] = demoSessions;

test("each way to announce a data connection is shown over IPv4, the extended ones over IPv6 too, and one under TLS", () => {
  expect(demoSessions.map(({ form, family, isSecured }) => `${form} ${family}${isSecured ? " TLS" : ""}`)).toEqual([
    ...["PASV 4", "EPSV 4", "PORT 4", "EPRT 4", "EPSV 4 TLS"],
    ...["EPSV 6", "EPRT 6"],
  ]);
});

test("bytes that arrive other than they were sent are no verified transfer", async () => {
  const server = await startFtpServer({
    listen: { address: "127.0.0.1", port: 0 },
    files: { "a.bin": Buffer.from("real") },
  });
  cleanups.push(() => server.stop());
  const asItShouldBe = new Map([["a.bin", Buffer.from("other")]]);
  expect(await runSession(epsv!, server.endpoint, { name: "a.bin", files: asItShouldBe, trusted: "" })).toEqual([
    { transfer: "EPSV download", verified: false, detail: "the bytes differ" },
    { transfer: "EPSV upload", verified: false, detail: "the bytes differ" },
  ]);
});

test("what a server refuses stands in the verdict of that transfer alone", async () => {
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 } });
  cleanups.push(() => server.stop());
  const [download, upload] = await runSession(epsv!, server.endpoint, {
    name: "missing.bin",
    files: server.files,
    trusted: "",
  });
  expect(download).toMatchObject({ verified: false, detail: expect.stringContaining("550 No such file.") });
  expect(upload).toMatchObject({ verified: true });
  // Nobody repairs the address that this client announces.
  const [active] = await runSession(port!, server.endpoint, { name: "missing.bin", files: server.files, trusted: "" });
  expect(active).toMatchObject({ verified: false, detail: "PORT: 500 Illegal PORT command." });
});

test("a server that can't be reached is a failed session, not an exception", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const endpoint = { address: "127.0.0.1", port: (closed.address() as AddressInfo).port };
  await new Promise((resolve) => closed.close(resolve));
  for (const session of [pasv!, port!]) {
    const verdicts = await runSession(session, endpoint, { name: "a.bin", files: new Map(), trusted: "" });
    expect(verdicts).toMatchObject([{ transfer: `${session.form} session`, verified: false }]);
    expect(verdicts[0]?.detail).toContain("ECONNREFUSED");
  }
});
