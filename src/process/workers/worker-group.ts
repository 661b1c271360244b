// Worker group: the workers of one supervisor. One that dies is started again, later each time; a reload is brought into force by all
// of them or by none.
import type { Config } from "../../config/config.ts";
import type { PreparedChange } from "../../gateway/prepared-change.ts";
import type { Logger } from "../../observe/log.ts";
import { createPeer, PeerGone, type Calls, type Peer } from "./peer.ts";
import type { WorkerBeginning, WorkerCalls } from "./protocol.ts";
import { createRestarts } from "./restarts.ts";
import type { SharedSocket } from "./shared-sockets.ts";
import type { SpawnedWorker } from "./spawned-worker.ts";

/** One process. The one that takes its place is another. */
export type Worker = {
  readonly index: number;
  readonly pid: number;
  readonly peer: Peer<WorkerCalls>;
  /** Sockets that it has been given. */
  readonly sockets: Set<SharedSocket>;
};

export type WorkerGroup = {
  /** Takes clients in every worker when it resolves. Rejects with an Error that says what could not be started. */
  start(): Promise<void>;
  /** Those that take clients, by their numbers. */
  running(): readonly Worker[];
  /** `added`: sockets that no worker has yet. */
  prepare(config: Config, added: readonly SharedSocket[]): Promise<PreparedChange>;
  /** Resolves when the last session has ended. None is started any more. */
  drain(): Promise<void>;
  /** Ends what is left; resolves when they are gone. */
  stop(): Promise<void>;
};

export type WorkerGroupDeps = {
  readonly count: number;
  readonly logger: Pick<Logger, "info" | "error">;
  readonly spawn: () => SpawnedWorker;
  /** What is in force. */
  readonly sockets: () => readonly SharedSocket[];
  readonly config: () => Config;
  /** Of the whole, what a worker is given. */
  readonly slice: (config: Config, index: number) => Config;
  readonly beginning: (index: number) => WorkerBeginning;
  /** What the worker may ask. */
  readonly callsFor: (worker: () => Worker) => Calls;
  /** One has died that had been started. */
  readonly died: (worker: Worker) => void;
  /** Another one has taken its place. */
  readonly restarted: () => void;
};

/** What is left to one that was told to stop. */
const stopMs = 5000;

export function createWorkerGroup(deps: WorkerGroupDeps): WorkerGroup {
  const { count, logger, slice } = deps;
  const alive = new Map<Worker, SpawnedWorker>();
  const running: Worker[] = [];
  const ending = new AbortController();
  const restarts = createRestarts(logger, ending.signal, (index) =>
    inTurn(async () => {
      if (ending.signal.aborted) return;
      await begin(index);
      deps.restarted();
    }),
  );
  /** Starts and reloads are one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = last.then(act);
    last = result.catch(() => {});
    return result;
  }

  /** Takes clients when it resolves. */
  async function begin(index: number): Promise<Worker> {
    const spawned = deps.spawn();
    const worker: Worker = {
      ...{ index, pid: spawned.pid, sockets: new Set<SharedSocket>() },
      peer: createPeer<WorkerCalls>(
        spawned.channel,
        deps.callsFor(() => worker),
      ),
    };
    alive.set(worker, spawned);
    const beganAt = performance.now();
    void spawned.ended.then((how) => ended(worker, how, performance.now() - beganAt));
    const config = deps.config();
    give(worker, deps.sockets());
    try {
      await worker.peer.ask("start", slice(config, index), deps.beginning(index));
      await catchUp(worker, config, deps);
    } catch (error) {
      spawned.kill();
      throw error instanceof PeerGone ? new Error(`worker ${index}: ${await spawned.ended}`, { cause: error }) : error;
    }
    running.push(worker);
    running.sort((one, other) => one.index - other.index);
    logger.info({ worker: index, pid: worker.pid }, "worker started");
    return worker;
  }

  function ended(worker: Worker, how: string, livedMs: number): void {
    alive.delete(worker);
    const place = running.indexOf(worker);
    if (place < 0) return;
    running.splice(place, 1);
    deps.died(worker);
    if (ending.signal.aborted) return;
    logger.error({ worker: worker.index, pid: worker.pid, detail: how }, "worker ended");
    restarts.died(worker.index, livedMs);
  }

  return {
    start: () =>
      inTurn(async () => {
        const indexes = Array.from({ length: count }, (_, index) => index);
        await Promise.all(indexes.map(begin));
      }),
    running: () => running,
    prepare: (config, added) => inTurn(() => prepareWorkers([...running], added, (index) => slice(config, index))),
    async drain() {
      ending.abort();
      await Promise.allSettled(running.map(({ peer }) => peer.ask("drain")));
    },
    async stop() {
      ending.abort();
      await Promise.all([...alive].map(([worker, spawned]) => end(worker, spawned)));
    },
  };
}

/** All of them are ready to do it, or none does. One that has died meanwhile begins with what is in force then. */
async function prepareWorkers(
  workers: readonly Worker[],
  added: readonly SharedSocket[],
  sliceOf: (index: number) => Config,
): Promise<PreparedChange> {
  for (const worker of workers) give(worker, added);
  const answers = await Promise.allSettled(workers.map(({ peer, index }) => peer.ask("prepare", sliceOf(index))));
  const settle = (how: "commit" | "rollback"): void => {
    for (const { peer } of workers) peer.tell(how);
  };
  const [failed] = answers.flatMap((answer) =>
    answer.status === "rejected" && !(answer.reason instanceof PeerGone) ? [answer.reason as Error] : [],
  );
  if (failed === undefined) return { commit: () => settle("commit"), rollback: () => settle("rollback") };
  settle("rollback");
  throw failed;
}

/** A reload may have come while it had the configuration from before. */
async function catchUp(worker: Worker, before: Config, { config, sockets, slice }: WorkerGroupDeps): Promise<void> {
  for (let has = before; has !== config();) {
    has = config();
    give(worker, sockets());
    await worker.peer.ask("prepare", slice(has, worker.index));
    worker.peer.tell("commit");
  }
}

function give({ peer, sockets: given }: Worker, sockets: readonly SharedSocket[]): void {
  for (const socket of sockets) {
    if (given.has(socket)) continue;
    given.add(socket);
    peer.give("takeSocket", socket.endpoint, socket.handle);
  }
}

async function end({ peer }: Worker, { ended, kill }: SpawnedWorker): Promise<void> {
  peer.tell("stop");
  const late = setTimeout(kill, stopMs);
  await ended;
  clearTimeout(late);
}
