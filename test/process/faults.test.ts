// Faults of the process and of the machine below it: a log that can't be written, no descriptor left, a clock that is set, a
// library that is missing. The gateway goes on with what it can still do.
import { once } from "node:events";
import { connect } from "node:net";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { dialData, type Dialogue, openDialogue, portOf, readAll } from "../gateway/ftp-dialogue.ts";
import { fileBody } from "../gateway/fake-server.ts";
import { spawnGateway, type SpawnOptions, temporaryFile } from "../gateway/spawned-gateway.ts";
import { setServer } from "../gateway/stage.ts";

// Each starts a process of its own.
vi.setConfig({ testTimeout: 20_000 });

/** Above the ephemeral ports: a client that dials it before anybody listens must not get itself. */
const portAbove = () => 61_000 + Math.floor(Math.random() * 4000);

/** The program in front of a polite server, at a port that is known before anything is logged. */
async function gatewayAt(options: SpawnOptions = {}, more: object = {}) {
  const server = await setServer();
  const port = portAbove();
  const route = { server: `127.0.0.1:${server.port}` };
  const gateway = spawnGateway([{ listen: [`127.0.0.1:${port}`], route, dataPlane: "relay", ...more }], options);
  return { server, port, gateway };
}

async function clientAt(port: number): Promise<Dialogue> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  return client;
}

/** Once somebody listens, and lets one in. */
const logIn = (port: number): Promise<Dialogue> =>
  vi.waitFor(
    async () => {
      const client = await clientAt(port);
      await client.login();
      return client;
    },
    { timeout: 10_000, interval: 100 },
  );

async function download(client: Dialogue): Promise<void> {
  const data = await dialData(portOf(await client.ask("PASV")));
  client.write("RETR x\r\n");
  const { bytes, end } = await readAll(data);
  data.end();
  expect([bytes.equals(fileBody), end]).toEqual([true, "fin"]);
  expect(await client.reply()).toMatch(/^150 /);
  expect(await client.reply()).toMatch(/^226 /);
}

const shell = (script: string): SpawnOptions => ({
  by: ["bash", "-c", script, "bash"],
  rest: { log: { level: "trace", format: "json" } },
});

test.each([
  ["a full disk (ENOSPC)", 'exec "$@" > /dev/full'],
  ["a pipe that nobody reads", 'exec "$@" > >(exec sleep 15 > /dev/null)'],
  ["a pipe whose reader is gone (EPIPE)", 'exec "$@" > >(exec true)'],
])("a log that goes to %s stops no session, and none of later", async (_, script) => {
  const { port, gateway } = await gatewayAt(shell(script));
  const client = await logIn(port);
  for (let count = 0; count < 100; count++) expect(await client.ask("NOOP")).toMatch(/^200 /);
  await download(client);
  // The log is written within 100 ms.
  await sleep(300);
  await download(await logIn(port));
  expect(await client.ask("NOOP")).toMatch(/^200 /);
  gateway.signal("SIGTERM");
  expect(await Promise.race([gateway.ended, sleep(8000, "still running")])).not.toBe("still running");
});

test("clients of the admin listener that say half a request, or nothing, keep nobody from it and no session waiting", async () => {
  const admin = portAbove();
  const { port } = await gatewayAt({ rest: { admin: { listen: `127.0.0.1:${admin}` } } });
  const client = await logIn(port);
  for (const half of [
    "",
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1",
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  ]) {
    for (let count = 0; count < 10; count++) {
      const socket = connect(admin, "127.0.0.1").on("error", () => {});
      onTestFinished(() => void socket.destroy());
      await once(socket, "connect");
      // Who has asked reads no answer.
      socket.pause().write(half);
    }
  }
  const answer = await fetch(`http://127.0.0.1:${admin}/metrics`);
  expect(await answer.text()).toContain("ftp_alg_sessions_active{");
  await download(client);
});

test("with every descriptor in use sessions go on, and newcomers come in again once some have left", async () => {
  const { port, gateway } = await gatewayAt(
    { by: ["prlimit", "--nofile=80:80"] },
    { limits: { sessions: 10_000, sessionsPerClient: 10_000 } },
  );
  const client = await logIn(port);
  const crowd = Array.from({ length: 150 }, () =>
    connect(port, "127.0.0.1")
      .on("error", () => {})
      .resume(),
  );
  onTestFinished(() => crowd.forEach((socket) => socket.destroy()));
  await sleep(1000);
  expect(await client.ask("NOOP")).toMatch(/^200 /);
  for (const socket of crowd) socket.destroy();
  await download(await logIn(port));
  expect(await client.ask("NOOP")).toMatch(/^200 /);
  await expect.poll(() => readdirSync(`/proc/${gateway.pid}/fd`).length, { timeout: 10_000 }).toBeLessThan(60);
});

test.each([
  ["forward", 86_400_000],
  ["back", -86_400_000],
])("a wall clock that is set a day %s ends no session and lets no limit pass", async (_, jump) => {
  const clock = temporaryFile(
    "clock.cjs",
    `const { now } = Date;
     let shift = 0;
     Date.now = () => now() + shift;
     process.on("SIGCONT", () => { shift = ${jump}; });`,
  );
  const timeouts = { idle: "1500ms", login: "1500ms", pinhole: "30s" };
  const { port, gateway } = await gatewayAt({ nodeOptions: ["--require", clock] }, { timeouts });
  const busy = await logIn(port);
  const idle = await logIn(port);
  const data = portOf(await busy.ask("PASV"));
  gateway.signal("SIGCONT");
  const began = performance.now();
  const ended = idle.rest().then((text) => ({ text, ms: performance.now() - began }));
  for (let count = 0; count < 10; count++) {
    expect(await busy.ask("NOOP")).toMatch(/^200 /);
    await sleep(200);
  }
  // The pinhole is as open as before, and the idle session has ended at its time.
  const connection = await dialData(data);
  expect(connection.destroyed).toBe(false);
  connection.destroy();
  const { text, ms } = await ended;
  expect(text).toMatch(/^421 /);
  expect(ms).toBeGreaterThan(1000);
  expect(ms).toBeLessThan(4000);
});

test("without koffi transfers are relayed, and which planes are missing is said", async () => {
  const hook = temporaryFile(
    "no-koffi.cjs",
    `const { Module } = require("node:module");
     const load = Module._load;
     Module._load = (name, ...rest) => {
       if (name === "koffi") throw new Error("Cannot find module 'koffi'");
       return load(name, ...rest);
     };`,
  );
  const { port, gateway } = await gatewayAt({ nodeOptions: ["--require", hook] }, { dataPlane: "auto" });
  const client = await logIn(port);
  await download(client);
  const ended = await gateway.logged("transfer ended");
  expect(ended["plane"]).toBe("relay");
  const said = gateway.lines().map(({ msg }) => String(msg));
  for (const plane of ["kernel", "splice"]) {
    expect(
      said.some((text) => text.startsWith(`the data plane ${plane} is not available: `) && text.includes("koffi")),
    ).toBe(true);
  }
});
