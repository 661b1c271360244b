// The gateway under soak: the program as a process of its own in front of a server of ours on loopback, and what it holds.
import { spawn } from "node:child_process";
import { readdir, readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isPattern, patternAt } from "../dataplane/pattern.ts";
import { download, type FakeServer, startFakeServer } from "../gateway/fake-server.ts";

const main = path.resolve(import.meta.dirname, "../../src/main.ts");

export type Holdings = {
  readonly descriptors: number;
  readonly dataPorts: number;
  readonly sessions: number;
  readonly pinholes: number;
  /** Of the event loop: what keeps Node awake. */
  readonly timers: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
};

export type SoakGateway = {
  readonly port: number;
  readonly server: FakeServer;
  /** After a garbage collection. */
  holdings(): Promise<Holdings>;
  residentBytes(): Promise<number>;
  /** Of a processor, so far. */
  cpuSeconds(): Promise<number>;
  /** How late the gateway's event loop was, of the time since it was asked last. */
  lagP99Ms(): Promise<number>;
  /** The exit code, once it has drained. */
  stop(): Promise<number | null>;
};

/** So many bytes of the pattern. */
export function patternOf(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < size; at += parts.at(-1)?.length ?? 0) parts.push(patternAt(at, size - at));
  return Buffer.concat(parts);
}

const startServer = (): Promise<FakeServer> =>
  startFakeServer({
    RETR: (session, size) => download(patternOf(Number(size)))(session, size),
    async STOR(session) {
      session.say("150 Go on");
      const data = await session.data();
      let bytes = 0;
      let isIntact = true;
      data.on("data", (chunk: Buffer) => {
        isIntact &&= isPattern(bytes, chunk);
        bytes += chunk.length;
      });
      data.on("end", () => {
        data.end();
        session.say(isIntact ? `226 Got ${bytes}` : "451 Other bytes than were sent");
      });
      data.on("error", () => session.say("426 Broken"));
      data.resume();
    },
  });

const valueOf = (exposition: string, sample: string): number =>
  Number(new RegExp(`^${sample} (.+)$`, "m").exec(exposition)?.[1]);

/** On SIGUSR2 it collects garbage and writes what is left, one line of JSON for each time. */
const probe = (file: string): string => `
  process.on("SIGUSR2", () => {
    for (let time = 0; time < 3; time++) globalThis.gc();
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    require("node:fs").appendFileSync(${JSON.stringify(file)}, JSON.stringify({ timers, heapBytes: process.memoryUsage().heapUsed }) + "\\n");
  });`;

export async function startSoakGateway(port: number, timeouts: object): Promise<SoakGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-soak-"));
  const server = await startServer();
  const admin = port + 1;
  const config = {
    log: { level: "error", format: "json" },
    admin: { listen: `127.0.0.1:${admin}` },
    gateways: [
      {
        listen: [`127.0.0.1:${port}`],
        route: { server: `127.0.0.1:${server.port}` },
        limits: { sessions: 20_000, sessionsPerClient: 20_000 },
        timeouts,
      },
    ],
  };
  const files = {
    config: path.join(folder, "config.yml"),
    hook: path.join(folder, "probe.cjs"),
    told: path.join(folder, "told"),
  };
  await writeFile(files.config, JSON.stringify(config));
  await writeFile(files.hook, probe(files.told));
  await writeFile(files.told, "");
  const command = ["--expose-gc", "--require", files.hook, main, "run", "--config", files.config];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const pid = child.pid ?? 0;

  const scrape = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  const residentBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  };

  async function collected(): Promise<{ timers: number; heapBytes: number }> {
    const before = await readFile(files.told, "utf8");
    child.kill("SIGUSR2");
    for (;;) {
      await sleep(20);
      const told = (await readFile(files.told, "utf8")).slice(before.length);
      if (told.endsWith("\n")) return JSON.parse(told) as { timers: number; heapBytes: number };
    }
  }

  for (let waited = 0; ; waited += 100) {
    const isThere = await scrape().then(
      () => true,
      () => false,
    );
    if (isThere) break;
    if (waited > 15_000) throw new Error("the gateway does not start");
    await sleep(100);
  }
  return {
    port,
    server,
    residentBytes,
    cpuSeconds: async () => valueOf(await scrape(), "process_cpu_seconds_total"),
    lagP99Ms: async () => valueOf(await scrape(), "nodejs_eventloop_lag_p99_seconds") * 1000,
    async holdings() {
      const text = await scrape();
      const sum = (sample: RegExp): number =>
        [...text.matchAll(sample)].reduce((total, [, value]) => total + Number(value), 0);
      return {
        descriptors: (await readdir(`/proc/${pid}/fd`)).length,
        dataPorts: sum(/^ftp_alg_data_ports\{[^}]*state="open"[^}]*\} (\d+)$/gm),
        sessions: sum(/^ftp_alg_sessions_active\{[^}]*\} (\d+)$/gm),
        pinholes: sum(/^ftp_alg_pinholes_active\{[^}]*\} (\d+)$/gm),
        ...(await collected()),
        residentBytes: await residentBytes(),
      };
    },
    async stop() {
      child.kill("SIGTERM");
      const code = await ended;
      server.stop();
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

/** A loopback address of its own for each number, so that no limit for one client is met. */
export const clientAddress = (number: number): string => `127.1.${(number >> 8) & 255}.${number & 255}`;
