// Splicer: moves bytes between pairs of sockets inside the kernel. epoll tells which are ready, splice(2) moves their bytes
// as pages. It owns the pipes between them, and neither opens nor closes a socket.
import { closeSync, readSync } from "node:fs";
import { arch } from "node:os";
import { getSystemErrorName } from "node:util";
import type { CarriageEnd } from "../userspace/carriage.ts";
import type { Side } from "../pinhole.ts";
import { createPipePool, type PipePool } from "./pipe-pool.ts";
import type { SpliceCalls } from "./splice-calls.ts";
import { createLane, freePipe, pumpLane, type SpliceEnd, type SpliceLane } from "./splice-lane.ts";

/** Descriptors of non-blocking sockets. `counters` takes the bytes that were handed on: up, down. */
export type SplicePair = {
  readonly id: number;
  readonly client: number;
  readonly server: number;
  readonly counters: Float64Array;
};

export type SpliceReport =
  | { readonly kind: "delivered"; readonly id: number }
  /** Nothing touches the sockets any more. `hasFin`: who has been given his FIN. */
  | {
      readonly kind: "ended";
      readonly id: number;
      readonly end: CarriageEnd;
      readonly hasFin: Readonly<Record<Side, boolean>>;
      readonly detail?: string;
    };

export type Splicer = {
  /** Pairs that are carried. */
  size(): number;
  add(pair: SplicePair): void;
  abort(id: number): void;
  /** Waits for something to do, does it, and tells whether `wakeFd` had been written to. */
  turn(timeoutMs: number): boolean;
  /** Everything that is still carried ends as aborted. */
  close(): void;
};

type Carried = SplicePair & { readonly up: SpliceLane; readonly down: SpliceLane; isQueued: boolean };

const epollIn = 0x1;
const epollOut = 0x4;
const epollBroken = 0x8 | 0x10;
const epollPeerEnded = 0x2000;
const epollEdge = 0x80000000;
const [epollAdd, epollRemove] = [1, 2];
const closeOnExec = 0o2000000;
/** struct epoll_event is packed on x86-64 alone. */
const eventBytes = arch() === "x64" ? 12 : 16;
const tagOffset = eventBytes - 8;
const mostEvents = 256;
const wakeTag = 0xffffffff;
/** How often a pipe is tried for where there was no descriptor for one. */
const retryMs = 50;

/** The splicer's own state. */
type Splicing = {
  readonly calls: SpliceCalls;
  readonly report: (event: SpliceReport) => void;
  readonly epoll: number;
  readonly pipes: PipePool;
  readonly carried: Map<number, Carried>;
  /** Those that have something to do. */
  queue: Carried[];
  /** Those that found no descriptor for a pipe: nothing wakes them when there is one again. */
  readonly starving: Carried[];
  readonly interest: Buffer;
};

export function createSplicer(calls: SpliceCalls, wakeFd: number, report: (event: SpliceReport) => void): Splicer {
  const carried = new Map<number, Carried>();
  const pipes = createPipePool(calls);
  const epoll = calls.epollCreate(closeOnExec);
  const interest = Buffer.alloc(eventBytes);
  const splicing: Splicing = { calls, report, epoll, pipes, carried, queue: [], starving: [], interest };
  if (epoll < 0 || !watch(splicing, wakeFd, epollIn, wakeTag)) throw new Error(`epoll: ${errorOf(calls)}`);
  const events = Buffer.alloc(eventBytes * mostEvents);
  const wakeCount = Buffer.alloc(8);

  return {
    size: () => carried.size,
    add: (pair) => add(splicing, pair),
    abort(id) {
      const pair = carried.get(id);
      if (pair) end(splicing, pair, "aborted");
    },
    turn,
    close() {
      for (const pair of [...carried.values()]) end(splicing, pair, "aborted");
      pipes.close();
      closeSync(epoll);
    },
  };

  function turn(timeoutMs: number): boolean {
    const { starving } = splicing;
    const patienceMs = starving.length > 0 ? Math.min(timeoutMs, retryMs) : timeoutMs;
    const count = calls.epollWait(epoll, events, mostEvents, splicing.queue.length > 0 ? 0 : patienceMs);
    for (const pair of starving.splice(0)) enqueue(splicing, pair);
    let isWoken = false;
    for (let at = 0; at < count * eventBytes; at += eventBytes) {
      const tag = events.readUInt32LE(at + tagOffset);
      if (tag !== wakeTag) heard(splicing, tag, events.readUInt32LE(at));
      else {
        readSync(wakeFd, wakeCount);
        isWoken = true;
      }
    }
    const ready = splicing.queue;
    splicing.queue = [];
    for (const pair of ready) work(splicing, pair);
    return isWoken;
  }
}

