// Io: what a command may know of the process that runs it, such as where text goes, and when it is told to end. Only main.ts makes
// the real one; a test makes its own.
import type { Terminal } from "./terminal.ts";
import type { StartedAs } from "./handover/start-successor.ts";
import type { ManagedBy } from "./sd-notify.ts";
import type { Program } from "./workers/spawned-worker.ts";

import type { NodeHooks } from "./driver.ts";

export type Io = {
  /** Writes to standard output as given: the line end is the caller's. */
  readonly out: (text: string) => void;
  /** Writes to standard error as given: the line end is the caller's. */
  readonly err: (text: string) => void;
  /** All of standard input; the same text each time it is asked for. */
  readonly input: () => Promise<string>;
  /** The environment's variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The width of the terminal that standard output is; absent where it is none. */
  readonly columns?: number;
  /** A whole screen and a keyboard; absent where standard input or output is no terminal. */
  readonly terminal?: Terminal;
  /** The first SIGINT or SIGTERM: drain. */
  readonly stop: AbortSignal;
  /** The second one: end at once. */
  readonly kill: AbortSignal;
  /** Descriptors of listening sockets that the process was started with. */
  readonly inherited?: readonly number[];
  /** Who wants to be told what the process does. */
  readonly managedBy?: ManagedBy | undefined;
  /** How this program is run once more. */
  readonly program?: Program;
  /** Called on each SIGHUP. Until somebody listens, SIGHUP ends the process, as the system has it. */
  readonly hooks: NodeHooks;
  readonly onReload: (listener: () => void) => void;
  /** Called on each SIGUSR1: files of the log were renamed. */
  readonly onReopen: (listener: () => void) => void;
  /** Called on each SIGUSR2: another process is to take the place of this one. */
  readonly onReplace?: (listener: () => void) => void;
  /** How this process was started; absent where it does more than run a command. */
  readonly startedAs?: StartedAs;
};
