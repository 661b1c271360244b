// The probe over TCP: directly to an FTP server, and at whoever gives no answer.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { runProbe } from "../../src/probe/probe-driver.ts";
import { probeForms, type ProbeForm } from "../../src/probe/report.ts";
import { freePort } from "../gateway/stage.ts";

const options = (form: ProbeForm = "PASV") => ({ form, user: "anna", password: "x", silenceMs: 2000 });
const times = { totalMs: 5000 };

async function setServer() {
  const files = { "a.txt": Buffer.from("abc") };
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  onTestFinished(() => server.stop());
  return { server, target: { host: "127.0.0.1", port: server.endpoint.port } };
}

async function setListener(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

test.each(probeForms)("a whole probe with %s lists, uploads, downloads and deletes", async (form) => {
  const { server, target } = await setServer();
  const file = { name: "probe.tmp", content: "\u0000\u00ff\r\n".repeat(1000) };
  const report = await runProbe(target, { ...options(form), file }, times);
  expect(report).toMatchObject({ isOk: true, remote: { address: "127.0.0.1", port: target.port } });
  expect(report.steps.map(({ name }) => name)).toEqual([
    ...["connect", "greeting", "login", "list"],
    ...["upload", "download", "delete"],
  ]);
  expect([...server.files.keys()]).toEqual(["a.txt"]);
});

test("where nobody listens the report says so", async () => {
  const report = await runProbe({ host: "127.0.0.1", port: await freePort() }, options(), times);
  expect(report.steps).toMatchObject([{ name: "connect", outcome: "failed", sentence: "no connection: refused" }]);
});

test("a name that there is not is a failure of connecting", async () => {
  const report = await runProbe({ host: "no-such-host.invalid", port: 21 }, options(), times);
  expect(report.steps).toMatchObject([{ name: "connect", outcome: "failed", problem: "not-connected" }]);
});

test("whoever is silent is given up, and the connection closed", async () => {
  const closed = Promise.withResolvers<void>();
  const target = await setListener((socket) => void socket.resume().once("close", () => closed.resolve()));
  const report = await runProbe(target, { ...options(), silenceMs: 50 }, times);
  expect(report.steps.at(-1)).toMatchObject({ name: "greeting", sentence: "no greeting within 0.05 s" });
  await closed.promise;
});

test("whoever is never silent and never done is given up too", async () => {
  const target = await setListener((socket) => {
    socket.on("error", () => {});
    const chatter = setInterval(() => socket.write("120 Soon\r\n"), 10);
    socket.once("close", () => clearInterval(chatter));
  });
  const report = await runProbe(target, options(), { totalMs: 150 });
  expect(report.steps.at(-1)).toMatchObject({ name: "greeting", outcome: "failed" });
});

test("a probe that is told to end ends", async () => {
  const target = await setListener((socket) => void socket.resume());
  const report = await runProbe(target, options(), { ...times, signal: AbortSignal.abort() });
  expect(report.isOk).toBe(false);
});
