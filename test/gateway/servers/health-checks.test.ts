// Health checks of a pool through a whole gateway: what they try, who falls and comes back, and when they end.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { HealthChecks, PoolRoute, PoolServer } from "../../../src/gateway/options.ts";
import { createHealthWatch, type HealthDeps } from "../../../src/gateway/servers/health-checks.ts";
import { membersOf } from "../../../src/gateway/servers/pool-members.ts";
import { createServerPool } from "../../../src/gateway/servers/server-pool.ts";
import { readProxyHeader, type ProxyVersion } from "../../../src/net/proxy-protocol.ts";
import { startFakeServer, type Script } from "../fake-server.ts";
import { freePort, setClient, setGateway, setServer, until } from "../stage.ts";
import { gatewayOptions, type TestGateway } from "../start-gateway.ts";
import { terminating } from "../tls/terminating.ts";

const at = ({ port }: { port: number }, rest: Partial<PoolServer> = {}): PoolServer => ({
  name: `127.0.0.1:${port}`,
  server: { host: "127.0.0.1", port },
  weight: 1,
  ...rest,
});

const checksOf = (rest: Partial<HealthChecks> = {}): HealthChecks => ({
  ...{ rise: 2, timeoutMs: 500, isListing: false },
  ...rest,
});

const routeOf = (servers: readonly PoolServer[], checks: HealthChecks, rest: Partial<PoolRoute> = {}): PoolRoute => ({
  ...{ kind: "pool", servers, balance: "round-robin", fall: 2, everyMs: 50, slowStartMs: 0, checks },
  ...rest,
});

const setPool = (servers: readonly PoolServer[], checks: Partial<HealthChecks> = {}): Promise<TestGateway> =>
  setGateway(0, { route: routeOf(servers, checksOf(checks)), timeouts: { connectMs: 300 } });

const sample = (gateway: TestGateway, { port }: { port: number }, name: string, more = ""): Promise<number> =>
  gateway.sample(`${name}{gateway="test",server="127.0.0.1:${port}"${more}}`);

const passed = (gateway: TestGateway, server: { port: number }): Promise<number> =>
  sample(gateway, server, "server_checks_total", ',outcome="passed"');

const isUp = async (gateway: TestGateway, server: { port: number }): Promise<boolean> =>
  (await sample(gateway, server, "server_up")) === 1;

async function setPassword(text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-health-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "password");
  await writeFile(file, text);
  return file;
}

test("a server that goes is down before a session has met it, gets none, and is up again after so many passes", async () => {
  const port = await freePort();
  const other = await setServer();
  let server = await startFakeServer({}, { port });
  onTestFinished(() => server.stop());
  const gateway = await setPool([at({ port }), at(other)]);
  await until(async () => (await passed(gateway, { port })) >= 2);
  expect(await isUp(gateway, { port })).toBe(true);
  server.stop();
  await until(async () => !(await isUp(gateway, { port })));
  for (let session = 0; session < 4; session++) await (await setClient(gateway)).login();
  expect(await sample(gateway, { port }, "server_connects_total", ',outcome="unreachable"')).toBe(0);
  server = await startFakeServer({}, { port });
  const before = await passed(gateway, { port });
  await until(() => isUp(gateway, { port }));
  expect((await passed(gateway, { port })) - before).toBeGreaterThanOrEqual(2);
  for (let session = 0; session < 4; session++) await (await setClient(gateway)).login();
  expect(await sample(gateway, { port }, "server_connects_total", ',outcome="connected"')).toBe(2);
  expect(gateway.log.filter(({ msg }) => msg === "server down" || msg === "server up")).toMatchObject([
    { msg: "server down", outcome: "check-failed", detail: "127.0.0.1: no connection: refused" },
    { msg: "server up", server: `127.0.0.1:${port}` },
  ]);
});

