import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err };
}

test("--version prints the version of the package", async () => {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

test("--help goes to standard output with code 0", async () => {
  const { code, out, err } = await run("--help");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("Usage: ftp-alg");
});

test("wrong usage goes to standard error with code 2", async () => {
  const { code, out, err } = await run("run", "--listen", "127.0.0.1:0");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("run needs either --config, or --listen and --server");
});

test("check ends with 2 for a wrong file, and a wrong configuration starts nothing", async () => {
  const file = fileURLToPath(new URL("config/invalid/tls-terminate.yml", import.meta.url));
  const problem = `gateways[0].policy.tls: needs a certificate in tls.certificates or clientSide.tls.certificates (${file}:4:20)\n`;
  expect(await run("check", "--config", file)).toEqual({ code: 2, out: problem, err: "" });
  expect(await run("run", "--config", file)).toEqual({ code: 2, out: "", err: problem });
});

test("a reader that has gone is no crash", async () => {
  const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

test("attack: SIGUSR1 opens no inspector in a running gateway, and ends nothing", async () => {
  const child = spawn(process.execPath, [main, "run", "--listen", "127.0.0.1:0", "--server", "127.0.0.1:9"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  child.kill("SIGUSR1");
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect({ err, exitCode: child.exitCode }).toEqual({ err: "", exitCode: null });
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

/** A gateway to which SIGUSR1 comes before the first line of it has run, and what it has said when it listens. */
async function signalledEarly(nodeOptions: string): Promise<{ err: string; stop(): Promise<unknown> }> {
  const signal = 'data:text/javascript,process.kill(process.pid,"SIGUSR1")';
  const gateway = [main, "run", "--listen", "127.0.0.1:0", "--server", "127.0.0.1:9"];
  const child = spawn(process.execPath, ["--import", signal, ...gateway], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.on("close", resolve));
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  await Promise.race([new Promise<void>((resolve) => child.stdout.once("data", () => resolve())), ended]);
  return {
    err,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

test("attack: an inspector that SIGUSR1 opened before the gateway heard signals is closed again", async () => {
  const { err, stop } = await signalledEarly("--inspect-port=0");
  const [, port] = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(err) ?? [];
  expect(port).toBeDefined();
  const answer = () =>
    fetch(`http://127.0.0.1:${port}/json`).then(
      ({ status }) => status,
      () => "closed",
    );
  await expect.poll(answer).toBe("closed");
  expect(await stop()).toBe(0);
});

test.each([
  ["systemd/ftp-alg.service", /^Environment=NODE_OPTIONS=(.+)$/m],
  ["container/Dockerfile", /^ENV NODE_OPTIONS=(.+)$/m],
])("attack: as deploy/%s starts it, SIGUSR1 opens no inspector at any time", async (file, line) => {
  const text = await readFile(new URL(`../deploy/${file}`, import.meta.url), "utf8");
  const { err, stop } = await signalledEarly(line.exec(text)?.[1] ?? "");
  expect(err).toMatch(/Starting inspector on \S+ failed: address not available/);
  expect(err).not.toContain("Debugger listening");
  expect(await stop()).toBe(0);
});

test("SIGTERM ends a running gateway with code 0, and the port that was taken is in its log", async () => {
  const child = spawn(process.execPath, [main, "run", "--listen", "127.0.0.1:0", "--server", "127.0.0.1:9"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  let out = "";
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (text) => {
      out += text;
      if (/"msg":"listening".*\n/.test(out)) resolve();
    });
    child.on("close", () => resolve());
  });
  const line = out.split("\n").find((text) => text.includes('"msg":"listening"'));
  expect(JSON.parse(line ?? "")).toMatchObject({
    endpoint: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
  });
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, signal: null });
});
