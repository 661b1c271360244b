// Input of one side in fuzz tests: bytes become events one line at a time, by the readers of a control connection and as it
// takes them: an ordinary line without a reader, anything else through one that lives until its line is whole.
import type { LineFormat, LineReader } from "../../src/gateway/control/line-format.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import { bytesOf } from "../ftp/every-chunking.ts";

export type Input = {
  readonly format: LineFormat;
  /** Latin1. */
  unread: string;
  reader: LineReader | undefined;
  waiting: SessionEvent[];
  hasEnded: boolean;
  hasToldEnd: boolean;
};

export function createInput(format: LineFormat): Input {
  return { format, unread: "", reader: undefined, waiting: [], hasEnded: false, hasToldEnd: false };
}

export function hasUnread({ unread, waiting, hasEnded, hasToldEnd }: Input): boolean {
  return waiting.length > 0 || unread !== "" || (hasEnded && !hasToldEnd);
}

/** The next event, undefined if what has come amounts to none yet. */
export function takeNext(input: Input): SessionEvent | undefined {
  for (;;) {
    const next = input.waiting.shift();
    if (next !== undefined) return next;
    if (input.unread !== "") {
      const event = takeLine(input);
      if (event !== undefined) return event;
    } else {
      if (!input.hasEnded || input.hasToldEnd) return undefined;
      input.hasToldEnd = true;
      input.waiting = [...(input.reader?.end() ?? []), input.format.end];
    }
  }
}

function takeLine(input: Input): SessionEvent | undefined {
  const lineFeed = input.unread.indexOf("\n");
  const line = lineFeed === -1 ? input.unread : input.unread.slice(0, lineFeed + 1);
  input.unread = input.unread.slice(line.length);
  if (lineFeed !== -1 && input.reader === undefined) {
    const event = input.format.ordinary(line);
    if (event !== undefined) return event;
  }
  const reader = input.reader ?? input.format.createReader();
  input.reader = lineFeed === -1 ? reader : undefined;
  input.waiting = reader.feed(bytesOf(line));
  return undefined;
}
