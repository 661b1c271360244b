// The log: where lines go and how they look. What is logged, and at which level, is decided in telemetry.ts.
import { createTimestamp } from "./wall-clock.ts";
import type { AppendFile } from "./append-file.ts";
import { journalEntry } from "./journal-entry.ts";
import { escapeUnprintable } from "./unprintable.ts";
import { constants, fstatSync, openSync } from "node:fs";
import { destination as openDestination, pino, type DestinationStream, type Logger } from "pino";
import { prettyFactory } from "pino-pretty";

export type { Logger };
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";
export type LogOptions = { readonly level: LogLevel; readonly format: "json" | "pretty" | "journal" };

/** While nobody reads the log, this much is kept; further lines are dropped rather than memory filled. */
const maxUnwrittenBytes = 4 * 1024 * 1024;

/**
 * A logger that writes lines to `write`, by default to standard output, in the background: a slow reader of the log never
 * holds up a session. What is not yet written is written when the process exits, or by `flushLog`.
 */
export function createLogger(options: LogOptions, write?: (line: string) => void): Logger {
  return openLog(options, write).logger;
}

export type Log = {
  readonly logger: Logger;
  /** Level and format of every line from now on; child loggers follow by `withLevelOf`. */
  change(options: LogOptions): void;
  /** Lines go there from now on; undefined: to where they went at first. */
  writeTo(file: LogFile | undefined): void;
  /** What `say` logs goes to where lines went at first: it is said of the file. */
  besideFile(say: () => void): void;
};

/** Several processes write to one output. `worker`: the number of this one, which stands in each line. */
export type SharedOutput = { readonly worker?: number };

/** Systemd's. `send`: an entry in its native protocol; false where it can't be sent. */
export type Journal = { readonly send: (entry: string) => boolean };

type LogFile = Pick<AppendFile, "append" | "flush">;

/**
 * A log whose options may change while it is written; otherwise as `createLogger`. `journal`: systemd's journal reads what is written, and
 * is told the priority of each line, or, with the format `journal`, its fields. `shared`: other processes write there too.
 */
export function openLog(
  { level, format }: LogOptions,
  write?: (line: string) => void,
  journal?: Journal,
  shared?: SharedOutput,
): Log {
  const reportDropped = (count: number): void => logger.warn({ count }, "log lines dropped");
  const stream = write ? { write } : standardOutput(reportDropped, shared);
  let file: LogFile | undefined;
  const target: FlushableStream = {
    write: (line) => (file === undefined ? stream.write(line) : file.append(line)),
    flush: (done) => void flushBoth(stream, file).finally(done),
  };
  const formatted = changeableFormat(target, format, () => (file === undefined ? journal : undefined));
  const options = {
    level,
    // Neither process id nor host name: the collector of the log adds them.
    base: shared?.worker === undefined ? null : { worker: shared.worker },
    timestamp: createTimestamp(),
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, formatted.stream);
  return {
    logger,
    change(next) {
      formatted.change(next.format);
      logger.level = next.level;
    },
    writeTo: (next) => void (file = next),
    besideFile(say) {
      const before = file;
      file = undefined;
      say();
      file = before;
    },
  };
}

async function flushBoth(stream: FlushableStream, file: LogFile | undefined): Promise<void> {
  const flushed = new Promise<void>((resolve) => (stream.flush === undefined ? resolve() : stream.flush(resolve)));
  await Promise.all([flushed, file?.flush()]);
}

/**
 * `child`, with the level that its parent has now, unless it has one of its own: it would keep the one that it was made with, and to list
 * all children would keep them.
 */
export function withLevelOf(parent: Logger, child: Logger, own?: LogLevel): Logger {
  const level = own ?? parent.level;
  if (child.level !== level) child.level = level;
  return child;
}

/**
 * Resolves when everything that was logged is written, or could not be within 2 s. What can't be written any more (a closed
 * pipe) is no error.
 */
export function flushLog(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}

/** `flush` is what pino's `logger.flush()` calls. */
type FlushableStream = DestinationStream & { flush?(done?: () => void): void };

/** A line is written no later than this after it was logged. */
const writeWithinMs = 100;
/** Who has not read the log so long after the last flush does not keep the process from ending. */
const flushWithinMs = 2000;

/**
 * Standard output; a pipe is opened once more, so that no write waits in the kernel for whoever reads it: a thread that waits
 * there keeps the process from ending. The pipe of another user can't be opened.
 */
function openUnblocked(): number {
  try {
    if (!fstatSync(1).isFIFO()) return 1;
    return openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return 1;
  }
}

/** The kernel writes so much to a pipe at once or not at all (PIPE_BUF): no line of another process gets between. */
const undividedBytes = 4096;

/** Whoever reads slowly is waited for, as long as `mayWait` says so. */
const openStandardOutput = (mayWait: () => boolean, shared: SharedOutput | undefined) =>
  openDestination({
    dest: openUnblocked(),
    sync: false,
    maxLength: maxUnwrittenBytes,
    ...(shared ? { minLength: undividedBytes / 2, maxWrite: undividedBytes } : { minLength: 8 * 1024 }),
    retryEAGAIN: mayWait,
  });

