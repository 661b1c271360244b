// Spawned worker: a process of this same program, with a channel to it.
import { spawn, type SendHandle } from "node:child_process";
import type { Channel } from "./peer.ts";

/** How this program is run. */
export type Program = {
  readonly executable: string;
  /** The program's own file is the last of them. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type SpawnedWorker = {
  /** 0 if there is none. */
  readonly pid: number;
  readonly channel: Channel;
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`, or why it was not started. */
  readonly ended: Promise<string>;
  kill(): void;
};

/** Tells a process that it is a worker. */
export const workerVariable = "FTP_ALG_WORKER";

/** What is said to the supervisor alone: whom to tell of its start, and which sockets it was started with. */
const ofSupervisor = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];

export function spawnWorker({ executable, args, env }: Program): SpawnedWorker {
  const kept = Object.entries(env).filter(([name]) => !ofSupervisor.includes(name));
  const child = spawn(executable, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
    env: { ...Object.fromEntries(kept), [workerVariable]: "1" },
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: () => void child.kill("SIGKILL"),
    channel: {
      // What can't be sent any more has nobody to read it, which `onGone` tells.
      send: (message, handle) => void child.send(message as object, handle as SendHandle, {}, () => {}),
      onMessage: (listener) => void child.on("message", listener),
      onGone(listener) {
        let isGone = false;
        const once = (): void => {
          if (!isGone) listener();
          isGone = true;
        };
        child.once("disconnect", once);
        void ended.then(once);
      },
    },
  };
}
