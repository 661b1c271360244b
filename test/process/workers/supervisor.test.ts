// The whole program with two workers, on loopback: from outside it is one gateway.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { sessionsSchema, type EventAnswer, type SessionAnswer } from "../../../src/observe/api/schemas.ts";
import { bindSocket } from "../../../src/sockets/bound-socket.ts";
import type { Script } from "../../gateway/fake-server.ts";
import { openDialogue, portOf, readAll, type Dialogue } from "../../gateway/ftp-dialogue.ts";
import { type SpawnedGateway, spawnGateway, temporaryFile } from "../../gateway/spawned-gateway.ts";
import { downloadWhole, freePort, passive, setServer } from "../../gateway/stage.ts";

// Whole programs are started for each test.
vi.setConfig({ testTimeout: 180_000 });

type Stage = {
  readonly gateway: SpawnedGateway;
  readonly port: number;
  readonly url: string;
  /** A client that is greeted. */
  client(): Promise<Dialogue>;
  /** So many that have logged in, at least one in each worker; with the workers' numbers. */
  clients(count: number): Promise<{ readonly client: Dialogue; readonly worker: unknown }[]>;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** The sum of a metric over all its label sets that contain this text. */
  metric(name: string, label?: string): Promise<number>;
};

const token = "a-token-of-the-tests-0123";

