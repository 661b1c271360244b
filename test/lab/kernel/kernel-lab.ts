// The lab of the kernel plane's tests: client, edge and server namespaces with one process in each, that is talked to.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";
import type { PinholeEvent } from "../../../src/dataplane/pinhole.ts";
import { createLab, type Lab } from "../lab.ts";
import { program } from "../programs.ts";
import { addresses, shortPlace, type EdgeKind, type Family, type Place } from "../topology.ts";
import type { EdgeCommand, EdgeOptions, EdgeRequest } from "./edge-process.ts";
import type { PeerCommand, PeerEvent } from "./peer-process.ts";

type Line = Record<string, unknown>;

/** A process that answers each command by its tag, and tells of other things in between. */
export type Conversation<Command> = {
  readonly pid: number;
  /** Everything it has told unasked. */
  readonly told: Line[];
  ask(command: Command): Promise<Line>;
  /** The first line told that fits, when it has come. */
  line(fits: (line: Line) => boolean, what: string): Promise<Line>;
  /** The same, for as long as it takes; never, if the process ends before. */
  once(fits: (line: Line) => boolean): Promise<Line>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
  readonly complaints: () => string;
};

const patienceMs = 15_000;

export async function converse<Command extends object>(
  lab: Lab,
  place: Place,
  script: string,
  args: readonly string[] = [],
  wrapper: readonly string[] = [],
): Promise<Conversation<Command> & { readonly greeting: Line }> {
  const { env, path: nft } = await program("nft");
  const file = path.join(import.meta.dirname, script);
  const command = ["netns", "exec", `${lab.name}-${shortPlace[place]}`, ...wrapper, process.execPath, file, ...args];
  const child = spawn("ip", command, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env, PATH: `${path.dirname(nft)}:${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  const told: Line[] = [];
  const answers = new Map<number, (line: Line) => void>();
  const watchers = new Set<() => void>();
  let complaints = "";
  let isOver = false;
  let lastTag = 0;
  const ended = once(child, "close").then(() => {
    isOver = true;
    for (const answer of [...answers.values()]) answer({ ended: true });
    for (const look of [...watchers]) look();
  });
  child.stdin.on("error", () => {});
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const greeted = answerTo(0);
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Line;
    const answer = answers.get(line["tag"] as number);
    if (answer) return answer(line);
    told.push(line);
    for (const look of [...watchers]) look();
  });

  function answerTo(tag: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${script} does not answer: ${complaints}`)), patienceMs);
      answers.set(tag, (line) => {
        clearTimeout(timer);
        answers.delete(tag);
        if ("ended" in line) reject(new Error(`${script} has ended: ${complaints}`));
        else resolve(line);
      });
    });
  }

  return {
    greeting: await greeted,
    pid: child.pid ?? -1,
    told,
    ask(given) {
      const tag = ++lastTag;
      child.stdin.write(`${JSON.stringify({ tag, ...given })}\n`);
      return answerTo(tag);
    },
    line(fits, what) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          act();
        };
        const fail = (why: string) =>
          settle(() =>
            reject(
              new Error(
                `${why} before ${what}:\n${told.map((line) => JSON.stringify(line)).join("\n")}\n${complaints}`,
              ),
            ),
          );
        const timer = setTimeout(() => fail("time over"), patienceMs);
        const look = () => {
          const found = told.find(fits);
          if (found) settle(() => resolve(found));
          else if (isOver) fail("the process ended");
        };
        watchers.add(look);
        look();
      });
    },
    once(fits) {
      return new Promise((resolve) => {
        const look = () => {
          const found = told.find(fits);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      });
    },
    kill: (signal) => void child.kill(signal),
    ended,
    complaints: () => complaints,
  };
}

type PeerEventKind = "connected" | "failed" | "ended";
type PeerEventOf<K extends PeerEventKind> = Extract<PeerEvent, Record<K, unknown>>;

export type Peer = Omit<Conversation<PeerCommand>, "once"> & {
  /** The connection with that number: `connected`, `failed` or how it ended. */
  event<K extends PeerEventKind>(id: number, kind: K): Promise<PeerEventOf<K>>;
  /** The same, for as long as it takes. */
  once<K extends PeerEventKind>(id: number, kind: K): Promise<PeerEventOf<K>>;
};

async function startPeer(lab: Lab, place: Place): Promise<Peer> {
  const conversation = await converse<PeerCommand>(lab, place, "peer-process.ts");
  return {
    ...conversation,
    once: async (id, kind) => (await conversation.once((line) => line["id"] === id && kind in line)) as never,
    event: async (id, kind) =>
      (await conversation.line((line) => line["id"] === id && kind in line, `${kind} of ${id}`)) as never,
  };
}

