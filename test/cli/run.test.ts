// The program as its operator sees it: what it logs from start to end, how it ends, and what it answers about itself.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FakeSession } from "../gateway/fake-server.ts";
import { type DataEnd, type Dialogue, openDialogue, readAll } from "../gateway/ftp-dialogue.ts";
import { type SpawnedGateway, spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { passive, setServer, until } from "../gateway/stage.ts";

// A whole program is started for each test.
vi.setConfig({ testTimeout: 20_000 });

const anyPort = "127.0.0.1:0";

function portOf(endpoint: unknown): number {
  return Number(String(endpoint).split(":").at(-1));
}

function messages(gateway: SpawnedGateway): unknown[] {
  return gateway.lines().map(({ msg }) => msg);
}

/** A gateway with an admin listener, in front of a server whose downloads begin and do not end. */
async function setUp(timeouts: object = {}) {
  let finish = (): void => {};
  const server = await setServer({
    async RETR(s: FakeSession) {
      s.say("150 Here it comes");
      const data = await s.data();
      data.write("the beginning, ");
      finish = () => {
        data.end("the end");
        s.say("226 Done");
      };
    },
  });
  const route = { server: `127.0.0.1:${server.port}` };
  const one = { name: "one", listen: [anyPort], route, dataPlane: "relay", timeouts, limits: { sessions: 100 } };
  const gateway = spawnGateway([one], { rest: { admin: { listen: anyPort } } });
  const admin = `http://127.0.0.1:${portOf((await gateway.logged("admin listening"))["endpoint"])}`;
  const port = portOf((await gateway.logged("listening"))["endpoint"]);
  const get = async (path: string) => {
    const answer = await fetch(admin + path);
    return { status: answer.status, text: await answer.text() };
  };
  return { gateway, port, get, finish: () => finish() };
}

async function login(port: number): Promise<Dialogue> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  await client.login();
  return client;
}

async function beginDownload(client: Dialogue): Promise<{ data: Socket; received: Promise<DataEnd> }> {
  const data = await passive(client);
  expect(await client.ask("RETR x")).toMatch(/^150 /);
  const received = readAll(data);
  await once(data, "data");
  return { data, received };
}

describe("what can't be started ends with 1, and the log says why", () => {
  async function takenPort(): Promise<number> {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    return (other.address() as AddressInfo).port;
  }

  test("a port of a gateway that is taken; no other gateway listens, and none is said to have stopped", async () => {
    const taken = `127.0.0.1:${await takenPort()}`;
    const route = { server: "127.0.0.1:9" };
    const gateway = spawnGateway([
      { name: "one", listen: [anyPort], route, dataPlane: "relay" },
      { name: "two", listen: [anyPort, taken], route, dataPlane: "relay" },
    ]);
    expect(await gateway.ended).toBe(1);
    const fatal = gateway.lines().find(({ level }) => level === "fatal");
    expect(fatal).toMatchObject({
      msg: "could not start",
      detail: expect.stringContaining(`cannot listen on ${taken}: EADDRINUSE: another program has port`),
    });
    expect(messages(gateway)).toEqual(["could not start"]);
  });

  test("the port of the admin listener", async () => {
    const listen = `127.0.0.1:${await takenPort()}`;
    const one = { listen: [anyPort], route: { server: "127.0.0.1:9" }, dataPlane: "relay" };
    const gateway = spawnGateway([one], { rest: { admin: { listen } } });
    expect(await gateway.ended).toBe(1);
    const fatal = gateway.lines().find(({ level }) => level === "fatal");
    expect(fatal?.["detail"]).toContain(listen);
  });

  test("where the log is a file, standard error says it too", async () => {
    const listen = `127.0.0.1:${await takenPort()}`;
    const [file, told] = [temporaryFile("ftp-alg.log", ""), temporaryFile("stderr", "")];
    const one = { listen: [listen], route: { server: "127.0.0.1:9" }, dataPlane: "relay" };
    const by = ["sh", "-c", `exec "$@" 2>'${told}'`, "sh"];
    const gateway = spawnGateway([one], { by, rest: { log: { file } } });
    expect(await gateway.ended).toBe(1);
    expect(gateway.lines()).toEqual([]);
    expect(readFileSync(file, "utf8")).toContain('"msg":"could not start"');
    expect(readFileSync(told, "utf8")).toMatch(`error: could not start: cannot listen on ${listen}: EADDRINUSE`);
  });
});

