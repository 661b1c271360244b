// After every kind of failure, many times over: no descriptor, no socket, no timer, no port, no session is left.
import { readdir } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { fileBody, startFakeServer, type FakeSession, type Script } from "./fake-server.ts";
import { dialData, type Dialogue, listenData, openDialogue, portLine, portOf, readAll } from "./ftp-dialogue.ts";
import { activeSamples, until } from "./stage.ts";
import { startGateway } from "./start-gateway.ts";
import { passUntil, passUntilTrue, sleep } from "../virtual-time.ts";

const script: Script = {
  async RETR(s: FakeSession, name) {
    if (name === "missing") return s.say("550 No such file");
    if (name === "silent") return;
    s.say("150 Here it comes");
    const data = await s.data();
    data.write(fileBody);
    if (name === "reset") data.resetAndDestroy();
    else if (name === "dies") s.socket.resetAndDestroy();
    else if (name === "421") s.say("421 Bye");
    else if (name !== "stalls") data.end(() => s.say("226 Done"));
  },
};

type Failure = (client: Dialogue, other: Dialogue) => Promise<void>;

const settle = (client: Dialogue): Promise<string> => client.reply().catch(() => "gone");

async function retrieve(client: Dialogue, name: string): Promise<void> {
  const data = await dialData(portOf(await client.ask("PASV")));
  const received = readAll(data);
  client.write(`RETR ${name}\r\n`);
  await settle(client);
  if (name !== "stalls" && name !== "silent") await received;
  data.end();
}

const failures: Readonly<Record<string, Failure>> = {
  async "a clean download and QUIT"(client) {
    await retrieve(client, "x");
    client.write("QUIT\r\n");
    await client.rest();
  },
  async "a reset of the control connection"(client) {
    client.socket.resetAndDestroy();
  },
  async "PASV, never used"(client) {
    await client.ask("PASV");
  },
  async "PASV many times"(client) {
    client.write("PASV\r\n".repeat(20));
    for (let count = 0; count < 20; count += 1) await client.reply();
  },
  async "PASV, then a reset in the same moment"(client) {
    client.write("PASV\r\n");
    await sleep(1);
    client.socket.resetAndDestroy();
  },
  async "PORT to nowhere"(client) {
    await client.ask("PORT 127,0,0,1,4,1");
    client.write("RETR x\r\n");
    await sleep(5);
  },
  async "PORT, never used"(client) {
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    listener.close();
  },
  async "strangers at the pinhole"(client) {
    const port = portOf(await client.ask("PASV"));
    for (let count = 0; count < 5; count += 1) await dialData(port, { localAddress: "127.0.0.2" });
  },
  "a missing file": (client) => retrieve(client, "missing"),
  "a download that the server resets": (client) => retrieve(client, "reset"),
  "a server that dies with data running": (client) => retrieve(client, "dies"),
  "421 with data running": (client) => retrieve(client, "421"),
  async "a client that dies with data running"(client) {
    void retrieve(client, "stalls").catch(() => {});
    await sleep(20);
    client.socket.resetAndDestroy();
  },
  async "a client that resets its data connection"(client) {
    const data = await dialData(portOf(await client.ask("PASV")));
    client.write("RETR stalls\r\n");
    await settle(client);
    data.resetAndDestroy();
  },
  async "an upload, reset"(client) {
    const data = await dialData(portOf(await client.ask("PASV")));
    client.write("STOR x\r\n");
    await settle(client);
    data.write(fileBody);
    data.resetAndDestroy();
  },
  async "no answer to RETR, then gone"(client) {
    void retrieve(client, "silent").catch(() => {});
    await sleep(10);
  },
  async "another protocol"(_, other) {
    other.write("GET / HTTP/1.1\r\n\r\n");
    await other.rest();
  },
  async "gone before the greeting"(_, other) {
    other.socket.resetAndDestroy();
  },
};

const descriptors = async (): Promise<number> => (await readdir("/proc/self/fd")).length;

function activeResources(): string[] {
  const counted = ["TCPSocketWrap", "TCPServerWrap", "TCPConnectWrap"];
  return process.getActiveResourcesInfo().filter((name) => counted.includes(name));
}

test("every failure, ten times over, leaves nothing behind", async () => {
  const rounds = 10;
  const server = await startFakeServer(script);
  const before = { descriptors: 0, resources: 0, timers: 0, memory: 0 };
  const gateway = await startGateway(server.port, { timeouts: { lingerMs: 100, pinholeMs: 1000, connectMs: 500 } });
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, fail] of Object.entries(failures)) {
      const client = await openDialogue(gateway.port);
      const other = await openDialogue(gateway.port);
      await client.login().catch(() => {});
      await passUntil(fail(client, other)).catch((error: unknown) => {
        throw new Error(`${name}: ${String(error)}`);
      });
      client.close();
      other.close();
    }
    await passUntilTrue(async () => (await activeSamples(gateway)).length === 0, 5000);
    server.clear();
    if (round === 1) {
      await sleep(50);
      globalThis.gc?.();
      before.descriptors = await descriptors();
      before.resources = activeResources().length;
      before.timers = vi.getTimerCount();
      before.memory = process.memoryUsage().heapUsed;
    }
  }
  await until(async () => (await descriptors()) <= before.descriptors + 1, 5000);
  await until(() => activeResources().length <= before.resources + 1, 5000);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(before.timers + 1);
  globalThis.gc?.();
  expect(process.memoryUsage().heapUsed - before.memory).toBeLessThan(40_000_000);
  const ended = gateway.log.filter((line) => line["msg"] === "session ended").length;
  const started = gateway.log.filter((line) => line["msg"] === "session started").length;
  expect(ended).toBe(started);
  expect(gateway.log.filter((line) => line["reason"] === "internal-error")).toEqual([]);
  await passUntil(gateway.stop());
  server.stop();
  await until(() => !activeResources().includes("TCPSocketWrap") && !activeResources().includes("TCPServerWrap"), 5000);
}, 60_000);
