// The package as a stranger gets it: packed, installed into an empty folder, run from plain JavaScript. Node strips no
// types inside node_modules, so this is the only place where the built form is what runs.
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startFtpServer } from "../src/demo/ftp-server.ts";
import { openDialogue, readAll } from "./gateway/ftp-dialogue.ts";
import { passive } from "./gateway/stage.ts";
import { makeCertificate } from "./tls/made-certificate.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "ftp-alg-package-"));
const source = join(folder, "source");
const installed = join(folder, "installed");
const limitMs = 180_000;
let tarball = "";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** As in a bare shell: nothing of the npm that runs this test, and the PATH given. */
function environment(path: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  return { ...Object.fromEntries(others), PATH: path, NODE_OPTIONS: "" };
}

const pathOfTest = process.env["PATH"] ?? "";
const machinePath = pathOfTest.split(delimiter).filter((entry) => !entry.includes("node_modules"));
const npmEnvironment = environment([dirname(process.execPath), ...machinePath].join(delimiter));

/** The Node that runs this test, and the machine's own where it is another that the package supports. */
function findNodes(): { name: string; path: string }[] {
  const nodes = [{ name: process.version, path: [dirname(process.execPath), ...machinePath].join(delimiter) }];
  const own = machinePath.find((entry) => existsSync(join(entry, "node")));
  if (own !== undefined) {
    const name = execFileSync(join(own, "node"), ["--version"], { encoding: "utf8" }).trim();
    if (name !== process.version && Number(/^v(\d+)/.exec(name)?.[1]) >= 20) {
      nodes.push({ name, path: machinePath.join(delimiter) });
    }
  }
  return nodes;
}

