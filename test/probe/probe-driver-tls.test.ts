// The probe over TLS: through a gateway that terminates it, and at servers whose TLS is not as it should be.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { runProbe } from "../../src/probe/probe-driver.ts";
import { probeForms, type ProbeForm } from "../../src/probe/report.ts";
import type { ProbeTls } from "../../src/probe/security.ts";
import type { ClientTls } from "../../src/tls/client-context.ts";
import { startGateway } from "../gateway/start-gateway.ts";
import { terminating, type Wanted } from "../gateway/tls/terminating.ts";
import { type MadeCertificate, makeCertificate } from "../tls/made-certificate.ts";
import { made } from "../tls/tls-peers.ts";

const peer: ClientTls = { verify: true, ca: made.cert, name: "ftp.example.net", minVersion: "TLSv1.2" };
const explicit: ProbeTls = { kind: "explicit", peer };
const options = (form: ProbeForm, tls: ProbeTls) => ({ form, user: "anna", password: "x", silenceMs: 2000, tls });
const times = { totalMs: 8000 };
const file = { name: "probe.tmp", content: "\u0000\u00ff\r\n".repeat(1000) };

/** A gateway that terminates TLS in front of the demonstration's server; with `tls: implicit` TLS begins with the first byte. */
async function setGateway(wanted: Wanted, tls?: "implicit") {
  const files = { "a.txt": Buffer.from("abc") };
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  onTestFinished(() => server.stop());
  const listen = [{ address: "127.0.0.1", port: 0, ...(tls && { tls }) }];
  const gateway = await startGateway(server.endpoint.port, { tls: terminating(wanted), listen });
  onTestFinished(() => gateway.stop());
  return { server, target: { host: "127.0.0.1", port: gateway.port } };
}

