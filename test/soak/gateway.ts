// The gateway under soak: the program as a process of its own in front of a server of ours, on loopback or in a lab, and what it
// holds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isPattern, patternAt } from "../dataplane/pattern.ts";
import { type FakeServer, type Script, startFakeServer } from "../gateway/fake-server.ts";

export const main = path.resolve(import.meta.dirname, "../../src/main.ts");

export type Holdings = {
  /** But those of pipes, some of which the data plane splice keeps for the next transfers. */
  readonly descriptors: number;
  readonly pipeEnds: number;
  readonly dataPorts: number;
  readonly sessions: number;
  readonly pinholes: number;
  /** Of the event loop: what keeps Node awake. */
  readonly timers: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
};

/** Where a gateway is; it may be told to another process. */
export type Site = {
  /** Where clients connect to. */
  readonly host: string;
  readonly port: number;
  /** Where its metrics are. */
  readonly admin: string;
  readonly pid: number;
  /** Where its probe writes. */
  readonly told: string;
};

export type SoakGateway = {
  readonly site: Site;
  /** After a garbage collection. */
  holdings(): Promise<Holdings>;
  residentBytes(): Promise<number>;
  /** Of a processor, so far. */
  cpuSeconds(): Promise<number>;
  /** How late the gateway's event loop was, of the time since it was asked last. */
  lagP99Ms(): Promise<number>;
  /** How many transfers each data plane has carried. */
  carried(): Promise<ReadonlyMap<string, number>>;
};

/** `stop` gives the exit code, once it has drained. */
export type StartedGateway = { readonly gateway: SoakGateway; stop(): Promise<number | string | null> };

/** So many bytes of the pattern. */
export function patternOf(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < size; at += parts.at(-1)?.length ?? 0) parts.push(patternAt(at, size - at));
  return Buffer.concat(parts);
}

/** Checks what is uploaded; the name of a file that is downloaded is its size. */
export const startSoakServer = (host: string, port = 0): Promise<FakeServer> =>
  startFakeServer(soakScript(host), { host, port, dialsAnnounced: true });

