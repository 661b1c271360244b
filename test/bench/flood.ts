// Flood: what one hostile client costs all others. Connections send line ends as fast as they can; meanwhile a session that is logged in says NOOP, and newcomers wait for their greeting. By hand:
//   node test/bench/flood.ts [--program FILE]... [--connections N] [--seconds N] [--login] [--again]
// Each program (a main.ts, by default this tree's) is measured in the same run, and prints one line of figures.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    program: { type: "string", multiple: true, default: [resolve(import.meta.dirname, "../../src/main.ts")] },
    connections: { type: "string", default: "60" },
    seconds: { type: "string", default: "5" },
    /** The flood begins behind a login. */
    login: { type: "boolean", default: false },
    /** Who was thrown out comes back. */
    again: { type: "boolean", default: false },
    /** In a process of its own, so that the measurement is not its victim: the flood itself, towards this port. */
    towards: { type: "string" },
  },
});

/** Says 230 to USER, 220 to begin with and 200 to all else. */
function startServer(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).write("220 ready\r\n");
    socket.setEncoding("latin1").on("data", (text: string) => {
      const lines = text.split("\n").slice(0, -1);
      socket.write(lines.map((line) => (line.startsWith("USER") ? "230 in\r\n" : "200 ok\r\n")).join(""));
    });
  });
  return new Promise((resolved) => void server.listen(0, "127.0.0.1", () => resolved(server)));
}

async function startProgram(program: string, serverPort: number) {
  const folder = await mkdtemp(join(tmpdir(), "flood-"));
  const file = join(folder, "config.yml");
  const gateway = {
    listen: ["127.0.0.1:0"],
    route: { server: `127.0.0.1:${serverPort}` },
    limits: { sessions: 10_000, sessionsPerClient: 10_000 },
  };
  await writeFile(file, JSON.stringify({ gateways: [gateway] }));
  const child = spawn(process.execPath, [program, "run", "--config", file], { stdio: ["ignore", "pipe", "inherit"] });
  let log = 0;
  let text = "";
  const port = await new Promise<number>((found, failed) => {
    child.once("exit", (code) => failed(new Error(`${program} ended with ${code}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      log += chunk.length;
      if (text.length < 10_000) text += chunk.toString();
      const match = /"endpoint":"127\.0\.0\.1:(\d+)"/.exec(text);
      if (match) found(Number(match[1]));
    });
  });
  return { child, port, logBytes: () => log };
}

async function rssOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

function flood(port: number, until: AbortSignal, count: (bytes: number) => void): void {
  if (until.aborted) return;
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  const piece = Buffer.alloc(4096, "\n");
  let counted = 0;
  const push = () => {
    while (!until.aborted && socket.writable && socket.write(piece));
  };
  socket.on("drain", push).resume();
  socket.on("connect", () => {
    if (values.login) socket.write("USER u\r\n");
    push();
  });
  const settle = () => {
    count(socket.bytesWritten - socket.writableLength - counted);
    counted = socket.bytesWritten - socket.writableLength;
  };
  const timer = setInterval(settle, 100);
  until.addEventListener("abort", () => socket.destroy());
  socket.on("end", () => socket.destroy());
  socket.on("close", () => {
    settle();
    clearInterval(timer);
    if (values.again) setTimeout(() => flood(port, until, count), 20);
  });
}

/** Says how many bytes it has sent when its input ends. */
function floodUntilTold(port: number): void {
  const over = new AbortController();
  let sent = 0;
  for (let n = 0; n < Number(values.connections); n += 1) flood(port, over.signal, (bytes) => (sent += bytes));
  process.stdin.resume().on("end", () => {
    over.abort();
    setTimeout(() => {
      process.stdout.write(String(sent), () => process.exit(0));
    }, 200);
  });
}

function startFlood(port: number) {
  const args = [import.meta.filename, "--towards", String(port), "--connections", values.connections];
  if (values.login) args.push("--login");
  if (values.again) args.push("--again");
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  return {
    async end(): Promise<number> {
      child.stdin.end();
      const [sent] = (await once(child.stdout, "data")) as [Buffer];
      return Number(sent.toString());
    },
  };
}

async function lineOf(socket: Socket): Promise<void> {
  await once(socket, "data");
}

async function measure(program: string): Promise<string> {
  const server = await startServer();
  const { child, port, logBytes } = await startProgram(program, (server.address() as AddressInfo).port);
  const other = connect(port, "127.0.0.1").setNoDelay(true);
  await lineOf(other);
  other.write("USER u\r\n");
  await lineOf(other);
  await sleep(500);
  const before = { rss: await rssOf(child), log: logBytes() };
  const flooding = startFlood(port);
  const noops: number[] = [];
  const greetings: number[] = [];
  let rss = before.rss;
  const end = performance.now() + 1000 * Number(values.seconds);
  while (performance.now() < end) {
    let at = performance.now();
    other.write("NOOP\r\n");
    await Promise.race([lineOf(other), sleep(60_000)]);
    noops.push(performance.now() - at);
    if (noops.length % 10 === 1) {
      at = performance.now();
      const newcomer = connect(port, "127.0.0.1").on("error", () => {});
      await Promise.race([lineOf(newcomer), sleep(60_000)]);
      greetings.push(performance.now() - at);
      newcomer.destroy();
      rss = Math.max(rss, await rssOf(child));
    }
    await sleep(5);
  }
  const sent = await flooding.end();
  await sleep(500);
  rss = Math.max(rss, await rssOf(child));
  const log = logBytes() - before.log;
  child.kill("SIGKILL");
  other.destroy();
  server.close();
  const p99 = noops.toSorted((a, b) => a - b)[Math.floor(noops.length * 0.99)] ?? NaN;
  return [
    `NOOP p99 ${p99.toFixed(1)} ms of ${noops.length}`,
    `greeted within ${Math.max(...greetings).toFixed(1)} ms of ${greetings.length}`,
    `RSS +${(rss - before.rss).toFixed(1)} MiB`,
    `${(log / sent).toFixed(3)} bytes of log for each of ${(sent / 1e6).toFixed(1)} MB`,
  ].join(", ");
}

if (values.towards !== undefined) floodUntilTold(Number(values.towards));
else {
  for (const program of values.program) console.log(`${program}: ${await measure(program)}`);
  process.exit(0);
}
