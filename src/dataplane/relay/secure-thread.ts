// Secure thread, seen from the main one: it is started, connections are lent to it, and it tells how they went. The sockets stay ours, and
// only we close them, also when the thread has died: then their transfers are reset, and the next ones have another thread.
import { Worker } from "node:worker_threads";
import { movedSocket } from "../../sockets/reading-socket.ts";
import { lendDescriptor } from "../../sockets/socket-options.ts";
import type { LegTlsSource } from "../../tls/leg-tls.ts";
import type { ByteCounts, Side } from "../pinhole.ts";
import type { CarriageEvents, HeldLegs, HoldingCarriage, JoinedLegs } from "../userspace/carriage.ts";
import { closeLegs } from "../userspace/leg.ts";
import type { SecureOrder, SecureReport } from "./secure-worker.ts";

export type SecureThread = {
  /** It takes tens of milliseconds. */
  start(): void;
  carry(legs: HeldLegs, events: CarriageEvents): HoldingCarriage;
  stop(): Promise<void>;
};

type Lent = {
  readonly legs: JoinedLegs;
  readonly tls: Readonly<Partial<Record<Side, LegTlsSource>>>;
  readonly events: CarriageEvents;
  readonly counters: Float64Array;
};

const program = new URL(import.meta.url.endsWith(".ts") ? "./secure-worker.ts" : "./secure-worker.js", import.meta.url);

export function createSecureThread(workerProgram = program): SecureThread {
  const lent = new Map<number, Lent>();
  let worker: Worker | undefined;
  let nextId = 0;

  function start(): Worker {
    worker ??= launch(workerProgram, { hear, fail });
    return worker;
  }

  function hear(report: SecureReport): void {
    const connection = lent.get(report.id);
    if (connection === undefined) return;
    const { events, tls } = connection;
    switch (report.kind) {
      case "secured":
        tls[report.side]?.accepted();
        return events.secured?.(report.side, report.secured);
      case "no close_notify":
        return events.noCloseNotify?.(report.side);
      case "learned":
        return tls.client?.learned(report.entry);
      case "delivered":
        return events.delivered();
      case "ended":
        lent.delete(report.id);
        return end(connection, report);
    }
  }

  /** Of the thread that ran until now. */
  function fail(failed: Worker, detail: string): void {
    if (worker !== failed) return;
    worker = undefined;
    const hasFin = { client: false, server: false };
    for (const id of [...lent.keys()]) hear({ kind: "ended", id, end: "aborted", hasFin, detail });
  }

  return {
    start: () => void start(),
    carry(held, events) {
      const { tls = {} } = held;
      const legs = standStill(held);
      const id = nextId++;
      const counters = new Float64Array(new SharedArrayBuffer(16));
      const running = start();
      lent.set(id, { legs, tls, events, counters });
      const order = (message: SecureOrder): void => {
        if (lent.has(id)) running.postMessage(message);
      };
      const isSecured = { client: tls.client !== undefined, server: tls.server !== undefined };
      const client = lendDescriptor(legs.client) ?? -1;
      const server = lendDescriptor(legs.server) ?? -1;
      order({ kind: "add", id, client, server, isSecured, counters, head: held.head });
      const told = new Set<Side>();
      const ready = (side: Side): void => {
        if (told.has(side)) return;
        told.add(side);
        order({ kind: "ready", id, side, tls: tls[side]?.describe() });
      };
      const releaseHeld = (): void => {
        ready("client");
        ready("server");
      };
      if (!held.isDownHeld) releaseHeld();
      return {
        counts: () => read(counters),
        begin: () => ready("client"),
        releaseHeld,
        abort: () => order({ kind: "abort", id }),
        closeUnused: () => order({ kind: "close unused", id }),
      };
    },
    async stop() {
      const running = worker;
      worker = undefined;
      await running?.terminate();
    },
  };
}

/** What was watched before reads no more. */
function standStill({ client, server }: JoinedLegs): JoinedLegs {
  const legs = { client: movedSocket(client), server: movedSocket(server) };
  for (const socket of [legs.client, legs.server]) socket.on("error", () => {});
  return legs;
}

type Listener = { hear(report: SecureReport): void; fail(failed: Worker, reason: string): void };

function launch(workerProgram: URL, { hear, fail }: Listener): Worker {
  // The flags of this process are not the thread's: a test runner's loader, say.
  const worker = new Worker(workerProgram, { name: "ftp-alg tls", execArgv: [], trackUnmanagedFds: false });
  worker.on("error", (error) => fail(worker, `the TLS thread has died: ${error.message}`));
  worker.on("exit", (code) => fail(worker, `the TLS thread has ended (${code})`));
  worker.on("message", hear);
  // Last: a listener for messages keeps the process alive.
  worker.unref();
  return worker;
}

function end({ legs, events, counters }: Lent, report: Extract<SecureReport, { kind: "ended" }>): void {
  const leg = (side: Side) => ({ socket: legs[side], hasFin: report.hasFin[side] });
  closeLegs(report.end, { client: leg("client"), server: leg("server") });
  events.ended(report.end, read(counters), report.detail);
}

function read(counters: Float64Array): ByteCounts {
  return { bytesUp: counters[0] ?? 0, bytesDown: counters[1] ?? 0 };
}
