// SIGHUP with a real process: the new configuration holds for new sessions, a wrong one for none.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { restartNeeded } from "../../src/process/reload.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { startFakeServer } from "../gateway/fake-server.ts";
import { openDialogue } from "../gateway/ftp-dialogue.ts";
import { freePort } from "../gateway/stage.ts";

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

function portOf({ endpoint }: Line): number {
  return Number(String(endpoint).split(":").at(-1));
}

/** Each call of `logged` waits for the next line with that message; `lines` are those so far. */
function watchLog(child: ChildProcess): { logged(message: string): Promise<Line>; lines(): readonly Line[] } {
  const all: Line[] = [];
  const lines: Line[] = [];
  let rest = "";
  let wake = (): void => {};
  child.stdout?.on("data", (chunk) => {
    rest += String(chunk);
    const whole = rest.split("\n");
    rest = whole.pop() ?? "";
    const parsed = whole.map((line) => JSON.parse(line) as Line);
    lines.push(...parsed);
    all.push(...parsed);
    wake();
  });
  const logged = async (message: string): Promise<Line> => {
    for (;;) {
      const at = lines.findIndex((line) => line["msg"] === message);
      const [line] = at < 0 ? [] : lines.splice(at, 1);
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
    const { configure, port, reload, logged, lines } = await setUp({ gateway: { listen } });
    const before = await client(port);
    const greetings: Promise<string>[] = [];
    const visitor = async (): Promise<string> => {
      const dialogue = await openDialogue(port);
      onTestFinished(() => dialogue.close());
      return dialogue.reply();
    };
    const visits = setInterval(() => greetings.push(visitor()), 2);
    onTestFinished(() => clearInterval(visits));
    configure({ name: "two", listen });
    await reload("configuration reloaded");
    expect(await logged("listening")).toMatchObject({ gateway: "two", endpoint: listen[0] });
    greetings.push(visitor());
    clearInterval(visits);
    expect(new Set(await Promise.all(greetings))).toEqual(new Set(["220 Fake server"]));
    expect(await before.ask("PWD")).toMatch(/^257 /);
    expect(
      lines()
        .filter(({ msg }) => msg === "session started")
        .at(-1),
    ).toMatchObject({ gateway: "two" });
    expect(lines().filter(({ msg }) => msg === "stopped")).toEqual([]);
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

test("a range of data ports that is widened keeps the open ones open, for new sessions and in the metrics", async () => {
  const rest = { admin: { listen: "127.0.0.1:0" } };
  const { configure, port, logged, reload } = await setUp({
    gateway: { clientSide: { dataPorts: "50960-50961" } },
    rest,
  });
  const admin = `http://127.0.0.1:${portOf(await logged("admin listening"))}`;
  const before = await client(port);
  await before.ask("PASV");
  configure({ clientSide: { dataPorts: "50960-50962" } }, rest);
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

test("what a reload can't change is named", () => {
  const config = (text: string) => {
    const parsed = parseConfig(`{ gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5" } }], ${text} }`);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.config;
  };
  expect(restartNeeded(config(""), config("log: { level: debug }"))).toEqual(["log"]);
  expect(restartNeeded(config(""), config("admin: {}"))).toEqual(["admin"]);
  expect(restartNeeded(config(""), config(""))).toEqual([]);
});