/**
 * Lines are collected and written together: a write for each would cost a busy gateway more than all else that it tells operators.
 * A log in which nothing happens needs no timer. `reportDropped` is told how many lines were dropped, when there is room again.
 */
function standardOutput(reportDropped: (count: number) => void, shared: SharedOutput | undefined): FlushableStream {
  const destination = openStandardOutput(() => !isGivenUp, shared);
  let unwrittenBytes = 0;
  let dropped = 0;
  /** The last write has failed. */
  let isFailing = false;
  /** Nothing is written any more. */
  let isGivenUp = false;
  let timer: NodeJS.Timeout | undefined;

  function writeSoon(): void {
    timer ??= setTimeout(writeCollected, writeWithinMs).unref();
  }

  function writeCollected(): void {
    timer = undefined;
    // While a write is under way this does nothing; `drain` tells when that is over.
    if (unwrittenBytes > 0) destination.flush();
  }

  /** What is left would be tried for ever when the process exits. */
  function giveUp(): void {
    isGivenUp = true;
    clearTimeout(timer);
    destination.destroy();
  }

  /** A write that is under way takes only what came before it: the rest is written by another, as long as one gets on. */
  function flushOn(done: () => void): void {
    const before = unwrittenBytes;
    destination.flush(() => {
      if (unwrittenBytes > 0 && unwrittenBytes < before) return flushOn(done);
      if (isFailing && !isGivenUp) giveUp();
      done();
    });
  }

  function flush(done?: () => void): void {
    const late = setTimeout(() => {
      isGivenUp = true;
      // At the exit of the process it would be tried again.
      destination.flushSync = () => {};
      done?.();
    }, flushWithinMs);
    flushOn(() => {
      clearTimeout(late);
      done?.();
    });
  }

  destination.on("write", (bytes: number) => {
    isFailing = false;
    unwrittenBytes -= bytes;
  });
  destination.on("drop", (line: string) => {
    dropped += 1;
    unwrittenBytes -= Buffer.byteLength(line);
  });
  // A full disk, say. What could not be written is kept and tried again; nobody's session ends because of the log.
  destination.on("error", () => {
    isFailing = true;
    writeSoon();
  });
  destination.on("drain", () => {
    const count = dropped;
    dropped = 0;
    if (count > 0) reportDropped(count);
    if (unwrittenBytes > 0) writeSoon();
  });
  return {
    write(line) {
      if (isGivenUp) return;
      unwrittenBytes += Buffer.byteLength(line);
      destination.write(line);
      writeSoon();
    },
    flush,
  };
}

type LogFormat = LogOptions["format"];

/** What the journal takes off the beginning of a line (sd-daemon(3)), by pino's level. */
const journalPriorities: Readonly<Record<number, string>> = {
  ...{ 10: "<7>", 20: "<7>", 30: "<6>", 40: "<4>", 50: "<3>", 60: "<2>" },
};

/** Formats on the spot, without a worker thread. `journalNow`: who reads the line, where that is the journal. */
function changeableFormat(stream: FlushableStream, format: LogFormat, journalNow: () => Journal | undefined) {
  const prettify = prettyFactory({
    colorize: false,
    translateTime: "SYS:HH:MM:ss.l",
    hideObject: true,
    messageFormat: (log) => formatMessage(log),
  });
  let current = format;
  // A line is one line of JSON; its end is not part of the text.
  const formatted = (line: string): string =>
    current === "json" ? `${escapeUnprintable(line.trimEnd())}\n` : prettify(line);
  const isSent = (line: string, journal: Journal): boolean => {
    const log = JSON.parse(line) as Record<string, unknown>;
    return journal.send(journalEntry(log, formatMessage(log)));
  };
  const formatting: FlushableStream & { lastLevel: number } = {
    ...stream,
    // The logger notes the level of each line there before it writes it.
    [Symbol.for("pino.metadata")]: journalNow() !== undefined,
    lastLevel: 30,
    write(line) {
      const journal = journalNow();
      if (journal !== undefined && current === "journal" && isSent(line, journal)) return;
      const priority = journal === undefined ? undefined : journalPriorities[formatting.lastLevel];
      stream.write(`${priority ?? ""}${formatted(line)}`);
    },
  };
  return { stream: formatting, change: (next: LogFormat) => void (current = next) };
}

const notFields = new Set(["level", "time", "msg", "session"]);

/** `#k3f9x2a7 session started gateway=public client=192.168.1.100:51020` */
function formatMessage(log: Record<string, unknown>): string {
  const session = log["session"] === undefined ? "" : `#${formatValue(log["session"])} `;
  const fields = Object.entries(log).filter(([name]) => !notFields.has(name));
  return `${session}${escapeUnprintable(String(log["msg"]))}${fields.map(([name, value]) => ` ${name}=${formatValue(value)}`).join("")}`;
}

function formatValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=\p{Cc}\p{Cf}]+$/u.test(text) ? text : escapeUnprintable(JSON.stringify(text));
}