export type Edge = Conversation<EdgeCommand> & {
  event<K extends PinholeEvent["kind"]>(id: number, kind: K): Promise<Extract<PinholeEvent, { kind: K }>>;
  /** Kinds of events so far, in order. */
  kinds(id: number): string[];
};

export type KernelLab = {
  readonly lab: Lab;
  readonly client: Peer;
  readonly server: Peer;
  startEdge(options?: Partial<EdgeOptions>, wrapper?: readonly string[]): Promise<Edge>;
  /** What it says instead of starting. */
  whyUnavailable(options?: Partial<EdgeOptions>, wrapper?: readonly string[]): Promise<string>;
  /** Runs a program on the edge, and gives what it prints. */
  edgeOutput(...command: string[]): Promise<string>;
  /** Connections that bear that mark, as conntrack prints them. */
  tracked(mark: string): Promise<string[]>;
  /** Ends what was started on the edge, the hard way, and takes away what that leaves. */
  clearEdge(): Promise<void>;
  remove(): Promise<void>;
};

const eventOf = (line: Line, id: number) =>
  line["id"] === id ? (line["event"] as PinholeEvent | undefined) : undefined;

export async function createKernelLab(kind: EdgeKind = "open"): Promise<KernelLab> {
  const lab = await createLab({ edge: kind });
  const started: Conversation<EdgeCommand>[] = [];
  const start = async (options: Partial<EdgeOptions> = {}, wrapper: readonly string[] = []) => {
    const all = { ports: [50_000, 59_999], restMs: 60_000, ...options };
    const edge = await converse<EdgeCommand>(lab, "edge", "edge-process.ts", [JSON.stringify(all)], wrapper);
    started.push(edge);
    return edge;
  };
  return {
    lab,
    async clearEdge() {
      for (const process of started.splice(0)) {
        process.kill("SIGKILL");
        await process.ended;
      }
      const listed = await lab.run("edge", ["nft", "list", "tables"]);
      const names = [...listed.stdout.toString().matchAll(/^table inet (ftp_\w+)$/gm)].map(([, name]) => name ?? "");
      for (const name of names) await lab.run("edge", ["nft", "delete", "table", "inet", name]);
    },
    client: await startPeer(lab, "client"),
    server: await startPeer(lab, "server"),
    async startEdge(options, wrapper) {
      const conversation = await start(options, wrapper);
      if ("unavailable" in conversation.greeting) throw new Error(String(conversation.greeting["unavailable"]));
      return {
        ...conversation,
        event: async (id, wanted) =>
          eventOf(
            await conversation.line((line) => eventOf(line, id)?.kind === wanted, `${wanted} of ${id}`),
            id,
          ) as never,
        kinds: (id) => conversation.told.flatMap((line) => eventOf(line, id)?.kind ?? []),
      };
    },
    async whyUnavailable(options, wrapper) {
      const { greeting } = await start(options, wrapper);
      return String(greeting["unavailable"]);
    },
    async tracked(mark) {
      const { path: conntrack, env } = await program("conntrack");
      const done = await lab.run("edge", [conntrack, "-L", "--mark", mark], { env });
      return done.stdout
        .toString()
        .split("\n")
        .filter((line) => line.includes("mark="));
    },
    async edgeOutput(...command) {
      const done = await lab.run("edge", command);
      if (done.status !== 0) throw new Error(`${command.join(" ")}: ${done.stderr.toString()}`);
      return done.stdout.toString();
    },
    remove: () => lab.remove(),
  };
}

const times = { expiryMs: 20_000, connectMs: 5000, stallMs: 20_000 };

/** The client dials the edge, the edge the server. */
export function passiveRequest(family: Family, serverPort: number, changed: Partial<EdgeRequest> = {}): EdgeRequest {
  return {
    client: {
      kind: "listen",
      bind: addresses.edgeToClient[family],
      expect: { match: "address", address: addresses.client[family] },
    },
    server: {
      kind: "dial",
      to: { address: addresses.server[family], port: serverPort },
      bind: addresses.edgeToServer[family],
    },
    ...times,
    ...changed,
  };
}

/** The server dials the edge, the edge the client. */
export function activeRequest(family: Family, clientPort: number, changed: Partial<EdgeRequest> = {}): EdgeRequest {
  return {
    client: {
      kind: "dial",
      to: { address: addresses.client[family], port: clientPort },
      bind: addresses.edgeToClient[family],
      fromPort: 20,
    },
    server: {
      kind: "listen",
      bind: addresses.edgeToServer[family],
      expect: { match: "address", address: addresses.server[family] },
    },
    ...times,
    ...changed,
  };
}
