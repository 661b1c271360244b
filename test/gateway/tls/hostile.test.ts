// Peers that try to get something out of the moments in which TLS begins, and out of TLS that is none, through a whole gateway.
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type FtpServer, startFtpServer } from "../../../src/demo/ftp-server.ts";
import { type Overrides, startGateway, type TestGateway } from "../start-gateway.ts";
import { loggedIn, terminating } from "./terminating.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function setUp(overrides: Overrides = {}): Promise<{ server: FtpServer; gateway: TestGateway }> {
  const files = { "a.txt": Buffer.from("hello\n") };
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  stops.push(server.stop);
  const gateway = await startGateway(server.endpoint.port, { tls: terminating(), ...overrides });
  stops.push(gateway.stop);
  return { server, gateway };
}

type Watched = { readonly socket: Socket; heard: string };

async function greeted(port: number): Promise<Watched> {
  const socket = connectTcp(port, "127.0.0.1").setNoDelay(true);
  stops.push(() => socket.destroy());
  const watched: Watched = { socket, heard: "" };
  socket.on("error", () => {});
  await once(socket, "data");
  socket.on("data", (chunk: Buffer) => (watched.heard += chunk.toString("latin1")));
  return watched;
}

const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : void socket.once("close", () => resolve())));

const dataPort = (epsv: string): number => Number(/\|\|\|(\d+)\|/.exec(epsv)?.[1]);

test("attack: commands behind AUTH are not obeyed, wherever the segments are cut", async () => {
  const { server, gateway } = await setUp();
  const text = "AUTH TLS\r\nUSER evil\r\nPASS x\r\n";
  const heard = await Promise.all(
    Array.from({ length: text.length - 1 }, async (_, at) => {
      const client = await greeted(gateway.port);
      client.socket.write(text.slice(0, at + 1));
      await sleep(30);
      if (!client.socket.destroyed) client.socket.write(text.slice(at + 1));
      await closing(client.socket);
      return client.heard;
    }),
  );
  expect(new Set(heard)).toEqual(
    new Set(["421 Something was sent in clear behind AUTH.\r\n", "234 AUTH TLS successful.\r\n"]),
  );
  expect(server.transcript.filter((line) => /evil|PASS/.test(line))).toEqual([]);
});

test.each([
  ["in its segment", "234 yes\r\n230 You are in.\r\n"],
  ["in pieces", "234 yes\r\n23"],
  ["behind a reply of several lines", "234-yes\r\n234 yes\r\n230 You are in.\r\n"],
])("attack: what stands in clear behind the server's 234 is not told to the client (%s)", async (_where, said) => {
  const fake = createServer((socket) => {
    socket.on("error", () => {}).write("220 hi\r\n");
    socket.once("data", () => socket.write(said));
  }).listen(0, "127.0.0.1");
  stops.push(() => fake.close());
  await once(fake, "listening");
  const { port } = fake.address() as AddressInfo;
  const gateway = await startGateway(port, { tls: terminating({ server: { mode: "auto" } }) });
  stops.push(gateway.stop);
  const client = await greeted(gateway.port);
  client.socket.write("USER anna\r\n");
  await closing(client.socket);
  expect(client.heard).toBe("421 Something was sent in clear behind AUTH.\r\n");
});

test("attack: PROT between EPSV and its transfer sends nothing in clear: another data connection is asked for", async () => {
  const { gateway } = await setUp();
  const client = await loggedIn(gateway.port);
  await client.say("PROT C");
  const raw = connectTcp(dataPort(await client.say("EPSV")), "127.0.0.1").on("error", () => {});
  let got = "";
  raw.on("data", (chunk: Buffer) => (got += String(chunk)));
  await client.say("PROT P");
  expect(await client.say("RETR a.txt")).toBe(
    "425 Can't open data connection: PROT has changed; announce another one.",
  );
  await closing(raw);
  expect(got).toBe("");
  client.socket.destroy();
});

test("attack: clear text under PROT P is no upload, and no file of it is there", async () => {
  const { server, gateway } = await setUp();
  const client = await loggedIn(gateway.port);
  const raw = connectTcp(dataPort(await client.say("EPSV")), "127.0.0.1").on("error", () => {});
  raw.end("said in clear");
  expect(await client.say("STOR x.txt")).toMatch(/^425 .*TLS failed/);
  expect(String(server.files.get("x.txt") ?? "")).toBe("");
  client.socket.destroy();
});

describe("TLS that is none", () => {
  test.each([
    ["an oversized record", Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), Buffer.alloc(70_000, 1)])],
    ["zeros", Buffer.alloc(200_000)],
    ["an alert", Buffer.from([0x15, 3, 1, 0, 2, 2, 40])],
    ["data before a handshake", Buffer.from([0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5])],
    ["the beginning of a record", Buffer.from([0x16, 3, 1])],
  ])("ends the session, by the time to log in at the latest: %s", async (_what, bytes) => {
    const { gateway } = await setUp({ timeouts: { loginMs: 500 } });
    const client = await greeted(gateway.port);
    client.socket.write("AUTH TLS\r\n");
    await once(client.socket, "data");
    client.socket.write(bytes);
    await closing(client.socket);
    await expect.poll(() => gateway.sample("sessions_active")).toBe(0);
  });

  test("limit login: a byte now and then does not prolong a handshake", async () => {
    const { gateway } = await setUp({ timeouts: { loginMs: 600 } });
    const client = await greeted(gateway.port);
    client.socket.write("AUTH TLS\r\n");
    await once(client.socket, "data");
    const hello = [0x16, 3, 1, 2, 0];
    const timer = setInterval(() => client.socket.write(Buffer.from([hello.shift() ?? 1])), 50);
    const begunAt = performance.now();
    await closing(client.socket);
    clearInterval(timer);
    expect(performance.now() - begunAt).toBeLessThan(1500);
  });

  test("limit dataStall: a client that never begins TLS on its data connection has its transfer ended, and goes on", async () => {
    const { gateway } = await setUp({ timeouts: { dataStallMs: 500 } });
    const client = await loggedIn(gateway.port);
    const raw = connectTcp(dataPort(await client.say("EPSV")), "127.0.0.1").on("error", () => {});
    expect(await client.say("RETR a.txt")).toMatch(/^426 /);
    expect(await client.say("NOOP")).toMatch(/^200 /);
    raw.destroy();
    client.socket.destroy();
  });

  test("limit drain: handshakes that never end keep no process", async () => {
    const { gateway } = await setUp({ timeouts: { loginMs: 60_000, dataStallMs: 60_000, drainMs: 500 } });
    const held = await greeted(gateway.port);
    held.socket.write("AUTH TLS\r\n");
    await once(held.socket, "data");
    const client = await loggedIn(gateway.port);
    const raw = connectTcp(dataPort(await client.say("EPSV")), "127.0.0.1").on("error", () => {});
    client.socket.write("RETR a.txt\r\n");
    await sleep(100);
    const begunAt = performance.now();
    await gateway.gateway.drain();
    expect(performance.now() - begunAt).toBeLessThan(3000);
    expect(await gateway.sample("sessions_active")).toBe(0);
    raw.destroy();
    client.socket.destroy();
  });
});