test.each(probeForms)(
  "a whole probe with explicit TLS and %s has each data connection private, its session resumed",
  async (form) => {
    const { server, target } = await setGateway({ client: { require: "data", sessionReuse: "require" } });
    const report = await runProbe(target, { ...options(form, explicit), file }, times);
    expect(report.steps.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(report).toMatchObject({ isOk: true, secured: { version: "TLSv1.3" } });
    expect(report.steps.map(({ name }) => name)).toEqual([
      ...["connect", "greeting", "tls", "login", "list"],
      ...["upload", "download", "delete"],
    ]);
    expect([...server.files.keys()]).toEqual(["a.txt"]);
  },
);

test("a whole probe with implicit TLS", async () => {
  const { target } = await setGateway({ client: { require: "data", sessionReuse: "require" } }, "implicit");
  const report = await runProbe(target, { ...options("EPSV", { ...explicit, kind: "implicit" }), file }, times);
  expect(report).toMatchObject({ isOk: true, secured: {} });
  expect(report.steps.map(({ name }) => name).slice(0, 4)).toEqual(["connect", "tls", "greeting", "login"]);
});

/** What the step of TLS says of a gateway with that certificate. */
async function tlsStep(certificate: MadeCertificate, trusting: Partial<ClientTls> = {}) {
  const pair = { cert: certificate.certFile, key: certificate.keyFile };
  const { target } = await setGateway({ client: { certificates: [pair] } });
  const tls = { ...explicit, peer: { ...peer, ca: certificate.cert, ...trusting } };
  const report = await runProbe(target, options("PASV", tls), times);
  return report.steps.find(({ name }) => name === "tls");
}

test("a certificate that nobody trusted has signed is said", async () => {
  const other = makeCertificate();
  expect(await tlsStep(other, { ca: made.cert })).toMatchObject({
    ...{ outcome: "failed", problem: "tls-failed", tls: "unknown-ca" },
    sentence: "no TLS on the control connection: the certificate is signed by itself",
  });
});

test("a certificate for another name is said, with both names", async () => {
  expect(await tlsStep(made, { name: "ftp.example.org" })).toMatchObject({
    tls: "certificate-name",
    sentence: expect.stringMatching(
      /the certificate is for DNS:ftp\.example\.net.*, not for ftp\.example\.org$/,
    ) as string,
  });
});

test("a certificate that is trusted as it is needs no authority", async () => {
  const authority = makeCertificate({ name: "Authority" });
  const signed = makeCertificate({ issuer: authority });
  expect(await tlsStep(signed, { ca: made.cert })).toMatchObject({ tls: "unknown-ca" });
  expect(await tlsStep(signed, { ca: made.cert, alsoTrusted: signed.cert })).toMatchObject({ outcome: "ok" });
});

/** A server that says these, one to each line that it hears, and then TLS as it is given. */
async function setServer(says: readonly string[], behind: (socket: Socket) => void) {
  const server = createServer((socket) => {
    const left = [...says];
    socket.on("error", () => {});
    socket.write(left.shift() ?? "");
    socket.on("data", () => {
      const next = left.shift();
      if (next !== undefined) socket.write(next);
      if (left.length === 0) {
        socket.removeAllListeners("data");
        behind(socket);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

const accepting = ["220 Ready\r\n", "234 Go on\r\n"];

test("a certificate whose date is over is said, with the date", async () => {
  const old = makeCertificate({ from: "20200101000000Z", to: "20210101000000Z" });
  const secure = createTlsServer({ cert: old.cert, key: old.key });
  secure.on("tlsClientError", () => {});
  const target = await setServer(accepting, (socket) => void secure.emit("connection", socket));
  const tls = { ...explicit, peer: { ...peer, ca: old.cert } };
  const report = await runProbe(target, options("PASV", tls), times);
  expect(report.steps.at(-1)).toMatchObject({
    tls: "certificate-expired",
    sentence: "no TLS on the control connection: the certificate expired on 2021-01-01",
  });
});

test("whoever answers the handshake with something else speaks no TLS", async () => {
  const target = await setServer(accepting, (socket) => void socket.write("500 What is this?\r\n"));
  const report = await runProbe(target, options("PASV", explicit), times);
  expect(report.steps.at(-1)).toMatchObject({ name: "tls", outcome: "failed", tls: "not-tls" });
});

test("implicit TLS at a server that greets in clear is not TLS", async () => {
  const target = await setServer(["220 Ready\r\n"], () => {});
  const report = await runProbe(target, options("PASV", { ...explicit, kind: "implicit" }), times);
  expect(report.steps.at(-1)).toMatchObject({ name: "tls", tls: "not-tls" });
});

test("what a server says in clear behind its 234 is never heard", async () => {
  for (const behind of ["230 You are in\r\n", "23"]) {
    const target = await setServer(["220 Ready\r\n", `234 Go on\r\n${behind}`], () => {});
    const report = await runProbe(target, options("PASV", explicit), times);
    expect(report.steps.at(-1)).toMatchObject({ name: "tls", outcome: "failed", tls: "bytes-before-tls" });
  }
});

test("whoever is silent behind 234 is given up, and the connection closed", async () => {
  const closed = Promise.withResolvers<void>();
  const target = await setServer(accepting, (socket) => void socket.resume().once("close", () => closed.resolve()));
  const report = await runProbe(target, { ...options("PASV", explicit), silenceMs: 200 }, times);
  expect(report.steps.at(-1)).toMatchObject({
    problem: "tls-failed",
    sentence: "no TLS on the control connection within 0.2 s",
  });
  await closed.promise;
});

test("with PROT C the data connections of a protected session are in clear", async () => {
  const { target } = await setGateway({ client: { require: "login" } });
  const report = await runProbe(target, options("PASV", { ...explicit, isDataClear: true }), times);
  expect(report).toMatchObject({ isOk: true, secured: {} });
});

/** A server under TLS whose listing ends with TCP alone. */
async function setCutting() {
  const secure = createTlsServer({ cert: made.cert, key: made.key });
  secure.on("tlsClientError", () => {});
  const data = createServer((raw) => {
    raw.on("error", () => {});
    cutting.emit("connection", raw);
    cutting.once("secureConnection", (socket) => setImmediate(() => socket.write("abc", () => raw.destroy())));
  }).listen(0, "127.0.0.1");
  const cutting = createTlsServer({ cert: made.cert, key: made.key });
  await once(data, "listening");
  onTestFinished(() => void data.close());
  const { port } = data.address() as AddressInfo;
  const answers: Readonly<Record<string, string>> = {
    USER: "230 Welcome",
    EPSV: `229 Extended (|||${port}|)`,
    LIST: "150 Here it comes\r\n226 Done",
  };
  secure.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    socket.on("data", (line: Buffer) => void socket.write(`${answers[String(line).slice(0, 4)] ?? "200 OK"}\r\n`));
  });
  return setServer(accepting, (socket) => void secure.emit("connection", socket));
}

test("a listing that ends without close_notify is broken, and where that is tolerated complete", async () => {
  const target = await setCutting();
  const broken = await runProbe(target, options("EPSV", explicit), times);
  expect(broken.steps.at(-1)).toMatchObject({
    ...{ name: "list", problem: "broken" },
    sentence: "the data connection of LIST broke: it ended without close_notify, and may be cut off",
  });
  const whole = await runProbe(target, options("EPSV", { ...explicit, truncation: "tolerate" }), times);
  expect(whole).toMatchObject({ isOk: true });
});