test("a session leaves its story in the log, one JSON line for each fact, and the end of the process is the last one", async () => {
  const { gateway, port } = await setUp();
  const client = await login(port);
  expect(await client.ask("QUIT")).toMatch(/^221 /);
  client.close();
  await gateway.logged("session ended");
  gateway.signal("SIGTERM");
  expect(await gateway.ended).toBe(0);
  expect(messages(gateway)).toEqual([
    ...["listening", "admin listening", "session started", "server connected", "logged in", "session ended"],
    ...["draining", "stopped"],
  ]);
  for (const line of gateway.lines()) expect(line).toMatchObject({ level: "info", time: expect.any(String) });
  const { session: id } = await gateway.logged("session started");
  expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{8}$/);
  const ofSession = gateway.lines().filter(({ session }) => session === id);
  expect(ofSession.map(({ gateway: name }) => name)).toEqual(["one", "one", "one", "one"]);
});

test("SIGTERM: a running transfer is carried to its end, an idle session is not waited for, nobody new comes in", async () => {
  const { gateway, port, get, finish } = await setUp();
  expect((await get("/readyz")).status).toBe(200);
  const idle = await login(port);
  const client = await login(port);
  const { data, received } = await beginDownload(client);

  gateway.signal("SIGTERM");
  expect(await idle.rest()).toMatch(/^421 /);
  expect((await get("/readyz")).status).toBe(503);
  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/metrics")).text).toContain('ftp_alg_transfers_active{gateway="one",plane="relay"} 1');
  await expect(openDialogue(port)).rejects.toThrow("ECONNREFUSED");

  finish();
  expect(await received).toEqual({ bytes: Buffer.from("the beginning, the end"), end: "fin" });
  data.end();
  expect(await client.rest()).toMatch(/^226 Done\r\n421 /);
  client.close();
  idle.close();
  expect(await gateway.ended).toBe(0);
});

test("SIGTERM: what is not over by timeouts.drain is broken off", async () => {
  const { gateway, port } = await setUp({ drain: "200ms" });
  const client = await login(port);
  const { received } = await beginDownload(client);
  gateway.signal("SIGTERM");
  expect((await received).end).toBe("reset");
  await client.rest();
  client.close();
  expect(await gateway.ended).toBe(0);
  expect((await gateway.logged("session ended"))["reason"]).toBe("drained");
});

describe("a second signal", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s breaks a running transfer off and ends at once", async (second) => {
    const { gateway, port } = await setUp();
    const client = await login(port);
    const { received } = await beginDownload(client);
    gateway.signal("SIGTERM");
    await gateway.logged("draining");
    gateway.signal(second);
    expect((await received).end).toBe("reset");
    expect(await client.rest()).toMatch(/421 [^\r\n]*\r\n$/);
    client.close();
    expect(await gateway.ended).toBe(0);
    expect(await gateway.logged("session ended")).toMatchObject({ reason: "stopped" });
    expect(messages(gateway).at(-1)).toBe("stopped");
  });

  test("waits for no client that keeps its connection: the process ends all the same, with 1", async () => {
    const { gateway, port } = await setUp();
    const client = await login(port);
    await beginDownload(client);
    gateway.signal("SIGTERM");
    await gateway.logged("draining");
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(1);
    await until(() => client.socket.readableEnded || client.socket.destroyed);
  });
});