// The build goes on in a copy: another run may be using this tree.
beforeAll(async () => {
  mkdirSync(source);
  mkdirSync(installed);
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  for (const name of ["package.json", "tsconfig.json", "tsconfig.build.json", "src", ...files]) {
    if (name !== "dist" && existsSync(join(root, name)))
      cpSync(join(root, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(source, "node_modules"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: source, env: npmEnvironment });
  tarball = join(folder, `ftp-alg-${version}.tgz`);
  const flags = ["--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...flags, tarball], { cwd: installed, env: npmEnvironment });
}, limitMs);

afterAll(() => rmSync(folder, { recursive: true, force: true }), limitMs);

test("the tarball holds what runs and what explains it, nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const names = stdout.trim().split("\n");
  const tops = new Set(names.map((name) => name.split("/")[1]));
  expect([...tops].filter((top) => top !== undefined).toSorted()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "deploy",
    "dist",
    "package.json",
  ]);
  expect(names.filter((name) => name.startsWith("package/dist/") && !/\.js$|\.d\.ts$/.test(name))).toEqual([]);
});

test("what is installed beside it needs no compiler and none of the development tools", () => {
  const packages = readdirSync(join(installed, "node_modules"));
  expect(packages).toContain("ftp-alg");
  for (const tool of ["typescript", "vitest", "oxlint", "node"]) expect(packages).not.toContain(tool);
});

/** The examples of other programs that import the package, beside where it is installed. */
const embedding = join(root, "deploy/embedding");
const programs = readdirSync(embedding);

test("what the package exports has types, and the examples that import it pass the type checker", async () => {
  for (const name of programs) cpSync(join(embedding, name), join(installed, name));
  writeFileSync(join(installed, "wrong.mts"), wrongUses);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const flags = ["--noEmit", "--strict", "--allowJs", "--module", "nodenext", "--target", "es2022", ...types];
  const { stdout, code } = await run(process.execPath, [compiler, ...flags, ...programs, "wrong.mts"], {
    cwd: installed,
    env: npmEnvironment,
  }).then(
    () => ({ stdout: "", code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  expect(stdout.match(/^\S+: error TS\d+: .*$/gm)?.map((line) => line.replace(/: .*/, ""))).toEqual([
    "wrong.mts(4,52)",
    "wrong.mts(6,36)",
    "wrong.mts(8,22)",
  ]);
  expect(code).not.toBe(0);
}, 60_000);

/** A key that there is none of, an event that there is none of, and an export that is none: each is a mistake to the compiler. */
const wrongUses = `
import { createGateway } from "ftp-alg";
import { parse227 } from "ftp-alg/ftp";
const gateway = await createGateway({ gateways: [{ listn: "127.0.0.1:0", listen: "127.0.0.1:0", route: {} }] });
gateway.events.on("session-started", ({ client }) => client.toUpperCase());
gateway.events.on("session-begun", () => {});
parse227("");
import { demo } from "ftp-alg/demo";
`;

describe.each(findNodes())("with Node $name", ({ path }) => {
  const command = join(installed, "node_modules", ".bin", "ftp-alg");
  const options = { cwd: installed, env: environment(path), timeout: limitMs };

  test("ftp-alg --version prints the version of the package", async () => {
    expect(await run(command, ["--version"], options)).toEqual({ stdout: `${version}\n`, stderr: "" });
  });

  test("a program that embeds a gateway serves a session, tells of it, and ends by itself", async () => {
    const files = { "a.txt": Buffer.from("a file") };
    const server = await startFtpServer({
      ...{ listen: { address: "127.0.0.1", port: 0 }, announce: "127.0.0.1", greeting: "ready", files },
    });
    cpSync(join(embedding, "gateway.mjs"), join(installed, "gateway.mjs"));
    const program = spawn("node", ["gateway.mjs", `127.0.0.1:${server.endpoint.port}`], {
      ...{ cwd: installed, env: environment(path), stdio: ["ignore", "pipe", "inherit"], timeout: limitMs },
    });
    try {
      let printed = "";
      program.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      await vi.waitFor(() => expect(printed).toContain("embedded listens at"), { timeout: 30_000 });
      const client = await openDialogue(Number(/127\.0\.0\.1:(\d+)/.exec(printed)?.[1]));
      await client.reply();
      await client.ask("USER demo");
      await client.ask("PASS demo");
      const data = await passive(client);
      client.write("RETR a.txt\r\n");
      expect((await readAll(data)).bytes.toString()).toBe("a file");
      data.end();
      while (!(await client.reply()).startsWith("226"));
      await client.ask("QUIT");
      await client.rest();
      await vi.waitFor(() => expect(printed).toContain("RETR a.txt, 6 bytes, complete"), { timeout: 30_000 });
      program.kill("SIGTERM");
      const [code] = await once(program, "exit");
      expect(code).toBe(0);
      expect(printed).toContain("1 sessions ended with QUIT");
    } finally {
      program.kill("SIGKILL");
      await server.stop();
    }
  }, 120_000);

  test("a program may play a session without a socket", async () => {
    cpSync(join(embedding, "session.mjs"), join(installed, "session.mjs"));
    const { stdout } = await run("node", ["session.mjs"], options);
    expect(stdout).toContain("S> 227 Entering Passive Mode (10,0,0,5,200,10)\n");
    expect(stdout).toContain("     >C 227 Entering Passive Mode (192,0,2,1,195,90)\n");
    expect(stdout).not.toContain("secret");
  });

  test("ftp-alg demo verifies every transfer and ends by itself", { timeout: limitMs }, async () => {
    const { stdout, stderr } = await run(command, ["demo"], options);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^(\d+) transfers, \1 verified$/m);
  });

  test("the page is there with all that it loads", { timeout: limitMs }, async () => {
    const demo = spawn(command, ["demo", "--stay"], { ...options, stdio: ["ignore", "pipe", "inherit"] });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let text = "";
        demo.once("exit", () => reject(new Error(text)));
        demo.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          const [, found] = /In a browser: (http:\S+)\//.exec(text) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      const page = await (await fetch(`${url}/`)).text();
      expect(page).toContain('id="gateway-demo"');
      const loaded = [...page.matchAll(/"(\/page\/[^"]+)"/g)].map(([, asset = ""]) => asset);
      expect(loaded).toHaveLength(4);
      for (const asset of loaded) expect((await fetch(url + asset)).status, asset).toBe(200);
    } finally {
      demo.kill();
      await once(demo, "exit");
    }
  });

  /** The example with a certificate that is there: `check` reads it. */
  function withCertificate(example: string): string {
    const { certFile, keyFile } = makeCertificate();
    const text = readFileSync(example, "utf8");
    const copy = join(dirname(certFile), "example.yml");
    writeFileSync(copy, text.replace("/etc/ftp-alg/fullchain.pem", certFile).replace("/etc/ftp-alg/key.pem", keyFile));
    return copy;
  }

  test("the examples that come with it pass its own check", { timeout: limitMs }, async () => {
    const examples = join(installed, "node_modules", "ftp-alg", "deploy", "config");
    for (const name of readdirSync(examples)) {
      const { stdout } = await run(command, ["check", "--config", withCertificate(join(examples, name))], options);
      expect(stdout, name).toContain(": ok");
    }
  });
});
