// SIGHUP with a real process: the new configuration holds for new sessions, a wrong one for none.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { connect } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { restartNeeded } from "../../src/process/reload.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { startFakeServer } from "../gateway/fake-server.ts";
import { openDialogue } from "../gateway/ftp-dialogue.ts";
import { freePort } from "../gateway/stage.ts";

// A whole program is started for each test, which takes ten seconds where the machine is busy with other things; all else is waited for.
vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type Line = Record<string, unknown>;

const noPwd = { policy: { commands: { deny: ["PWD"] } } };

async function setUp(first: { gateway?: object; gateways?: object[]; rest?: object } = {}) {
  const server = await startFakeServer();
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-reload-"));
  const file = path.join(folder, "config.yml");
  const route = { server: `127.0.0.1:${server.port}` };
  const configureAll = (given: readonly object[], rest: object = {}): void => {
    const common = { name: "one", listen: ["127.0.0.1:0"], route, dataPlane: "relay" };
    const gateways = given.map((gateway) => Object.assign({}, common, gateway));
    writeFileSync(file, JSON.stringify({ gateways, ...rest }));
  };
  const configure = (gateway: object, rest?: object): void => configureAll([gateway], rest);
  configureAll(first.gateways ?? [first.gateway ?? {}], first.rest);
  const child = spawn(process.execPath, [main, "run", "--config", file], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    server.stop();
    rmSync(folder, { recursive: true });
  });
  const { logged, lines } = watchLog(child);
  const port = portOf(await logged("listening"));
  const reload = async (message: string): Promise<Line> => {
    child.kill("SIGHUP");
    return logged(message);
  };
  return { child, server, configure, configureAll, port, logged, lines, reload };
}

/** A pretty line has its text as message. */
function parseLine(text: string): Line {
  const [, msg] = /^\[[\d:.]+\] [A-Z]+: (.*)$/.exec(text) ?? [];
  return msg === undefined ? (JSON.parse(text) as Line) : { msg, isPretty: true };
}

function portOf({ endpoint }: Line): number {
  return Number(String(endpoint).split(":").at(-1));
}