async function setWorkers(overrides: object = {}, script: Script = {}, rest: object = {}): Promise<Stage> {
  const server = await setServer(script);
  const [port, admin] = [await freePort(), await freePort()];
  const base = { name: "one", listen: [`127.0.0.1:${port}`], route: { server: `127.0.0.1:${server.port}` } };
  const file = temporaryFile("token", token, 0o600);
  const gateway = spawnGateway([{ ...base, dataPlane: "relay", ...overrides }], {
    rest: { workers: 2, admin: { listen: `127.0.0.1:${admin}`, token: { file } }, ...rest },
  });
  await expect.poll(() => startedWorkers(gateway).length, { timeout: 60_000 }).toBe(2);
  const url = `http://127.0.0.1:${admin}`;
  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}` } });
  const client = async (): Promise<Dialogue> => {
    const dialogue = await openDialogue(port);
    onTestFinished(() => dialogue.close());
    await dialogue.reply();
    return dialogue;
  };
  const workerOf = async (dialogue: Dialogue): Promise<unknown> => {
    const from = `127.0.0.1:${dialogue.socket.localPort}`;
    const started = () => gateway.lines().find((line) => line["msg"] === "session started" && line["client"] === from);
    await expect.poll(() => started()?.["worker"]).toBeTypeOf("number");
    return started()?.["worker"];
  };
  return {
    ...{ gateway, port, url, client, get },
    async clients(count) {
      const found = [];
      for (;;) {
        const dialogue = await client();
        await dialogue.ask("USER alice");
        await dialogue.ask("PASS secret");
        found.push({ client: dialogue, worker: await workerOf(dialogue) });
        if (found.length >= count && new Set(found.map(({ worker }) => worker)).size === 2) return found;
        if (found.length > 60) throw new Error("one worker has taken all clients");
      }
    },
    async metric(name, label = "") {
      const text = await (await get("/metrics")).text();
      const lines = text.split("\n").filter((line) => line.startsWith(`ftp_alg_${name}`) && line.includes(label));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
  };
}

function startedWorkers(gateway: SpawnedGateway): { worker: unknown; pid: unknown }[] {
  return gateway.lines().flatMap(({ msg, worker, pid }) => (msg === "worker started" ? [{ worker, pid }] : []));
}

function pidOf(gateway: SpawnedGateway, worker: unknown): number {
  return Number(startedWorkers(gateway).findLast((one) => one.worker === worker)?.pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("clients are spread over the workers, which have ports of their own, and operators see one gateway", async () => {
  const { gateway, clients, get, metric } = await setWorkers({ clientSide: { dataPorts: "46000-46099" } });
  const all = await clients(8);
  for (const { client, worker } of all) {
    const port = portOf(await client.ask("PASV"));
    const [first, last] = worker === 0 ? [46_000, 46_049] : [46_050, 46_099];
    expect(port).toBeGreaterThanOrEqual(first ?? 0);
    expect(port).toBeLessThanOrEqual(last ?? 0);
  }
  for (const { client } of all) await downloadWhole(client);
  expect(gateway.lines().filter(({ msg }) => msg === "listening")).toHaveLength(1);
  expect(await metric("sessions_active")).toBe(all.length);
  expect(await metric("transfers_total", 'outcome="complete"')).toBe(all.length);
  expect(await metric("data_ports", 'side="client"')).toBe(100);
  expect(await metric("build_info")).toBe(1);

  const status = (await (await get("/api/status")).json()) as { gateways: { sessions: number; listeners: string[] }[] };
  expect(status.gateways).toMatchObject([{ name: "one", sessions: all.length, listeners: [expect.any(String)] }]);
  expect(await (await get("/readyz?verbose")).text()).toContain("[+]2 of 2 workers run");

  const pages: SessionAnswer[] = [];
  for (let before = ""; ;) {
    const page = sessionsSchema.parse(await (await get(`/api/sessions?limit=3${before}`)).json());
    pages.push(...page.sessions);
    if (page.next === undefined) break;
    before = `&before=${page.next}`;
  }
  expect(new Set(pages.map(({ id }) => id)).size).toBe(all.length);
  expect(pages.map(({ startedAt }) => startedAt)).toEqual(
    pages
      .map(({ startedAt }) => startedAt)
      .toSorted()
      .toReversed(),
  );
  for (const { id } of pages) {
    expect(await (await get(`/api/sessions/${id}/trace`)).text()).toContain("C> USER alice");
    expect(await (await get(`/sessions/${id}`)).text()).toContain(`Session <code>${id}</code>`);
  }
  const front = await (await get("/")).text();
  for (const { id } of pages) expect(front).toContain(id);
  expect((await get("/api/sessions/nobody")).status).toBe(404);
});

test("limits of one client hold for all workers together, and so does a ban", async () => {
  const { clients } = await setWorkers(
    { limits: { sessionsPerClient: 6, loginFailures: { within: "60s", most: 3, ban: "60s" } } },
    { PASS: (s, argument) => s.say(argument === "secret" ? "230 Logged in" : "530 Login incorrect") },
  );
  const all = await clients(6);
  while (all.length > 6) all.pop()?.client.close();
  await expect
    .poll(async () => {
      const late = await openDialogue(Number(all[0]?.client.socket.remotePort));
      const greeting = await late.reply();
      late.close();
      return greeting;
    })
    .toMatch(/^421 .*too many/i);
  for (const { client: one } of all) one.close();
  const failing = await clients(2);
  for (const { client: one } of [...failing, ...failing].slice(0, 3)) {
    await one.ask("USER mallory");
    await one.ask("PASS wrong").catch(() => "");
  }
  // In whichever worker it comes to.
  for (let count = 0; count < 6; count += 1) {
    const banned = await openDialogue(Number(all[0]?.client.socket.remotePort));
    expect(await banned.rest()).toMatch(/^421 /);
  }
});

test("a worker that is killed takes its own sessions alone, clients meanwhile are served, and no counter goes back", async () => {
  const { gateway, clients, client, metric, get } = await setWorkers();
  const all = await clients(6);
  for (const { client: one } of all) await downloadWhole(one);
  const before = { started: await metric("commands_total"), bytes: await metric("transfer_bytes_total") };
  const victims = all.filter(({ worker }) => worker === 0);
  const survivors = all.filter(({ worker }) => worker === 1);
  process.kill(pidOf(gateway, 0), "SIGKILL");
  for (const { client: one } of victims) await one.rest();
  for (let count = 0; count < 10; count += 1) (await client()).close();
  for (const { client: one } of survivors) await downloadWhole(one);
  expect(await metric("commands_total")).toBeGreaterThanOrEqual(before.started);
  expect(await metric("transfer_bytes_total")).toBeGreaterThan(before.bytes);
  expect(await gateway.logged("worker ended")).toMatchObject({ worker: 0, detail: "SIGKILL", level: "error" });
  await expect.poll(() => startedWorkers(gateway).length, { timeout: 60_000 }).toBe(3);
  await expect.poll(() => metric("worker_restarts_total")).toBe(1);
  expect(await metric("sessions_active")).toBe(survivors.length);
  await clients(2);
  expect((await get("/readyz")).status).toBe(200);
});

test("a reload comes into force in all workers, or in none", async () => {
  const { gateway, clients, get, client } = await setWorkers();
  await clients(2);
  const second = await freePort();
  const write = gateway.rewrite;
  write((config) => config.gateways.push({ ...config.gateways[0], name: "two", listen: [`127.0.0.1:${second}`] }));
  gateway.signal("SIGHUP");
  await gateway.logged("configuration reloaded");
  for (let count = 0; count < 6; count += 1) {
    const dialogue = await openDialogue(second);
    expect(await dialogue.reply()).toMatch(/^220 /);
    dialogue.close();
  }
  const names = async () =>
    ((await (await get("/api/status")).json()) as { gateways: { name: string }[] }).gateways.map(({ name }) => name);
  expect(await names()).toEqual(["one", "two"]);

  // No machine has that address.
  write((config) => config.gateways.push({ ...config.gateways[0], name: "three", listen: ["192.0.2.1:2121"] }));
  expect((await get("/api/reload", { method: "POST" })).status).toBe(422);
  expect(await gateway.logged("configuration not reloaded")).toMatchObject({
    detail: expect.stringContaining("192.0.2.1:2121"),
  });
  expect(await names()).toEqual(["one", "two"]);

  write((config) => void config.gateways.splice(1));
  expect((await get("/api/reload", { method: "POST" })).status).toBe(200);
  expect(await names()).toEqual(["one"]);
  await expect(openDialogue(second).then((dialogue) => dialogue.reply())).rejects.toThrow();
  await client();
});

test("a drain lets transfers of every worker end, and nothing is left", async () => {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const { gateway, clients } = await setWorkers(
    {},
    {
      async RETR(s) {
        s.say("150 Slowly");
        const data = await s.data();
        data.write("first ");
        await finished;
        data.end("second");
        await new Promise((resolve) => data.once("close", resolve));
        s.say("226 Done");
      },
    },
  );
  const all = await clients(2);
  const transfers = [];
  for (const { client } of all) {
    const data = await passive(client);
    await client.ask("RETR x");
    transfers.push(readAll(data).finally(() => data.end()));
  }
  const pids = startedWorkers(gateway).map(({ pid }) => Number(pid));
  // As a terminal or systemd does it: all of them.
  for (const pid of [gateway.pid, ...pids]) process.kill(pid, "SIGTERM");
  await gateway.logged("draining");
  await sleep(200);
  expect(pids.map(isAlive)).toEqual([true, true]);
  finish();
  for (const transfer of transfers) expect(String((await transfer).bytes)).toBe("first second");
  expect(await gateway.ended).toBe(0);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

test("events of all workers come in one stream", async () => {
  const { clients, get } = await setWorkers();
  const response = await get("/api/events");
  const reader = response.body?.getReader();
  const events: EventAnswer[] = [];
  let text = "";
  void (async () => {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) return;
      text += Buffer.from(value ?? new Uint8Array()).toString();
      for (const [, data = ""] of text.matchAll(/^data: (.*)\n\n/gm)) events.push(JSON.parse(data) as EventAnswer);
      text = text.slice(text.lastIndexOf("\n\n") + 2);
    }
  })().catch(() => {});
  const all = await clients(4);
  const started = () => events.filter(({ kind }) => kind === "session-started");
  await expect.poll(() => started().length).toBe(all.length);
  const list = sessionsSchema.parse(await (await get("/api/sessions")).json());
  expect(new Set(started().map((event) => ("session" in event ? event.session : "")))).toEqual(
    new Set(list.sessions.map(({ id }) => id)),
  );
  const [victim] = list.sessions;
  expect((await get(`/api/sessions/${victim?.id}/end`, { method: "POST" })).status).toBe(200);
  await expect.poll(() => events.filter(({ kind }) => kind === "session-ended").length).toBe(1);
  await reader?.cancel();
});

test("where the supervisor is killed, the workers take no new clients and end with their sessions", async () => {
  const { gateway, clients, port } = await setWorkers();
  const all = await clients(2);
  const pids = startedWorkers(gateway).map(({ pid }) => Number(pid));
  gateway.signal("SIGKILL");
  await expect.poll(() => pids.map(isAlive), { timeout: 10_000 }).toEqual([false, false]);
  for (const { client } of all) await client.rest();
  await expect(openDialogue(port).then((dialogue) => dialogue.reply())).rejects.toThrow();
});

test("what a worker can't have ends the start with the reason, and leaves no process", async () => {
  const server = await setServer();
  const route = { server: `127.0.0.1:${server.port}` };
  const gateway = spawnGateway(
    [{ listen: [`127.0.0.1:${server.port}`], route: { server: "127.0.0.1:9" }, dataPlane: "relay" }],
    { rest: { workers: 2 } },
  );
  expect(await gateway.ended).toBe(1);
  expect(await gateway.logged("could not start")).toMatchObject({
    detail: expect.stringContaining("EADDRINUSE: another program has port"),
  });
  const few = spawnGateway([{ listen: ["127.0.0.1:0"], route, clientSide: { dataPorts: "46000-46001" } }], {
    rest: { workers: 3 },
  });
  expect(await few.ended).toBe(2);
});

test("the servers of a pool have as many sessions as each other, whichever worker has sent them there", async () => {
  const servers = [await setServer(), await setServer()];
  const route = { servers: servers.map(({ port }) => `127.0.0.1:${port}`), balance: "least-sessions" };
  const { clients, metric } = await setWorkers({ route });
  const all = await clients(16);
  expect(await metric("server_sessions")).toBe(all.length);
  const counts = servers.map(({ sessions }) => sessions.length);
  expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(2);
});

test("a socket that the program was started with is the workers'", async () => {
  const server = await setServer();
  const bound = bindSocket({ address: "127.0.0.1", port: 0 }, false);
  onTestFinished(() => bound.close());
  const { port } = bound.endpoint;
  const route = { server: `127.0.0.1:${server.port}` };
  const gateway = spawnGateway([{ listen: [`127.0.0.1:${port}`], route, dataPlane: "relay" }], {
    rest: { workers: 2 },
    by: ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"],
    descriptors: [(bound.handle as { fd: number }).fd],
  });
  expect(await gateway.logged("listening")).toMatchObject({ endpoint: `127.0.0.1:${port}`, inherited: true });
  const dialogue = await openDialogue(port);
  onTestFinished(() => dialogue.close());
  expect(await dialogue.reply()).toMatch(/^220 /);
});

test("with workers: 1 there is no other process", async () => {
  const server = await setServer();
  const gateway = spawnGateway(
    [{ listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" }],
    { rest: { workers: 1 } },
  );
  await gateway.logged("listening");
  expect(gateway.lines().filter(({ msg }) => msg === "worker started")).toEqual([]);
});
