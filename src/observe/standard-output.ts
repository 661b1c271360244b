// Standard output as the place where the log goes: written in the background, so that a slow reader never holds up a session.
import { constants, fstatSync, openSync } from "node:fs";
import { destination as openDestination, type DestinationStream } from "pino";

/** `flush` is what pino's `logger.flush()` calls. */
export type FlushableStream = DestinationStream & { flush?(done?: () => void): void };

/** Several processes write to one output. `worker`: the number of this one, which stands in each line. */
export type SharedOutput = { readonly worker?: number };

/** While nobody reads the log, this much is kept; further lines are dropped rather than memory filled. */
const maxUnwrittenBytes = 4 * 1024 * 1024;
/** So many characters are handed on at once: who writes them looks at all that he holds whenever he is given more. */
const handedOnTogether = 8 * 1024;
/** The kernel writes so much to a pipe at once or not at all (PIPE_BUF): no line of another process gets between. */
const undividedBytes = 4096;
/** A line is written no later than this after it was logged. */
const writeWithinMs = 100;
/** Who has not read the log so long after the last flush does not keep the process from ending. */
const flushWithinMs = 2000;

type Destination = ReturnType<typeof openDestination>;

type Output = {
  readonly destination: Destination;
  /** Lines that were not handed on yet. */
  collected: string;
  /** Of those that were. */
  unwrittenBytes: number;
  dropped: number;
  /** The last write has failed. */
  isFailing: boolean;
  /** Nothing is written any more. */
  isGivenUp: boolean;
  timer: NodeJS.Timeout | undefined;
};

/**
 * Lines are collected and written together: a write for each would cost a busy gateway more than all else that it tells operators.
 * A log in which nothing happens needs no timer. `reportDropped` is told how many lines were dropped, when there is room again.
 */
export function standardOutput(reportDropped: (count: number) => void, shared?: SharedOutput): FlushableStream {
  // Where others write too, whoever writes has to know where a line ends.
  const together = shared === undefined ? handedOnTogether : 0;
  const output: Output = {
    // Whoever reads slowly is waited for, until nothing is written any more.
    destination: openStandardOutput(() => !output.isGivenUp, shared),
    ...{ collected: "", unwrittenBytes: 0, dropped: 0 },
    ...{ isFailing: false, isGivenUp: false, timer: undefined },
  };
  watch(output, reportDropped);
  return {
    write(line) {
      if (output.isGivenUp) return;
      output.collected += line;
      if (output.collected.length >= together) handOn(output);
      writeSoon(output);
    },
    flush: (done) => flush(output, done),
  };
}

/**
 * A pipe is opened once more, so that no write waits in the kernel for whoever reads it: a thread that waits there keeps the process from
 * ending. The pipe of another user can't be opened.
 */
function openUnblocked(): number {
  try {
    if (!fstatSync(1).isFIFO()) return 1;
    return openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return 1;
  }
}

function openStandardOutput(mayWait: () => boolean, shared: SharedOutput | undefined): Destination {
  return openDestination({
    dest: openUnblocked(),
    sync: false,
    maxLength: maxUnwrittenBytes,
    ...(shared ? { minLength: undividedBytes / 2, maxWrite: undividedBytes } : { minLength: handedOnTogether }),
    retryEAGAIN: mayWait,
  });
}

function watch(output: Output, reportDropped: (count: number) => void): void {
  const { destination } = output;
  destination.on("write", (bytes: number) => {
    output.isFailing = false;
    output.unwrittenBytes -= bytes;
  });
  destination.on("drop", (lines: string) => {
    output.dropped += lines.split("\n").length - 1;
    output.unwrittenBytes -= Buffer.byteLength(lines);
  });
  // A full disk, say. What could not be written is kept and tried again; nobody's session ends because of the log.
  destination.on("error", () => {
    output.isFailing = true;
    writeSoon(output);
  });
  destination.on("drain", () => {
    const count = output.dropped;
    output.dropped = 0;
    if (count > 0) reportDropped(count);
    if (output.unwrittenBytes > 0) writeSoon(output);
  });
  const flushSync = destination.flushSync.bind(destination);
  // It is called at the exit of the process.
  destination.flushSync = () => {
    handOn(output);
    flushSync();
  };
}

function writeSoon(output: Output): void {
  output.timer ??= setTimeout(writeCollected, writeWithinMs, output).unref();
}

function handOn(output: Output): void {
  const { collected, isGivenUp, destination } = output;
  if (collected === "" || isGivenUp) return;
  output.collected = "";
  output.unwrittenBytes += Buffer.byteLength(collected);
  destination.write(collected);
}

function writeCollected(output: Output): void {
  output.timer = undefined;
  handOn(output);
  // While a write is under way this does nothing; `drain` tells when that is over.
  if (output.unwrittenBytes > 0) output.destination.flush();
}

/** What is left would be tried for ever when the process exits. */
function giveUp(output: Output): void {
  output.isGivenUp = true;
  clearTimeout(output.timer);
  output.destination.destroy();
}

function flush(output: Output, done?: () => void): void {
  handOn(output);
  const late = setTimeout(() => {
    output.isGivenUp = true;
    // At the exit of the process it would be tried again.
    output.destination.flushSync = () => {};
    done?.();
  }, flushWithinMs);
  flushOn(output, () => {
    clearTimeout(late);
    done?.();
  });
}

/** A write that is under way takes only what came before it: the rest is written by another, as long as one gets on. */
function flushOn(output: Output, done: () => void): void {
  const before = output.unwrittenBytes;
  output.destination.flush(() => {
    if (output.unwrittenBytes > 0 && output.unwrittenBytes < before) return flushOn(output, done);
    if (output.isFailing && !output.isGivenUp) giveUp(output);
    done();
  });
}