/** Each call of `logged` waits for the next line with that message; `lines` are those so far. */
function watchLog(child: ChildProcess): { logged(message: string): Promise<Line>; lines(): readonly Line[] } {
  const all: Line[] = [];
  const untaken = new Map<unknown, Line[]>();
  let rest = "";
  let wake = (): void => {};
  child.stdout?.on("data", (chunk) => {
    rest += String(chunk);
    const whole = rest.split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole.map(parseLine)) {
      all.push(line);
      const { msg } = line;
      const queue = untaken.get(msg);
      if (queue === undefined) untaken.set(msg, [line]);
      else queue.push(line);
    }
    wake();
  });
  const logged = async (message: string): Promise<Line> => {
    for (;;) {
      const line = untaken.get(message)?.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { logged, lines: () => all };
}

async function client(port: number) {
  const dialogue = await openDialogue(port);
  onTestFinished(() => dialogue.close());
  await dialogue.login();
  return dialogue;
}

describe("SIGHUP", () => {
  test("changes what new sessions may do; those that run go on as they began", async () => {
    const { configure, port, reload } = await setUp();
    const before = await client(port);
    configure({ policy: { commands: { deny: ["PWD"] } } });
    await reload("configuration reloaded");
    expect(await before.ask("PWD")).toMatch(/^257 /);
    expect(await (await client(port)).ask("PWD")).toMatch(/^502 /);
  });

  test("changes the entries of policies for new sessions", async () => {
    const { configure, port, reload } = await setUp();
    configure({ policies: [{ users: ["u"], commands: { deny: ["PWD"] } }] });
    await reload("configuration reloaded");
    expect(await (await client(port)).ask("PWD")).toMatch(/^502 /);
    configure({ policies: [{ clients: ["10.0.0.0/8"], commands: { deny: ["PWD"] } }] });
    await reload("configuration reloaded");
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
  });

  test("a wrong configuration changes nothing, and the log says what is wrong with it", async () => {
    const { configure, port, reload } = await setUp();
    configure({ polcy: {} });
    expect((await reload("configuration not reloaded"))["detail"]).toContain("gateways[0].polcy");
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
  });

  test("an endpoint that is taken leaves everything as it was", async () => {
    const { configure, port, reload, server } = await setUp();
    configure({
      listen: ["127.0.0.1:0", `127.0.0.1:${server.port}`],
      policy: { commands: { deny: ["PWD"] } },
      route: { login: { allow: ["*"] } },
    });
    expect((await reload("configuration not reloaded"))["detail"]).toContain("EADDRINUSE");
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
  });

  test("a gateway that is gone ends its sessions by draining, and a new one listens", async () => {
    const { configure, port, reload, logged } = await setUp();
    const before = await client(port);
    configure({ name: "two" });
    await reload("configuration reloaded");
    expect(await before.rest()).toMatch(/^421 /);
    expect(await (await client(portOf(await logged("listening")))).ask("PWD")).toMatch(/^257 /);
    await expect(openDialogue(port)).rejects.toThrow("ECONNREFUSED");
  });

  test("a gateway that is renamed takes over the listening socket: nobody is refused, and sessions go on under the old name", async () => {
    const listen = [`127.0.0.1:${await freePort()}`];
    const rest = { admin: { listen: "127.0.0.1:0" } };
    // However many visits there are until it is reloaded.
    const settings = { listen, limits: { connectsPerSecond: { rate: 100_000, burst: 1_000_000 } } };
    const { configure, port, reload, logged, lines } = await setUp({ gateway: settings, rest });
    const metrics = `http://127.0.0.1:${portOf(await logged("admin listening"))}/metrics`;
    const namesInMetrics = async () =>
      new Set([...(await (await fetch(metrics)).text()).matchAll(/gateway="(\w+)"/g)].map(([, name]) => name));
    const before = await client(port);
    const greetings = new Set<string>();
    const reloaded = new AbortController();
    const visits = async (): Promise<void> => {
      do {
        const dialogue = await openDialogue(port);
        greetings.add(await dialogue.reply());
        dialogue.close();
      } while (!reloaded.signal.aborted);
    };
    const visitors = Promise.all([visits(), visits(), visits()]);
    configure({ ...settings, name: "two" }, rest);
    await reload("configuration reloaded");
    expect(await logged("listening")).toMatchObject({ gateway: "two", endpoint: listen[0] });
    reloaded.abort();
    await visitors;
    await visits();
    expect(greetings).toEqual(new Set(["220 Fake server"]));
    expect(await before.ask("PWD")).toMatch(/^257 /);
    const hosts = () => lines().flatMap(({ msg, gateway }) => (msg === "session started" ? [gateway] : []));
    await expect.poll(() => new Set(hosts()), { timeout: 30_000 }).toEqual(new Set(["one", "two"]));
    expect(lines().filter(({ msg }) => msg === "stopped")).toEqual([]);
    expect(await namesInMetrics()).toEqual(new Set(["one", "two"]));
    before.close();
    expect(await logged("stopped")).toMatchObject({ gateway: "one" });
    expect(await namesInMetrics()).toEqual(new Set(["two"]));
  });

  test("an endpoint may give way to the same port at all addresses", async () => {
    const number = await freePort();
    const { configure, port, reload, logged } = await setUp({ gateway: { listen: [`127.0.0.1:${number}`] } });
    const before = await client(port);
    configure({ listen: [`0.0.0.0:${number}`] });
    await reload("configuration reloaded");
    const line = await logged("listening");
    expect(line).toMatchObject({ endpoint: `0.0.0.0:${number}` });
    expect(line).not.toHaveProperty("shared");
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
    expect(await before.ask("PWD")).toMatch(/^257 /);
  });

  test("in the moment in which the process is told to end starts nothing that would keep it", async () => {
    const { child, configureAll } = await setUp();
    configureAll([{}, { name: "two" }]);
    const ended = once(child, "exit");
    child.kill("SIGHUP");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("a gateway that could not be started leaves no series and is not said to have stopped", async () => {
    const rest = { admin: { listen: "127.0.0.1:0" } };
    const { configureAll, reload, logged, lines, server } = await setUp({ rest });
    const metrics = `http://127.0.0.1:${portOf(await logged("admin listening"))}/metrics`;
    configureAll([{}, { name: "two" }, { name: "three", listen: [`127.0.0.1:${server.port}`] }], rest);
    await reload("configuration not reloaded");
    const text = await (await fetch(metrics)).text();
    expect(new Set([...text.matchAll(/gateway="(\w+)"/g)].map(([, name]) => name))).toEqual(new Set(["one"]));
    expect(lines().filter(({ gateway }) => gateway !== undefined && gateway !== "one")).toEqual([]);
  });

  test("two gateways that exchange their endpoints have each the other's clients", async () => {
    const [a, b] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const { configureAll, port, reload } = await setUp({
      gateways: [
        { name: "one", listen: [a] },
        { name: "two", listen: [b], ...noPwd },
      ],
    });
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
    configureAll([
      { name: "one", listen: [b] },
      { name: "two", listen: [a], ...noPwd },
    ]);
    await reload("configuration reloaded");
    expect(await (await client(port)).ask("PWD")).toMatch(/^502 /);
  });
});

// Above the ephemeral ports, so that no other socket of this machine has them by chance.
test("a range of data ports that is widened keeps the open ones open, for new sessions and in the metrics", async () => {
  const rest = { admin: { listen: "127.0.0.1:0" } };
  const { configure, port, logged, reload } = await setUp({
    gateway: { clientSide: { dataPorts: "61960-61961" } },
    rest,
  });
  const admin = `http://127.0.0.1:${portOf(await logged("admin listening"))}`;
  const before = await client(port);
  await before.ask("PASV");
  configure({ clientSide: { dataPorts: "61960-61962" } }, rest);
  await reload("configuration reloaded");
  const after = [await client(port), await client(port)];
  const announced = [await after[0]?.ask("PASV"), await after[1]?.ask("PASV")];
  for (const reply of announced) expect(reply).toMatch(/^227 /);
  expect(new Set(announced).size).toBe(2);
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const count = (state: string) =>
    metrics.match(new RegExp(`data_ports\\{gateway="one",side="client",state="${state}"\\} (\\d+)`))?.[1];
  expect([count("free"), count("open"), count("resting")]).toEqual(["0", "3", "0"]);
  expect(await (await client(port)).ask("PASV")).toMatch(/^425 /);
});

describe("SIGHUP changes the log", () => {
  test("its level, for running sessions too", async () => {
    const { configure, port, reload, logged } = await setUp();
    const before = await client(port);
    const { session } = await logged("session started");
    configure({}, { log: { level: "debug" } });
    await reload("configuration reloaded");
    await before.ask("PWD");
    expect(await logged("command")).toMatchObject({ session, verb: "PWD" });
  });

  test("that of one gateway and of the sessions of some clients, for sessions to come", async () => {
    const { configureAll, port, reload, logged, lines } = await setUp();
    const before = await client(port);
    await logged("session started");
    configureAll([{ log: { level: "debug" } }]);
    await reload("configuration reloaded");
    await before.ask("PWD");
    await client(port);
    const { session: second } = await logged("session started");
    expect(await logged("command")).toMatchObject({ session: second, gateway: "one" });
    configureAll([{ log: { level: "warn" } }], { log: { debugFor: ["127.0.0.0/8"] } });
    await reload("configuration reloaded");
    await client(port);
    const { session: third } = await logged("session started");
    const hasCommand = () => lines().some(({ msg, session }) => msg === "command" && session === third);
    await expect.poll(hasCommand, { timeout: 30_000 }).toBe(true);
    const sessions = new Set(lines().flatMap(({ msg, session }) => (msg === "command" ? [session] : [])));
    expect([...sessions]).toEqual([second, third]);
  });

  test("its format", async () => {
    const { configure, reload } = await setUp();
    configure({}, { log: { format: "pretty" } });
    expect(await reload("configuration reloaded")).toMatchObject({ isPretty: true });
    configure({}, { log: { format: "json" } });
    expect(await reload("configuration reloaded")).toMatchObject({ level: "info" });
  });
});

describe("SIGHUP changes the admin listener", () => {
  const at = (port: number) => ({ admin: { listen: `127.0.0.1:${port}` } });
  const healthy = async (port: number) => (await fetch(`http://127.0.0.1:${port}/healthz`)).text();

  test("which moves: the new endpoint answers, the old one no more; and it goes when it is configured no longer", async () => {
    const [before, after] = [await freePort(), await freePort()];
    const { configure, reload, logged } = await setUp({ rest: at(before) });
    await logged("admin listening");
    expect(await healthy(before)).toBe("ok\n");
    configure({}, at(after));
    await reload("configuration reloaded");
    expect(await logged("admin listening")).toMatchObject({ endpoint: `127.0.0.1:${after}` });
    expect(await healthy(after)).toBe("ok\n");
    await expect(healthy(before)).rejects.toThrow();
    configure({});
    await reload("configuration reloaded");
    await expect(healthy(after)).rejects.toThrow();
  });

  test("but not where its endpoint is the same: a connection to it stays open", async () => {
    const admin = await freePort();
    const { configure, reload, logged } = await setUp({ rest: at(admin) });
    await logged("admin listening");
    const socket = connect(admin, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n");
    configure({ limits: { sessions: 1 } }, at(admin));
    await reload("configuration reloaded");
    socket.write("\r\n");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("and one that can't be opened changes nothing, gateways and log neither", async () => {
    const admin = await freePort();
    const { configure, port, reload, logged, server } = await setUp({ rest: at(admin) });
    await logged("admin listening");
    configure(noPwd, { ...at(server.port), log: { format: "pretty" } });
    const failure = await reload("configuration not reloaded");
    expect(failure["detail"]).toContain(`127.0.0.1:${server.port}: the port is in use`);
    expect(await healthy(admin)).toBe("ok\n");
    expect(await (await client(port)).ask("PWD")).toMatch(/^257 /);
  });
});

test("what a reload can't change is named", () => {
  const config = (text: string) => {
    const parsed = parseConfig(`{ gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5" } }], ${text} }`);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.config;
  };
  expect(restartNeeded(config(""), config("kernel: { table: other }"))).toEqual(["kernel"]);
  expect(restartNeeded(config(""), config("shared: { redis: 'redis://10.0.0.9' }"))).toEqual(["shared"]);
  expect(restartNeeded(config(""), config("log: { level: debug }, admin: {}"))).toEqual([]);
});
