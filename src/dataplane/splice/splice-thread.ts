// Splice thread, seen from the main one: it is started, connections are lent to it, and it tells how they went. The sockets
// stay ours: while lent only the thread touches them, and only we close them, also when the thread has died.
import { closeSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { LentLegs } from "../relay/bulk.ts";
import type { Carriage, CarriageEvents } from "../userspace/carriage.ts";
import type { ByteCounts } from "../pinhole.ts";
import type { SpliceCalls } from "./splice-calls.ts";
import type { SpliceOrder, SpliceWorkerData } from "./splice-worker.ts";
import type { SpliceReport } from "./splicer.ts";

export type SpliceThread = {
  start(): void;
  /** Undefined, and nothing touched, if the thread is gone. */
  lend(legs: LentLegs, events: CarriageEvents): Carriage | undefined;
  /** Why it can't be used any more. */
  failure(): string | undefined;
  stop(): Promise<void>;
};

type Lent = { readonly legs: LentLegs; readonly events: CarriageEvents; readonly counters: Float64Array };

type Thread = { readonly worker: Worker; readonly wakeFd: number; readonly exited: Promise<void> };

const nonBlockingCloseOnExec = 0o4000 | 0o2000000;
const wakeUp = new BigUint64Array([1n]);
/** With a bit for the side it has to fit into 32, and all ones are taken. */
const idLimit = 2 ** 31 - 1;
const program = new URL(import.meta.url.endsWith(".ts") ? "./splice-worker.ts" : "./splice-worker.js", import.meta.url);

export function createSpliceThread(calls: Pick<SpliceCalls, "eventfd">, workerProgram = program): SpliceThread {
  const lent = new Map<number, Lent>();
  let thread: Thread | undefined;
  let failure: string | undefined;
  let nextId = 0;

  function start() {
    if (thread || failure !== undefined) return;
    const launched = launch(calls, workerProgram, { hear, fail });
    if (typeof launched === "string") return fail(launched);
    thread = launched;
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
    end(connection, report);
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
      if (failure !== undefined) return undefined;
      const { client, server } = legs;
      const id = nextId;
      nextId = (nextId + 1) % idLimit;
      const counters = new Float64Array(new SharedArrayBuffer(16));
      lent.set(id, { legs, events, counters });
      order({ kind: "add", pair: { id, client, server, counters } });
      return { counts: () => read(counters), abort: () => order({ kind: "abort", id }) };
    },
    failure: () => failure,
    async stop() {
      order({ kind: "stop" });
      // The process must not be gone before the end that is waited for.
      thread?.worker.ref();
      await thread?.exited;
    },
  };
}

type Listener = { hear(report: SpliceReport): void; fail(reason: string): void };

/** The running thread, or why there is none. */
function launch(calls: Pick<SpliceCalls, "eventfd">, workerProgram: URL, { hear, fail }: Listener): Thread | string {
  const wakeFd = calls.eventfd(0, nonBlockingCloseOnExec);
  if (wakeFd < 0) return "no descriptor is free for an eventfd";
  const worker = startWorker(workerProgram, { wakeFd });
  if (typeof worker === "string") {
    closeSync(wakeFd);
    return worker;
  }
  const exited = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      fail(`the splice thread has ended (${code})`);
      closeSync(wakeFd);
      resolve();
    });
  });
  worker.on("error", (error) => fail(`the splice thread has died: ${error.message}`));
  worker.on("message", hear);
  // Last: a listener for messages keeps the process alive.
  worker.unref();
  return { worker, wakeFd, exited };
}

function startWorker(workerProgram: URL, data: SpliceWorkerData): Worker | string {
  try {
    // The flags of this process are not the thread's: a test runner's loader, say. The thread opens pipes that Node does
    // not know of, and closes them itself.
    const flags = { execArgv: [], trackUnmanagedFds: false };
    return new Worker(workerProgram, { name: "ftp-alg splice", workerData: data, ...flags });
  } catch (error) {
    return `the splice thread can't be started: ${String(error)}`;
  }
}

function end({ legs, events, counters }: Lent, report: Extract<SpliceReport, { kind: "ended" }>): void {
  legs.close(report.end, report.hasFin);
  events.ended(report.end, read(counters), report.detail);
}

function read(counters: Float64Array): ByteCounts {
  return { bytesUp: counters[0] ?? 0, bytesDown: counters[1] ?? 0 };
}
