// Programs of the lab as child processes: run to their end, or started and watched.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

export type RunOptions = {
  readonly input?: string | Buffer;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** The whole process group is killed after it; 20 s where nothing is said. */
  readonly timeoutMs?: number;
};

export type Finished = {
  /** Exit status, or the signal's name. */
  readonly status: number | string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly timedOut: boolean;
};

export type Running = {
  readonly pid: number;
  readonly stdin: Writable;
  /** Everything printed so far, both streams mixed. */
  output(): string;
  /** Resolves with the first line of either stream that matches; rejects when the process ends or the time is over. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
  readonly ended: Promise<number | string>;
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function launch(command: readonly string[], options: RunOptions): Child {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("no command");
  // Its own process group, so that a time limit reaches grandchildren too.
  return spawn(file, args, {
    cwd: options.cwd ?? "/",
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}

async function ending(child: Child): Promise<number | string> {
  const failure = new Promise<never>((_resolve, reject) => child.once("error", reject));
  const [code, signal] = (await Promise.race([once(child, "close"), failure])) as [number | null, string | null];
  return code ?? signal ?? "unknown";
}

/** Runs a program to its end. Never throws for its status; throws where it can't be started. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = launch(command, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that ends before it has read its input is no error of ours.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
  }, options.timeoutMs ?? 20_000);
  try {
    const status = await ending(child);
    return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program that has to succeed, and gives its standard output. */
export async function output(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await run(command, options);
  if (finished.status !== 0) {
    const said = finished.stderr.toString("latin1").trim() || finished.stdout.toString("latin1").trim();
    throw new Error(`${command.join(" ")}: ${finished.timedOut ? "timed out" : String(finished.status)}: ${said}`);
  }
  return finished.stdout.toString();
}

/** Starts a program that stays. */
export function start(command: readonly string[], options: RunOptions = {}): Running {
  const child = launch(command, options);
  child.stdin.on("error", () => {});
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let rest = "";
  let over: number | string | undefined;
  const notify = (): void => {
    for (const watcher of watchers) watcher();
  };
  const collect = (chunk: Buffer): void => {
    const parts = (rest + chunk.toString("latin1")).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    notify();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = ending(child).then((status) => {
    over = status;
    notify();
    return status;
  });
  // Whoever waits for a line hears of the failure there.
  ended.catch((error: unknown) => {
    over = String(error);
    notify();
  });
  const everything = (): string => [...lines, rest].join("\n");
  return {
    pid: child.pid ?? -1,
    stdin: child.stdin,
    output: everything,
    line(pattern, timeoutMs = 10_000) {
      let seen = 0;
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer);
          watchers.delete(look);
          act();
        };
        const complain = (why: string): void => {
          settle(() => reject(new Error(`${command.join(" ")}: ${why} before ${String(pattern)}:\n${everything()}`)));
        };
        const look = (): void => {
          for (; seen < lines.length; seen++) {
            const line = lines[seen] ?? "";
            if (pattern.test(line)) return settle(() => resolve(line));
          }
          if (over !== undefined) complain(`ended (${String(over)})`);
        };
        const timer = setTimeout(() => complain("time over"), timeoutMs);
        watchers.add(look);
        look();
      });
    },
    kill(signal = "SIGTERM") {
      if (child.pid !== undefined) killGroup(child.pid, signal);
    },
    ended,
  };
}
