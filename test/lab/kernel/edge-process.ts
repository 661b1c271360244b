// A process of its own that runs the kernel plane inside the edge's network namespace and does what it is told, one JSON
// value a line; kernel-lab.ts is the other end.
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createKernelPlane, type KernelPlaneOptions } from "../../../src/dataplane/kernel/kernel-plane.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import type { Word } from "../../dataplane/conformance/harness.ts";
import type { Leg, Pinhole, PinholeRequest } from "../../../src/dataplane/pinhole.ts";
import { createPortTable, type PortPool } from "../../../src/dataplane/port-pool.ts";

type PlainLeg = Leg extends infer L ? (L extends { kind: "listen" } ? Omit<L, "ports"> : L) : never;

export type EdgeRequest = Omit<PinholeRequest, "client" | "server"> & {
  readonly client: PlainLeg;
  readonly server: PlainLeg;
};

export type EdgeCommand =
  /** The words are said in the same turn. `hasNoPort`: from a pool whose one port is open. */
  | {
      readonly do: "open";
      readonly id: number;
      readonly request: EdgeRequest;
      readonly words?: readonly Word[];
      readonly hasNoPort?: boolean;
    }
  | { readonly do: "say"; readonly id: number; readonly words: readonly Word[] }
  | { readonly do: "linger"; readonly id: number; readonly ms: number }
  | { readonly do: "release"; readonly id: number }
  /** What has been carried so far, and how many events came while `open` or a word was being said. */
  | { readonly do: "carried"; readonly id: number }
  | { readonly do: "unfit"; readonly request: EdgeRequest }
  | { readonly do: "measure"; readonly request: EdgeRequest; readonly count: number }
  /** Does nothing else for so long, and then releases before it looks at what has come meanwhile. */
  | { readonly do: "block"; readonly ms: number; readonly release?: number }
  | { readonly do: "counts" | "drop privileges" | "stop plane" | "stop" };

export type EdgeOptions = KernelPlaneOptions & {
  readonly ports: readonly [first: number, last: number];
  readonly restMs: number;
};

const options = JSON.parse(process.argv[2] ?? "{}") as EdgeOptions;
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const pool = createPortTable({ restMs: options.restMs }).pool(options.ports[0], options.ports[1]);
const made = await createKernelPlane({ ...options, note: (level, text) => say({ note: text, level }) });
if ("unavailable" in made) {
  say({ tag: 0, ...made });
  process.exit(0);
}
const { plane } = made;
const noPort = createPortTable({ restMs: 0 }).pool(options.ports[0], options.ports[0]);
noPort.take();
const pinholes = new Map<number, Pinhole>();
/** Of each pinhole: what came during a call. */
const duringCalls = new Map<number, number>();
let isCalling = false;
/** The plane refreshes its counts at most so often. */
const refreshedAfterMs = 100;
let refreshedAt = -Infinity;
const closed = new Set<number>();
say({ tag: 0 });

const leg = (plain: PlainLeg, ports: PortPool): Leg => (plain.kind === "listen" ? { ...plain, ports } : plain);
const full = (request: EdgeRequest, ports = pool): PinholeRequest => ({
  ...request,
  client: leg(request.client, ports),
  server: leg(request.server, ports),
});

function open({ id, request, words = [], hasNoPort = false }: Extract<EdgeCommand, { do: "open" }>): void {
  isCalling = true;
  duringCalls.set(id, 0);
  const pinhole = plane.open(full(request, hasNoPort ? noPort : pool), (event) => {
    if (isCalling) duringCalls.set(id, (duringCalls.get(id) ?? 0) + 1);
    if (event.kind === "closed" || event.kind === "refused") closed.add(id);
    say({ id, event });
  });
  pinholes.set(id, pinhole);
  speak(id, words);
  isCalling = false;
}

function speak(id: number, words: readonly Word[]): void {
  const pinhole = pinholes.get(id);
  isCalling = true;
  for (const word of words) {
    if (typeof word === "string") pinhole?.[word]();
    else pinhole?.linger(word.linger);
  }
  isCalling = false;
}

async function carried(id: number): Promise<object> {
  if (!closed.has(id)) {
    // A timer may be early by a millisecond.
    await sleep(Math.max(0, refreshedAt + refreshedAfterMs + 2 - performance.now()));
    refreshedAt = performance.now();
    plane.refreshCounts();
  }
  return { carried: pinholes.get(id)?.counts(), duringCalls: duringCalls.get(id) };
}

/** Microseconds from the call to `opened`. */
async function measure(request: EdgeRequest, count: number): Promise<{ p50: number; p99: number }> {
  const micros: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const pinhole = plane.open(full(request), (event) => {
        if (event.kind === "opened") {
          micros.push((performance.now() - startedAt) * 1000);
          pinhole.release();
        } else if (event.kind === "closed") resolve();
        else reject(new Error(JSON.stringify(event)));
      });
    });
  }
  micros.sort((a, b) => a - b);
  return { p50: micros[Math.floor(count / 2)] ?? 0, p99: micros[Math.floor(count * 0.99)] ?? 0 };
}

/** Of this thread, which is the one that speaks to the kernel. */
function dropPrivileges(): boolean {
  const loaded = loadFfi();
  if (!loaded.ok) return false;
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x20080522);
  return loaded.ffi.func("int capset(void *, const void *)")(header, Buffer.alloc(24)) === 0;
}

async function obey(command: EdgeCommand): Promise<object> {
  switch (command.do) {
    case "open":
      open(command);
      return {};
    case "say":
      speak(command.id, command.words);
      return {};
    case "linger":
      pinholes.get(command.id)?.linger(command.ms);
      return {};
    case "release":
      pinholes.get(command.id)?.release();
      return {};
    case "carried":
      return await carried(command.id);
    case "unfit":
      return { unfit: plane.unfit(full(command.request)) ?? null };
    case "measure":
      return { measured: await measure(command.request, command.count) };
    case "block": {
      const until = performance.now() + command.ms;
      while (performance.now() < until);
      if (command.release !== undefined) pinholes.get(command.release)?.release();
      return {};
    }
    case "counts":
      return { counts: { ...pool.counts(), descriptors: readdirSync("/proc/self/fd").length } };
    case "drop privileges":
      return { dropped: dropPrivileges() };
    case "stop plane":
    case "stop":
      await plane.stop();
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { tag, ...command } = JSON.parse(line) as EdgeCommand & { tag: number };
  say({ tag, ...(await obey(command)) });
  if (command.do === "stop") break;
}
// Nothing but what the plane may have left open keeps the process alive.
process.stdin.destroy();