const soakScript = (host: string): Script => ({
  async PASV(session) {
    const port = await session.listen();
    session.say(`227 Entering Passive Mode (${host.replaceAll(".", ",")},${port >> 8},${port & 255})`);
  },
  async RETR(session, size) {
    session.say("150 Here it comes");
    const data = await session.data();
    // Else the end of the client's direction would not be seen.
    data.resume();
    data.end(patternOf(Number(size)));
    // A client that resets is the hostile soak's everyday; `once` rejects with what the socket says.
    const isWhole = await once(data, "close").then(
      () => true,
      () => false,
    );
    session.say(isWhole ? "226 Done" : "426 Broken");
  },
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

/** On SIGCONT it collects garbage and writes what is left, one line of JSON for each time. */
const probe = (file: string): string => `
  process.on("SIGCONT", () => {
    for (let time = 0; time < 3; time++) globalThis.gc();
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    require("node:fs").appendFileSync(${JSON.stringify(file)}, JSON.stringify({ timers, heapBytes: process.memoryUsage().heapUsed }) + "\\n");
  });`;

/** No limit for one client is met, whatever its address. */
const limits = {
  sessions: 100_000,
  sessionsPerClient: 100_000,
  preLogin: "100%",
  connectsPerSecond: { rate: 1_000_000 },
  commandsPerSecond: { rate: 1_000_000 },
  pinholesPerClient: 100_000,
};

export type SoakSettings = {
  readonly listen: string;
  readonly server: string;
  readonly admin: string;
  readonly dataPlane: string;
  readonly sections: SoakSections;
};

/** Of the configuration, what a soak sets in its own way. */
export type SoakSections = { readonly timeouts?: object; readonly history?: object };

/** Writes what such a gateway is started with into the folder, and gives the command. */
export async function prepareGateway(
  folder: string,
  settings: SoakSettings,
): Promise<{ command: string[]; told: string }> {
  const { listen, server, admin, dataPlane, sections } = settings;
  const { timeouts = {}, history = {} } = sections;
  const config = {
    log: { level: "error", format: "json" },
    admin: { listen: admin, open: true },
    history,
    gateways: [{ listen: [listen], route: { server }, dataPlane, limits, timeouts }],
  };
  const files = {
    config: path.join(folder, "config.yml"),
    hook: path.join(folder, "probe.cjs"),
    told: path.join(folder, "told"),
  };
  await writeFile(files.config, JSON.stringify(config));
  await writeFile(files.hook, probe(files.told));
  await writeFile(files.told, "");
  return {
    command: [process.execPath, "--expose-gc", "--require", files.hook, main, "run", "--config", files.config],
    told: files.told,
  };
}

/** On loopback. */
export async function startSoakGateway(
  port: number,
  dataPlane: string,
  sections: SoakSections,
): Promise<StartedGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-soak-"));
  const host = "127.0.0.1";
  const server = await startSoakServer(host);
  const admin = `${host}:${port + 1}`;
  const settings = { listen: `${host}:${port}`, server: `${host}:${server.port}`, admin, dataPlane, sections };
  const { command, told } = await prepareGateway(folder, settings);
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    gateway: await watchGateway({ host, port, admin, pid: child.pid ?? 0, told }),
    async stop() {
      child.kill("SIGTERM");
      const code = await ended;
      server.stop();
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

/** Resolves once it answers. */
export async function watchGateway(site: Site): Promise<SoakGateway> {
  const { admin, pid, told: toldFile } = site;
  const scrape = async (): Promise<string> => await (await fetch(`http://${admin}/metrics`)).text();
  const residentBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  };

  async function collected(): Promise<{ timers: number; heapBytes: number }> {
    const before = await readFile(toldFile, "utf8");
    process.kill(pid, "SIGCONT");
    for (;;) {
      await sleep(20);
      const told = (await readFile(toldFile, "utf8")).slice(before.length);
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
    site,
    residentBytes,
    cpuSeconds: async () => valueOf(await scrape(), "process_cpu_seconds_total"),
    lagP99Ms: async () => valueOf(await scrape(), "nodejs_eventloop_lag_p99_seconds") * 1000,
    async holdings() {
      const text = await scrape();
      const kinds = await descriptorsOf(pid);
      const pipeEnds = kinds.filter((kind) => kind.startsWith("pipe:")).length;
      const sum = (sample: RegExp): number =>
        [...text.matchAll(sample)].reduce((total, [, value]) => total + Number(value), 0);
      return {
        descriptors: kinds.length - pipeEnds,
        pipeEnds,
        dataPorts: sum(/^ftp_alg_data_ports\{[^}]*state="open"[^}]*\} (\d+)$/gm),
        sessions: sum(/^ftp_alg_sessions_active\{[^}]*\} (\d+)$/gm),
        pinholes: sum(/^ftp_alg_pinholes_active\{[^}]*\} (\d+)$/gm),
        ...(await collected()),
        residentBytes: await residentBytes(),
      };
    },
    async carried() {
      const samples = (await scrape()).matchAll(/^ftp_alg_transfers_total\{[^}]*plane="(\w+)"[^}]*\} (\d+)$/gm);
      const counts = new Map<string, number>();
      for (const [, plane = "", count] of samples) counts.set(plane, (counts.get(plane) ?? 0) + Number(count));
      return counts;
    },
  };
}

/** What each descriptor of a process is, as `pipe:[4711]`. */
async function descriptorsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder);
  // One that was closed meanwhile is none.
  return (await Promise.all(names.map((name) => readlink(path.join(folder, name)).catch(() => "")))).filter(Boolean);
}

/** A loopback address of its own for each number. */
export const clientAddress = (number: number): string => `127.1.${(number >> 8) & 255}.${number & 255}`;
