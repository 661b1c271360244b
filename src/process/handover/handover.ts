// Hand-over of a process: it takes the place of the one that runs the same configuration, where it is told to, and leaves its own to the
// next one.
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "../../observe/log.ts";
import { loadLocalCalls, type Peer } from "../../sockets/local-calls.ts";
import { errorMessage } from "../error-message.ts";
import type { Place } from "./place.ts";
import type { Io } from "../io.ts";
import type { ServiceManager } from "../sd-notify.ts";
import { handoverPath, openRuntimeDirectory, type Subject } from "./handover-path.ts";
import { createPredecessor, type Predecessor } from "./predecessor.ts";
import { startSuccessor, type StartedSuccessor } from "./start-successor.ts";
import { takeOver, type Takeover } from "./successor.ts";

export type HandoverIo = Pick<Io, "env" | "managedBy" | "onReplace" | "startedAs">;

export type Handover = {
  /** Takes the place of the process that runs it; undefined if none does. Rejects with an Error that says why it can't. */
  take(workers: number): Promise<Takeover | undefined>;
  /** From now on another process may have the place, and SIGUSR2 starts one. Without a place whoever asks is told why not. */
  offer(place: Place | undefined, manager: Pick<ServiceManager, "replacedBy">): Promise<void>;
  /** Another process is taking over, or has. */
  isBusy(): boolean;
  /** Resolves once another process takes clients; with what resolves when the sessions here have ended. */
  readonly handedOver: Promise<{ readonly left: Promise<void> }>;
  /** No hand-over any more. A process that was started to take over is ended, if it has not. */
  stop(): void;
};

const supervised = "several workers can't be replaced while they run yet; restart, or start the new ones side by side";

/** Nobody gets that far. */
const noPlace: Pick<Place, "sockets" | "retreat" | "countSessions"> = {
  sockets: () => [],
  countSessions: () => 0,
  retreat: () => ({ kept: [], giveUp: () => [], undo() {} }),
};

/** A process that was started takes no longer. */
const startMs = 60_000;

/** `release`: of this program. */
export function createHandover(subject: Subject, io: HandoverIo, logger: Logger, release: string): Handover {
  const { env, startedAs } = io;
  let predecessor: Predecessor | undefined;
  let obstacle = "it has not started yet";
  let started: StartedSuccessor | undefined;
  let isOver = false;
  let report: (handedOver: { left: Promise<void> }) => void = () => {};
  const handedOver = new Promise<{ left: Promise<void> }>((resolve) => (report = resolve));

  async function find(): Promise<{ path: string; user: number }> {
    const loaded = loadLocalCalls();
    if (!loaded.ok) throw new Error(loaded.reason);
    const user = loaded.calls.user();
    return { path: await handoverPath(subject, env, user), user };
  }

  function startOne(): void {
    if (isOver) return;
    if (predecessor === undefined || startedAs === undefined)
      return logger.error({ detail: obstacle }, "can't be replaced");
    if (started !== undefined || predecessor.isBusy()) return logger.warn("another process is taking over already");
    const child = startSuccessor(startedAs, env);
    started = child;
    logger.info({ pid: child.pid }, "new process started");
    const timer = setTimeout(child.kill, startMs).unref();
    void child.ended.then((detail) => {
      clearTimeout(timer);
      if (started === child) started = undefined;
      if (!isOver) logger.error({ pid: child.pid, detail }, "new process ended: this one goes on");
    });
  }

  return {
    handedOver,
    isBusy: () => isOver || predecessor?.isBusy() === true,
    async take(workers) {
      if (workers > 1) throw new Error(`--replace does not go with workers: ${workers}: ${supervised}`);
      const { path, user } = await find();
      await openRuntimeDirectory(dirname(path), user);
      const taken = takeOver(path, release, user);
      if (taken.kind === "failed") throw new Error(`can't take over: ${taken.reason}`);
      if (taken.kind === "nobody") {
        logger.info("no process to replace");
        return undefined;
      }
      return taken.takeover;
    },
    async offer(place, manager) {
      if (startedAs === undefined) return;
      io.onReplace?.(startOne);
      try {
        const { path, user } = await find();
        predecessor = await createPredecessor(path, {
          ...{ ...(place ?? noPlace), release, user, logger, startMs },
          refusal: async (peer) => (place === undefined ? supervised : whyNot(peer, io)),
          handedOver({ pid }) {
            isOver = true;
            manager.replacedBy(pid);
            const sessions = place?.countSessions();
            const left = place?.leave() ?? Promise.resolve();
            logger.info({ pid, sessions }, "handed over");
            report({ left });
          },
        });
      } catch (error) {
        obstacle = errorMessage(error);
        logger.info({ detail: obstacle }, "can't be replaced while it runs");
      }
    },
    stop() {
      if (!isOver) started?.kill();
      isOver = true;
      predecessor?.stop();
    },
  };
}

/** Why that process can't be the one that whoever manages this one sees. */
async function whyNot({ pid }: Peer, { managedBy, startedAs }: HandoverIo): Promise<string | undefined> {
  if (startedAs?.pid === 1) return "it is process 1, and its container ends with it";
  if (managedBy === undefined) return undefined;
  const [own, others] = await Promise.all(["self", String(pid)].map(cgroupOf));
  if (own === others) return undefined;
  return "it is a service of systemd's, which would stop with it: systemctl kill --signal=SIGUSR2 --kill-whom=main UNIT";
}

async function cgroupOf(pid: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/cgroup`, "latin1").catch(() => undefined);
}
