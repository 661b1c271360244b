// The log: where lines go and how they look. What is logged, and at which level, is decided in telemetry.ts.
import { createTimestamp } from "./wall-clock.ts";
import type { AppendFile } from "./append-file.ts";
import { journalEntry } from "./journal-entry.ts";
import { escapeUnprintable } from "./unprintable.ts";
import { pino, type Logger } from "pino";
import { prettyFactory } from "pino-pretty";
import { type FlushableStream, type SharedOutput, standardOutput } from "./standard-output.ts";

export type { Logger };
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";
export type LogOptions = { readonly level: LogLevel; readonly format: "json" | "pretty" | "journal" };

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

type LogFormat = LogOptions["format"];

/** Nearly every line: nothing in it is to be escaped. */
const isPlain = /^[ -~]*\n$/;

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
    current !== "json" ? prettify(line) : isPlain.test(line) ? line : `${escapeUnprintable(line.trimEnd())}\n`;
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
      stream.write(priority === undefined ? formatted(line) : `${priority}${formatted(line)}`);
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