describe("what a check says to a server", () => {
  test("greeting alone, then QUIT, and no session is counted", async () => {
    const server = await setServer();
    const gateway = await setPool([at(server)]);
    await until(async () => (await passed(gateway, server)) >= 2);
    for (const { lines } of server.sessions.slice(0, 2)) expect(lines).toEqual(["QUIT"]);
    expect(await gateway.sample('sessions_total{gateway="test",end="quit"}')).toBe(0);
    expect(await sample(gateway, server, "server_sessions")).toBe(0);
  });

  test("a login with the password of a file, and a listing", async () => {
    const files = { "a.txt": Buffer.from("abc") };
    const real = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
    onTestFinished(() => real.stop());
    const login = { user: "monitor", passwordFile: await setPassword("secret\n") };
    const script: Script = { PASS: (s, password) => s.say(password === "secret" ? "230 In" : "530 No") };
    const server = await setServer(script);
    const gateway = await setPool([at(server), at(real.endpoint)], { login, isListing: true });
    await until(async () => (await passed(gateway, server)) >= 2 && (await passed(gateway, real.endpoint)) >= 2);
    expect(server.sessions[0]?.lines).toEqual(["USER monitor", "PASS secret", "EPSV", "LIST", "QUIT"]);
  });

  test("PASV where EPSV is not known, from the first check on", async () => {
    const server = await setServer({ EPSV: (s) => s.say("500 What") });
    const gateway = await setPool([at(server)], { login: { user: "monitor" }, isListing: true });
    await until(async () => (await passed(gateway, server)) >= 2);
    expect(await sample(gateway, server, "server_checks_total", ',outcome="failed"')).toBe(0);
    expect(server.sessions.filter(({ lines }) => lines.includes("EPSV"))).toHaveLength(1);
  });

  test.each<[ProxyVersion, string]>([
    ["v1", "PROXY UNKNOWN\r\n"],
    ["v2", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"],
  ])("PROXY header %s of no client before anything else", async (proxyProtocol, header) => {
    const heard: string[] = [];
    const sockets: Socket[] = [];
    const raw = createServer((socket) => {
      sockets.push(socket);
      socket
        .on("error", () => {})
        .on("data", (chunk) => {
          heard.push(chunk.toString("latin1"));
          if (heard.length === 1) socket.write("220 Behind a header\r\n");
        });
    }).listen(0, "127.0.0.1");
    onTestFinished(() => {
      raw.close();
      for (const socket of sockets) socket.destroy();
    });
    await once(raw, "listening");
    const { port } = raw.address() as AddressInfo;
    const gateway = await setPool([at({ port }, { proxyProtocol })]);
    await until(async () => (await passed(gateway, { port })) >= 1);
    expect(heard[0]).toBe(header);
    expect(readProxyHeader(Buffer.from(heard[0] ?? "", "latin1"))).toMatchObject({ header: { kind: "local" } });
  });
});

test.each<[string, Script, object, string]>([
  ["refuses the login", { PASS: (s) => s.say("530 No") }, {}, "the login of u was answered 530 No"],
  ["is full", {}, { greeting: "421 Too many users" }, "the greeting is 421 Too many users"],
  ["greets with another code than 220", {}, { greeting: "230 In" }, "the greeting is 230 In"],
  ["is frozen", {}, { greeting: "" }, "no greeting within 0.2 s"],
  ["opens no data connection", { EPSV: (s) => s.say("229 Entering (|||1|)") }, {}, "no connection to 127.0.0.1:1"],
])("a server that %s falls by its checks", async (_, script, options, detail) => {
  const bad = await setServer(script, options);
  const gateway = await setPool([at(bad), at(await setServer())], {
    login: { user: "u" },
    isListing: true,
    timeoutMs: 200,
  });
  await until(async () => !(await isUp(gateway, bad)));
  expect(gateway.log.find(({ msg }) => msg === "server down")).toMatchObject({
    server: `127.0.0.1:${bad.port}`,
    detail: expect.stringContaining(detail),
  });
});

test("a check speaks TLS as sessions do, and a server without it falls where it has to have it", async () => {
  const plain = await setServer();
  const secure = await setGateway((await setServer()).port, { tls: terminating() });
  const gateway = await setGateway(0, {
    route: routeOf([at(plain), at(secure)], checksOf({ login: { user: "u" }, timeoutMs: 2000 })),
    tls: terminating({ server: { mode: "required", verify: false, name: "localhost" } }),
  });
  await until(async () => (await passed(gateway, secure)) >= 2);
  await until(async () => !(await isUp(gateway, plain)));
  expect(gateway.log.find(({ msg }) => msg === "server down")).toMatchObject({
    detail: "127.0.0.1: AUTH TLS was answered 502 Not implemented",
  });
  expect(
    await secure.sample('tls_handshakes_total{gateway="test",side="client",kind="control",outcome="full"}'),
  ).toBeGreaterThan(1);
});

test("a password file that can't be read is told at the start by its key, and of a reload nothing changes", async () => {
  const server = await setServer();
  const login = { user: "monitor", passwordFile: "/no/such/password" };
  await expect(setPool([at(server)], { login })).rejects.toThrow(
    "route.health.login.passwordFile: /no/such/password can't be read: ENOENT",
  );
  const gateway = await setPool([at(server)]);
  const route = routeOf([at(server)], checksOf({ login }));
  await expect(gateway.gateway.prepare(gatewayOptions(0, { route }))).rejects.toThrow("passwordFile");
  const twoLines = { user: "monitor", passwordFile: await setPassword("a\nb\n") };
  await expect(setPool([at(server)], { login: twoLines })).rejects.toThrow("is more than one line");
  const before = await passed(gateway, server);
  await until(async () => (await passed(gateway, server)) > before);
});

test("checks end with the gateway, and with a reload that has none; who fell by them is tried by sessions then", async () => {
  const bad = await setServer({}, { greeting: "421 Full" });
  const good = await setServer();
  const gateway = await setPool([at(bad), at(good)]);
  await until(async () => !(await isUp(gateway, bad)));
  const { checks: _, ...without } = routeOf([at(bad), at(good)], checksOf());
  (await gateway.gateway.prepare(gatewayOptions(0, { route: without }))).commit();
  const count = good.sessions.length;
  await (await setClient(gateway)).login();
  expect(await sample(gateway, bad, "server_connects_total", ',outcome="refused"')).toBe(1);
  await new Promise((passedBy) => void setTimeout(passedBy, 200));
  expect(good.sessions.length).toBe(count + 1);
  (await gateway.gateway.prepare(gatewayOptions(0, { route: routeOf([at(good)], checksOf()) }))).commit();
  await until(() => good.sessions.length > count + 2);
  await gateway.gateway.stop();
  const last = good.sessions.length;
  await new Promise((passedBy) => void setTimeout(passedBy, 200));
  expect(good.sessions.length).toBe(last);
});

describe("many servers", () => {
  /** A server that never greets; how many are connected to it. */
  async function setSilent() {
    let open = 0;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      open += 1;
      socket
        .resume()
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(socket);
          open -= 1;
        });
    }).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, open: () => open };
  }

  test("are checked sixteen at a time, each at a moment of its own, and nothing is left when that is stopped", async () => {
    const silent = await setSilent();
    const servers = Array.from({ length: 40 }, (_, index): PoolServer => ({
      ...at(silent),
      name: `server-${index}`,
    }));
    const done: string[] = [];
    let [dice, running, most] = [0, 0, 0];
    const deps: HealthDeps = {
      pool: createServerPool({ now: () => performance.now() }),
      checked({ name }) {
        running -= 1;
        done.push(name);
      },
      lookUp(server, settled) {
        const immediate = setImmediate(() => settled(membersOf(server, [])));
        return { cancel: () => clearImmediate(immediate) };
      },
      login: undefined,
      tls() {
        running += 1;
        most = Math.max(most, running);
        return undefined;
      },
      random: () => (dice++ % 10) / 10,
    };
    const checks = checksOf({ timeoutMs: 100 });
    const watch = createHealthWatch(routeOf(servers, checks, { everyMs: 10 }), checks, deps);
    watch.start();
    await until(() => new Set(done).size === 40);
    expect(most).toBe(16);
    watch.stop();
    await until(() => silent.open() === 0);
    const count = done.length;
    await new Promise((passedBy) => void setTimeout(passedBy, 150));
    expect(done.length).toBe(count);
  });
});
