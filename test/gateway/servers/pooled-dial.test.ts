// Several servers behind one gateway: whichever is there serves, and clients do not notice those that are not.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PoolRoute, PoolServer } from "../../../src/gateway/options.ts";
import { readProxyHeader, type ProxyVersion } from "../../../src/net/proxy-protocol.ts";
import { silentEndpoint } from "../../silent-endpoint.ts";
import { startFakeServer } from "../fake-server.ts";
import { downloadWhole, freePort, setClient, setGateway, setServer, until } from "../stage.ts";
import { fileBody } from "../fake-server.ts";
import { gatewayOptions, type TestGateway } from "../start-gateway.ts";

const at = (port: number, rest: Partial<PoolServer> = {}): PoolServer => ({
  name: `127.0.0.1:${port}`,
  server: { host: "127.0.0.1", port },
  weight: 1,
  ...rest,
});

async function setPool(servers: readonly PoolServer[], rest: Partial<PoolRoute> = {}): Promise<TestGateway> {
  const route: PoolRoute = {
    kind: "pool",
    servers,
    balance: "round-robin",
    fall: 3,
    everyMs: 60_000,
    slowStartMs: 0,
    ...rest,
  };
  return setGateway(0, { route, timeouts: { connectMs: 600 } });
}

/** Takes connections, and does with them what it is told. */
async function setRaw(taken: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    taken(socket);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const connects = (gateway: TestGateway, port: number, outcome: string): Promise<number> =>
  gateway.sample(`server_connects_total{gateway="test",server="127.0.0.1:${port}",outcome="${outcome}"}`);

describe("a server is passed over, and no client hears of it,", () => {
  test.each<[string, string, (socket: Socket) => void]>([
    ["that says it is full", "refused", (socket) => socket.end("421 Too many users\r\n")],
    ["that closes the connection before its greeting", "refused", (socket) => socket.end()],
    ["that resets it", "refused", (socket) => socket.resetAndDestroy()],
    ["that says nothing for three times the connect time", "silent", () => {}],
  ])("%s", async (_, outcome, taken) => {
    const bad = await setRaw(taken);
    const good = await setServer();
    const gateway = await setPool([at(bad), at(good.port)]);
    for (let session = 0; session < 3; session++) {
      const client = await setClient(gateway);
      expect(await client.reply()).toBe("220 Fake server");
    }
    // A reset may come before the connection is known to be there.
    const unreachable = await connects(gateway, bad, "unreachable");
    expect((await connects(gateway, bad, outcome)) + unreachable).toBeGreaterThan(0);
    expect(await connects(gateway, good.port, "connected")).toBe(3);
  });

  test("that refuses connections; after so many in a row it is down, and left alone", async () => {
    const bad = await freePort();
    const good = await setServer();
    const gateway = await setPool([at(bad), at(good.port)]);
    for (let session = 0; session < 8; session++) {
      const client = await setClient(gateway);
      await client.login();
      expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
    }
    expect(await connects(gateway, bad, "unreachable")).toBe(3);
    const up = (port: number) => gateway.sample(`server_up{gateway="test",server="127.0.0.1:${port}"}`);
    expect([await up(bad), await up(good.port)]).toEqual([0, 1]);
    expect(gateway.gateway.facts().route).toMatchObject({
      kind: "pool",
      servers: [
        { name: `127.0.0.1:${bad}`, up: false, sessions: 0 },
        { name: `127.0.0.1:${good.port}`, up: true, sessions: 8 },
      ],
    });
  });
});

test("a server has a tenth of the time to connect at least, in a pool of sixty too", async () => {
  const good = await setServer();
  const silent = await silentEndpoint();
  const others = Array.from({ length: 59 }, (_, index) => at(good.port, { name: `good ${index}` }));
  const gateway = await setPool([at(silent.port), ...others]);
  const began = performance.now();
  const client = await setClient(gateway);
  expect(await client.reply()).toBe("220 Fake server");
  expect(performance.now() - began).toBeGreaterThan(55);
  expect(await connects(gateway, silent.port, "unreachable")).toBe(1);
});

test("a server that dies takes its own sessions along, and nobody else's; new ones go to the others", async () => {
  const servers = [await setServer(), await setServer(), await setServer()];
  const gateway = await setPool(servers.map(({ port }) => at(port)));
  const clients = [];
  for (let session = 0; session < 6; session++) {
    const client = await setClient(gateway);
    await client.login();
    clients.push(client);
  }
  expect(servers.map(({ sessions }) => sessions.length)).toEqual([2, 2, 2]);
  servers[1]?.stop();
  servers[1]?.clear();
  const answers = await Promise.all(clients.map((client) => client.ask("NOOP").catch(() => "gone")));
  expect(answers.filter((answer) => answer === "200 Nothing done")).toHaveLength(4);
  for (let session = 0; session < 6; session++) {
    const client = await setClient(gateway);
    await client.login();
    expect(await client.ask("NOOP")).toBe("200 Nothing done");
  }
});

test("sessions with a server are counted until they have ended", async () => {
  const server = await setServer();
  const gateway = await setPool([at(server.port)]);
  const count = () => gateway.sample(`server_sessions{gateway="test",server="127.0.0.1:${server.port}"}`);
  const clients = [await setClient(gateway), await setClient(gateway)];
  for (const client of clients) await client.login();
  expect(await count()).toBe(2);
  await clients[0]?.ask("QUIT");
  await until(async () => (await count()) === 1);
  clients[1]?.close();
  await until(async () => (await count()) === 0);
});

test("where none is there the client is told so at once", async () => {
  const gateway = await setPool([at(await freePort()), at(await freePort())], { fall: 1 });
  const text = "421 No server is available now. Try again later.";
  expect(await (await setClient(gateway)).rest()).toContain(text);
  expect(await (await setClient(gateway)).rest()).toContain(text);
  expect(await gateway.sample('failures_total{gateway="test",hop="server-control",cause="no-server-up"}')).toBe(2);
  expect(gateway.log.filter(({ msg }) => msg === "server down")).toMatchObject([
    { level: "warn", outcome: "unreachable", detail: expect.stringMatching(/^127.0.0.1:\d+ ECONNREFUSED$/) },
    { level: "warn", outcome: "unreachable" },
  ]);
  const ends = gateway.log.filter(({ msg }) => msg === "session ended");
  expect(ends[1]).toMatchObject({ reason: "server-unreachable", detail: "no server of the pool is up" });
});

test("a server that is back gets sessions again after the interval", async () => {
  const port = await freePort();
  const gateway = await setPool([at(port)], { fall: 1, everyMs: 100 });
  expect(await (await setClient(gateway)).rest()).toMatch(/^421 /);
  const server = await startFakeServer({}, { port });
  onTestFinished(() => server.stop());
  await until(async () => (await (await setClient(gateway)).reply().catch(() => "")).startsWith("220"));
  expect(gateway.log.filter(({ msg }) => msg === "server up")).toMatchObject([{ server: `127.0.0.1:${port}` }]);
});

test.each<ProxyVersion>(["v1", "v2"])(
  "PROXY header %s tells a server who the client is and where it has connected to",
  async (proxyProtocol) => {
    const heard: Buffer[] = [];
    const port = await setRaw((socket) => {
      socket.on("data", (chunk) => {
        heard.push(chunk);
        if (heard.length === 1) socket.write("220 Behind a header\r\n");
      });
    });
    const gateway = await setPool([at(port, { proxyProtocol })]);
    const client = await setClient(gateway, "127.0.0.1", "127.0.0.33");
    expect(await client.reply()).toBe("220 Behind a header");
    const { port: clientPort } = client.socket.address() as AddressInfo;
    expect(readProxyHeader(heard[0] ?? Buffer.alloc(0))).toMatchObject({
      header: {
        kind: "proxied",
        source: { address: "127.0.0.33", port: clientPort },
        destination: { address: "127.0.0.1", port: gateway.port },
      },
      length: heard[0]?.length,
    });
  },
);

test("a client that is reset while a server is awaited leaves nothing behind, and the server is not blamed", async () => {
  let open = 0;
  const silent = await setRaw((socket) => {
    open += 1;
    socket.on("close", () => (open -= 1)).resume();
  });
  const gateway = await setPool([at(silent)], { fall: 1 });
  const server = `{gateway="test",server="127.0.0.1:${silent}"}`;
  const client = await setClient(gateway);
  await until(() => open === 1);
  expect(await gateway.sample(`server_sessions${server}`)).toBe(1);
  client.socket.resetAndDestroy();
  await until(() => open === 0);
  await until(async () => (await gateway.sample(`server_sessions${server}`)) === 0);
  expect(await gateway.sample(`server_up${server}`)).toBe(1);
});

test("a server that a reload takes away is gone from the metrics, and the counts of the others go on", async () => {
  const [gone, stays] = [await setServer(), await setServer()];
  const gateway = await setPool([at(gone.port), at(stays.port)]);
  for (let session = 0; session < 2; session++) await (await setClient(gateway)).login();
  const series = async () => (await gateway.metrics.text()).split("\n").filter((line) => line.includes('server="'));
  expect((await series()).filter((line) => line.includes(`:${gone.port}"`))).toHaveLength(3);
  const route: PoolRoute = {
    kind: "pool",
    servers: [at(stays.port)],
    balance: "round-robin",
    fall: 3,
    everyMs: 1000,
    slowStartMs: 0,
  };
  (await gateway.gateway.prepare(gatewayOptions(0, { route }))).commit();
  expect((await series()).filter((line) => line.includes(`:${gone.port}"`))).toEqual([]);
  expect(await connects(gateway, stays.port, "connected")).toBe(1);
});
