// Worker: one of several processes that serve a configuration together. It does what its supervisor asks, and when that has gone it drains
// and ends.
import { setFlagsFromString } from "node:v8";
import type { Config } from "../../config/config.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import { eventsOf } from "../../observe/api/event-stream.ts";
import { flushLog, openLog } from "../../observe/log.ts";
import { createWallClock } from "../../observe/wall-clock.ts";
import type { TicketKeys } from "../../tls/ticket-keys.ts";
import { createGatewayProcess, type GatewayProcess } from "../gateway-process.ts";
import type { NodeHooks } from "../driver.ts";
import { openJournal } from "../journal.ts";
import { createLogFiles, type LogFiles } from "../log-files.ts";
import { createPeer, type Calls, type Channel } from "./peer.ts";
import { preparedCalls } from "./prepared-calls.ts";
import type { SupervisorCalls, WorkerBeginning, WorkerFacts } from "./protocol.ts";
import { createReceivedSockets, type ReceivedSockets } from "./received-sockets.ts";
import { createWorkerCounts, type WorkerCounts } from "./worker-counts.ts";

export type WorkerIo = {
  readonly channel: Channel;
  /** Standard output is read by systemd's journal. */
  readonly isJournal: boolean;
  /** Told to end at once by somebody else than the supervisor, when that has gone. */
  readonly kill: AbortSignal;
  readonly hooks?: NodeHooks;
};

/** Resolves once the worker has nothing left. */
export async function runWorker({ channel, isJournal, kill, hooks = {} }: WorkerIo): Promise<void> {
  // As in a process that is alone.
  setFlagsFromString("--semi-space-growth-factor=1");
  const told = new AbortController();
  const sockets = createReceivedSockets();
  let stopRunning = async (): Promise<void> => {};
  let drainRunning = async (): Promise<void> => {};
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));

  async function drain(): Promise<void> {
    told.abort();
    await drainRunning();
  }
  async function stop(): Promise<void> {
    told.abort();
    await stopRunning();
  }

  const ours: Record<string, Calls[string]> = {
    takeSocket: sockets.receive,
    drain,
    // What has been said is on its way first.
    stop: () => stop().finally(() => setTimeout(end, 1)),
    async start(config: Config, beginning: WorkerBeginning) {
      let { ticketKeys } = beginning;
      ours["setTicketKeys"] = (keys: TicketKeys): void => void (ticketKeys = keys);
      const ticketRing = { keys: () => ticketKeys };
      const deps = { sockets, counts, ticketRing, isJournal, hooks, isStopping: () => told.signal.aborted };
      const { running, logFiles, close } = await createWorkerProcess(config, beginning, deps);
      stopRunning = close;
      drainRunning = running.drain;
      Object.assign(ours, preparedCalls(running, sockets), running.api.sessions, ownCalls(running, logFiles));
      const events = eventsOf(running.feed, createWallClock());
      let deafen: (() => void) | undefined;
      ours["hear"] = (isHeard: boolean): void => {
        deafen?.();
        deafen = isHeard ? events((event) => supervisor.tell("happened", event)) : undefined;
      };
      if (beginning.isHeard) deafen = events((event) => supervisor.tell("happened", event));
      await running.start();
    },
  };
  const supervisor = createPeer<SupervisorCalls>(channel, ours);
  const counts = createWorkerCounts(supervisor);
  ours["setElsewhere"] = counts.setElsewhere;
  channel.onGone(
    () =>
      void Promise.race([drain(), aborted(kill)])
        .then(stop)
        .finally(end),
  );
  await ended;
}

type WorkerDeps = {
  readonly sockets: ReceivedSockets;
  readonly counts: WorkerCounts;
  readonly ticketRing: { readonly keys: () => TicketKeys };
  readonly isJournal: boolean;
  readonly hooks: NodeHooks;
  readonly isStopping: () => boolean;
};

async function createWorkerProcess(
  config: Config,
  { index, foreign }: WorkerBeginning,
  { sockets, counts, ticketRing, isJournal, hooks, isStopping }: WorkerDeps,
) {
  const log = openLog(config.log, undefined, isJournal ? openJournal() : undefined, { worker: index });
  const logFiles = createLogFiles(log);
  (await logFiles.prepare(config.log)).commit();
  const notAsked = () => Promise.reject(new Error("the supervisor does that"));
  const running = await createGatewayProcess(config, {
    ...{ logger: log.logger, logFiles, isStopping, hooks, inherited: [] },
    requests: { reload: notAsked, drain() {} },
    worker: { takeListener: sockets.take, countsOf: counts.of, ticketRing },
  });
  for (const endpoint of foreign) running.ownEndpoints.add(endpoint);
  return {
    running,
    logFiles,
    async close() {
      await running.stop();
      await Promise.all([flushLog(log.logger), logFiles.close()]);
    },
  };
}

/** Beside sessions and reloads. */
function ownCalls(running: GatewayProcess, logFiles: LogFiles) {
  const { metrics, history, facts, isReady, ownEndpoints, conditions } = running;
  return {
    families: metrics.families,
    facts: (): WorkerFacts => ({
      isReady: isReady(),
      history: history.counts(),
      gateways: facts(),
      conditions: conditions(),
    }),
    reopenLogs: logFiles.reopen,
    addForeign: (endpoint: Endpoint) => ownEndpoints.add(endpoint),
    removeForeign: (endpoint: Endpoint) => ownEndpoints.remove(endpoint),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
