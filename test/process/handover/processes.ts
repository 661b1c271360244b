// Processes that take each other's place: each the whole program with one configuration file, their logs read together. Any process
// that is left is ended with them.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export type Started = {
  readonly pid: number;
  /** The exit code; null if a signal killed it. */
  readonly ended: Promise<number | null>;
};

export type Processes = {
  readonly file: string;
  /** Where the unix sockets are. */
  readonly folder: string;
  configure(config: object | string): void;
  start(...args: readonly string[]): Started;
  /** Of all of them, in the order in which they were written. */
  lines(): readonly LogLine[];
  /** What else was printed. */
  printed(): string;
  /** The next line with that message behind the first `from` ones. Rejects after 40 s. */
  logged(message: string, from?: number): Promise<LogLine>;
  /** Kills all that run, those that they have started too. */
  stop(): void;
};

/** The machine may be busy. */
const patienceMs = 40_000;

export function createProcesses(config: object | string, env: NodeJS.ProcessEnv = {}): Processes {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-handover-"));
  const file = join(folder, "config.yml");
  const running = new Set<number>();
  let text = "";
  let printed = "";
  let wake: (() => void)[] = [];
  const lines = (): LogLine[] => {
    const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return whole.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogLine] : []));
  };
  const processes: Processes = {
    ...{ file, folder, lines, printed: () => printed },
    configure: (next) => writeFileSync(file, typeof next === "string" ? next : JSON.stringify(next)),
    start(...args) {
      const child = spawn(process.execPath, [main, "run", "--config", file, ...args], {
        env: { ...process.env, RUNTIME_DIRECTORY: folder, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const pid = child.pid ?? 0;
      running.add(pid);
      child.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        for (const one of wake.splice(0)) one();
      });
      child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      const ended = new Promise<number | null>((resolve) =>
        child.on("exit", (code) => {
          running.delete(pid);
          resolve(code);
        }),
      );
      return { pid, ended };
    },
    async logged(message, from = 0) {
      for (const until = performance.now() + patienceMs; performance.now() < until;) {
        const found = lines()
          .slice(from)
          .find(({ msg }) => msg === message);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200);
          wake.push(() => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
      throw new Error(`nothing logged "${message}":\n${text}${printed}`);
    },
    stop() {
      wake = [];
      for (const { pid, msg } of lines()) if (msg === "new process started") running.add(Number(pid));
      for (const pid of running) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  processes.configure(config);
  return processes;
}
