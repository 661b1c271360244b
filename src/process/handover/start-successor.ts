// Start of a successor: this program once more, to take the place of the process that starts it.
import { spawn } from "node:child_process";

/** How a process was started. */
export type StartedAs = { readonly file: string; readonly args: readonly string[]; readonly pid: number };

export type StartedSuccessor = {
  readonly pid: number | undefined;
  /** Why it ended, or could not be started. */
  readonly ended: Promise<string>;
  /** It can't take over any more. */
  kill(): void;
};

/** Of variables that are for one process alone, it gets none: descriptors that were passed, and the watchdog of this process. */
const own = new Set(["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "WATCHDOG_PID"]);

export function startSuccessor(
  { file, args }: Pick<StartedAs, "file" | "args">,
  env: Readonly<Record<string, string | undefined>>,
): StartedSuccessor {
  const passed = Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name)));
  const child = spawn(file, [...args.filter((one) => one !== "--replace"), "--replace"], {
    env: passed,
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`${file} could not be started: ${error.message}`));
    child.once("exit", (code, signal) => resolve(code === null ? `ended by ${signal}` : `exit code ${code}`));
  });
  return { pid: child.pid, ended, kill: () => void child.kill("SIGKILL") };
}