/** Of the call just made. */
const errorOf = (calls: SpliceCalls): string => getSystemErrorName(-calls.errno());

function watch({ calls, epoll, interest }: Splicing, fd: number, mask: number, tag: number): boolean {
  interest.writeUInt32LE(mask, 0);
  interest.writeUInt32LE(tag, tagOffset);
  return calls.epollControl(epoll, epollAdd, fd, interest) === 0;
}

function add(splicing: Splicing, pair: SplicePair): void {
  const client: SpliceEnd = { fd: pair.client, isReadable: true, isWritable: true };
  const server: SpliceEnd = { fd: pair.server, isReadable: true, isWritable: true };
  const up = createLane(client, server, pair.counters.subarray(0, 1));
  const down = createLane(server, client, pair.counters.subarray(1));
  const added = { ...pair, up, down, isQueued: false };
  splicing.carried.set(pair.id, added);
  const mask = (epollIn | epollOut | epollPeerEnded | epollEdge) >>> 0;
  // The lowest bit of the tag says which side.
  const isWatched =
    watch(splicing, pair.client, mask, pair.id * 2) && watch(splicing, pair.server, mask, pair.id * 2 + 1);
  if (isWatched) enqueue(splicing, added);
  else end(splicing, added, "aborted", `epoll: ${errorOf(splicing.calls)}`);
}

function heard(splicing: Splicing, tag: number, mask: number): void {
  const pair = splicing.carried.get(tag >>> 1);
  if (!pair) return;
  const side = (tag & 1) === 0 ? pair.up.from : pair.down.from;
  // A broken socket tells why when it is read or written.
  if ((mask & (epollIn | epollPeerEnded | epollBroken)) !== 0) side.isReadable = true;
  if ((mask & (epollOut | epollBroken)) !== 0) side.isWritable = true;
  enqueue(splicing, pair);
}

function enqueue(splicing: Splicing, pair: Carried): void {
  if (pair.isQueued) return;
  pair.isQueued = true;
  splicing.queue.push(pair);
}

function work(splicing: Splicing, pair: Carried): void {
  pair.isQueued = false;
  pump(splicing, pair, "client", pair.up, pair.down);
  pump(splicing, pair, "server", pair.down, pair.up);
  if (pair.up.isDone && pair.down.isDone && splicing.carried.has(pair.id)) end(splicing, pair, "complete");
}

/** `from`: the side that `lane` reads. */
function pump(splicing: Splicing, pair: Carried, from: Side, lane: SpliceLane, opposite: SpliceLane): void {
  const { calls, carried, pipes, report, starving } = splicing;
  // Bytes towards a side that has broken no longer matter.
  if (!carried.has(pair.id) || lane.isDone || opposite.failure !== undefined) return;
  const outcome = pumpLane(lane, pipes, calls);
  if (typeof outcome === "object") {
    const broken = from === "client" ? "server-reset" : "client-reset";
    // What broke first stays the reason.
    if (lane.failure === undefined) end(splicing, pair, broken, outcome.destinationBroken);
    else end(splicing, pair, `${from}-reset`, lane.failure);
  } else if (outcome === "source-broken") end(splicing, pair, `${from}-reset`, lane.failure);
  else if (outcome === "starved") starving.push(pair);
  else if (outcome === "more") enqueue(splicing, pair);
  else if (outcome === "done" && from === "server") report({ kind: "delivered", id: pair.id });
}

function end(
  { calls, carried, epoll, pipes, report }: Splicing,
  pair: Carried,
  how: CarriageEnd,
  detail?: string,
): void {
  carried.delete(pair.id);
  calls.epollControl(epoll, epollRemove, pair.client, null);
  calls.epollControl(epoll, epollRemove, pair.server, null);
  freePipe(pair.up, pipes);
  freePipe(pair.down, pipes);
  const hasFin = { client: pair.down.isDone, server: pair.up.isDone };
  const ended = { kind: "ended", id: pair.id, end: how, hasFin } as const;
  report(detail === undefined ? ended : { ...ended, detail });
}
