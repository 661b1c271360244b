// The splice plane's thread, seen from the main one: starts it, lends it connections, and hears how they went. The sockets
// stay ours: while lent only the thread touches them, and only we close them, also when the thread has died.
import { closeSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Carriage, CarriageEvents, JoinedLegs } from "../userspace/carriage.ts";
import { closeLegs } from "../userspace/leg.ts";
import type { ByteCounts } from "../pinhole.ts";
import { lendDescriptor } from "../../sockets/socket-options.ts";
import type { SpliceCalls } from "./splice-calls.ts";
import type { SpliceOrder, SpliceWorkerData } from "./splice-worker.ts";
import type { SpliceReport } from "./splicer.ts";

export type SpliceThread = {
  start(): void;
  /** Undefined, and nothing touched, if the thread is gone or the sockets have no descriptor to lend. */
  lend(legs: JoinedLegs, events: CarriageEvents): Carriage | undefined;
  /** Why it can't be used any more. */
  failure(): string | undefined;
  stop(): Promise<void>;
};

type Lent = { readonly legs: JoinedLegs; readonly events: CarriageEvents; readonly counters: Float64Array };

const nonBlockingCloseOnExec = 0o4000 | 0o2000000;
const wakeUp = new BigUint64Array([1n]);
/** With a bit for the side it has to fit into 32, and all ones are taken. */
const idLimit = 2 ** 31 - 1;
const read = (counters: Float64Array): ByteCounts => ({ bytesUp: counters[0] ?? 0, bytesDown: counters[1] ?? 0 });
const program = new URL(import.meta.url.endsWith(".ts") ? "./splice-worker.ts" : "./splice-worker.js", import.meta.url);

export function createSpliceThread(calls: Pick<SpliceCalls, "eventfd">, workerProgram = program): SpliceThread {
  const lent = new Map<number, Lent>();
  let thread: { worker: Worker; wakeFd: number; exited: Promise<void> } | undefined;
  let failure: string | undefined;
  let nextId = 0;

  function start() {
    if (thread || failure !== undefined) return;
    const wakeFd = calls.eventfd(0, nonBlockingCloseOnExec);
    if (wakeFd < 0) return fail("no descriptor is free for an eventfd");
    const worker = launch(wakeFd);
    if (worker === undefined) return closeSync(wakeFd);
    const exited = new Promise<void>((resolve) => {
      worker.on("exit", (code) => {
        fail(`the splice thread has ended (${code})`);
        closeSync(wakeFd);
        resolve();
      });
    });
    worker.on("error", (error) => fail(`the splice thread has died: ${error.message}`));
    worker.on("message", hear);
    worker.unref();
    thread = { worker, wakeFd, exited };
  }

  function launch(wakeFd: number): Worker | undefined {
    const data: SpliceWorkerData = { wakeFd };
    try {
      // The flags of this process are not the thread's: a test runner's loader, say. The thread opens pipes that Node does
      // not know of, and closes them itself.
      return new Worker(workerProgram, {
        name: "ftp-alg splice",
        workerData: data,
        execArgv: [],
        trackUnmanagedFds: false,
      });
    } catch (error) {
      fail(`the splice thread can't be started: ${String(error)}`);
      return undefined;
    }
  }

  function order(message: SpliceOrder) {
    if (!thread || failure !== undefined) return;
    thread.worker.postMessage(message);
    writeSync(thread.wakeFd, wakeUp);
  }

  function hear(report: SpliceReport) {
    const connection = lent.get(report.id);
    if (!connection) return;
    if (report.kind === "delivered") return connection.events.delivered();
    lent.delete(report.id);
    const { legs, events, counters } = connection;
    const leg = (side: "client" | "server") => {
      const socket = legs[side];
      return { socket, hasFin: report.hasFin[side] || socket.writableEnded };
    };
    closeLegs(report.end, { client: leg("client"), server: leg("server") });
    events.ended(report.end, read(counters), report.detail);
  }

  function fail(reason: string) {
    if (failure !== undefined) return;
    failure = reason;
    const hasFin = { client: false, server: false };
    for (const id of [...lent.keys()]) hear({ kind: "ended", id, end: "aborted", hasFin, detail: reason });
  }

  return {
    start,
    lend(legs, events) {
      start();
      const client = lendDescriptor(legs.client);
      const server = lendDescriptor(legs.server);
      if (failure !== undefined || client === undefined || server === undefined) return undefined;
      const id = nextId;
      nextId = (nextId + 1) % idLimit;
      const counters = new Float64Array(new SharedArrayBuffer(16));
      lent.set(id, { legs, events, counters });
      order({ kind: "add", pair: { id, client, server, counters } });
      return {
        counts: () => read(counters),
        abort: () => order({ kind: "abort", id }),
      };
    },
    failure: () => failure,
    async stop() {
      order({ kind: "stop" });
      // Whoever waits for the end must not find the process gone before.
      thread?.worker.ref();
      await thread?.exited;
    },
  };
}
