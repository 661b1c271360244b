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

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type Line = Record<string, unknown>;

async function setUp(first: { gateway?: object; rest?: object } = {}) {
  const server = await startFakeServer();
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-reload-"));
  const file = path.join(folder, "config.yml");
  const configure = (gateway: object, rest: object = {}): void => {
    const route = { server: `127.0.0.1:${server.port}` };
    const gateways = [{ name: "one", listen: ["127.0.0.1:0"], route, dataPlane: "relay", ...gateway }];
    writeFileSync(file, JSON.stringify({ gateways, ...rest }));
  };
  configure(first.gateway ?? {}, first.rest);
  const child = spawn(process.execPath, [main, "run", "--config", file], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    server.stop();
    rmSync(folder, { recursive: true });
  });
  const logged = watchLog(child);
  const port = portOf(await logged("listening"));
  const reload = async (message: string): Promise<Line> => {
    child.kill("SIGHUP");
    return logged(message);
  };
  return { child, server, configure, port, logged, reload };
}

function portOf({ endpoint }: Line): number {
  return Number(String(endpoint).split(":").at(-1));
}

/** Each call waits for the next line with that message. */
function watchLog(child: ChildProcess): (message: string) => Promise<Line> {
  const lines: Line[] = [];
  let rest = "";
  let wake = (): void => {};
  child.stdout?.on("data", (chunk) => {
    rest += String(chunk);
    const whole = rest.split("\n");
    rest = whole.pop() ?? "";
    lines.push(...whole.map((line) => JSON.parse(line) as Line));
    wake();
  });
  return async (message) => {
    for (;;) {
      const at = lines.findIndex((line) => line["msg"] === message);
      const [line] = at < 0 ? [] : lines.splice(at, 1);
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
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
