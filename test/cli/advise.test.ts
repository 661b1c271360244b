// What people are advised: as they read it, and whether the command lines do what they say.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { entranceOf, formatAdvice } from "../../src/cli/advise.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { type Endpoint, formatEndpoint } from "../../src/net/endpoint.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";

// A whole program is started.
vi.setConfig({ testTimeout: 20_000 });

const run = promisify(execFile);
const examples = join(import.meta.dirname, "../../deploy/config");
const machine = ["192.0.2.10", "2001:db8::10"];

function configIn(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const v6 =
  'gateways: [{ name: v6, listen: "[::]:2121", route: { server: "10.0.0.5:21" }, serverSide: { mode: active } }]';
const texts: [string, string][] = [
  ...readdirSync(examples).map((name): [string, string] => [name, readFileSync(join(examples, name), "utf8")]),
  ["two.yml", `${v6.slice(0, -1)}, { listen: ":21", route: { transparent: {} } }]`],
];

describe.each(texts)("for %s", (name, text) => {
  const advice = formatAdvice(configIn(text), machine);

  test("the advice is that of the example, word for word (vitest -u writes it)", async () => {
    await expect(advice).toMatchFileSnapshot(join(import.meta.dirname, "advice", name.replace(/\.yml$/, ".txt")));
  });

  test("no line is longer than 80 columns but for command lines, which are pasted whole", () => {
    const long = advice.split("\n").filter((line) => [...line].length > 80);
    expect(long.filter((line) => !/^ {4}(curl|lftp|nft|ip6?tables|firewall-cmd|ufw) /.test(line))).toEqual([]);
    expect(advice).not.toMatch(/ \n|undefined|\n{4}/);
  });
});

test("clients connect to the advertised address, else to a listener's, else to one of this machine of the same family", () => {
  const entrance = (gateway: string) => {
    const [config] = configIn(`gateways: [{ route: { server: ftp }, ${gateway} }]`).gateways;
    return config && entranceOf(config, machine);
  };
  expect(entrance('listen: ":21", clientSide: { advertise: 203.0.113.7 }')).toEqual({ host: "203.0.113.7", port: 21 });
  expect(entrance('listen: ["192.0.2.1:2121"]')).toEqual({ host: "192.0.2.1", port: 2121 });
  expect(entrance('listen: ["0.0.0.0:2121"]')).toEqual({ host: "192.0.2.10", port: 2121 });
  expect(entrance('listen: ["[::]:21"]')).toEqual({ host: "2001:db8::10", port: 21 });
  const both = 'listen: ["0.0.0.0:21", "[::]:2121"], clientSide: { advertise: "2001:db8::7" }';
  expect(entrance(both)).toEqual({ host: "2001:db8::7", port: 2121 });
});

const anyPort = { address: "127.0.0.1", port: 0 };
const loopbackServer = { address: "127.0.7.21", port: 21 };

async function isInstalled(program: string): Promise<boolean> {
  return run(program, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** Runs every printed command line of the client through a gateway that is there; `files` are the server's then. */
async function runPrinted(client: string, listen: Endpoint, route: (server: string) => object) {
  const server = await startFtpServer({ listen, files: { "readme.txt": Buffer.from("read me") } });
  onTestFinished(() => server.stop());
  const gateway = {
    name: "one",
    listen: ["127.0.0.1:0"],
    route: route(formatEndpoint(server.endpoint)),
    dataPlane: "relay",
  };
  const endpoint = String((await spawnGateway([gateway]).logged("listening"))["endpoint"]);
  const advice = formatAdvice(configIn(JSON.stringify({ gateways: [{ ...gateway, listen: [endpoint] }] })), []);
  const lines = advice.split("\n").filter((line) => line.trim().startsWith(`${client} `));
  // Where the program would ask for the password, the test has nobody to type it.
  const password = client === "lftp" ? ",secret" : ":secret";
  for (const line of lines) {
    const typed = line
      .replace("@ftp.example.com", `@${listen.address}`)
      .replace(/NAME(@[\d.]+)?/, (name) => name.replace("NAME", "anna") + password)
      .replace("FILE", temporaryFile("upload.txt", "up"));
    const { stdout } = await run("bash", ["-c", typed.trim()]);
    if (!line.includes("--upload-file")) expect(stdout, typed).toContain("readme.txt");
  }
  return { ran: lines.length, files: [...server.files.keys()] };
}

describe.each(["curl", "lftp"])("the command lines for %s", (client) => {
  test("work through a gateway with one server, in passive and active mode, up and down", async ({ skip }) => {
    if (!(await isInstalled(client))) skip(`${client} is not installed`);
    const { ran, files } = await runPrinted(client, anyPort, (server) => ({ server }));
    expect(ran).toBe(client === "curl" ? 3 : 2);
    if (client === "curl") expect(files).toContain("upload.txt");
  });

  test("work through a gateway that reads the server from the login", async ({ skip }) => {
    if (!(await isInstalled(client))) skip(`${client} is not installed`);
    if (process.getuid?.() !== 0) skip("only root has port 21, which stands in no login");
    const { ran } = await runPrinted(client, loopbackServer, () => ({ login: { allow: ["127.0.0.0/8"] } }));
    expect(ran).toBe(1);
  });
});
