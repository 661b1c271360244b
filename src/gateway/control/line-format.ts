// Line format: how the bytes of one side become lines, and its lines events of a session. One for commands, one for replies.
import { createCommandReader, ordinaryCommand, type CommandEvent } from "../../ftp/command-reader.ts";
import { noQuirks } from "../../ftp/quirks.ts";
import { createReplyReader, ordinaryReply, type ReplyEvent } from "../../ftp/reply-reader.ts";
import type { SessionEvent } from "../../session/events.ts";

/** Between two lines it holds nothing, and is like a new one. */
export type LineReader = {
  feed(chunk: Uint8Array): SessionEvent[];
  /** What an incomplete line amounts to at the end of the stream. */
  end(): SessionEvent[];
};

export type LineFormat = {
  /** The event that a fresh reader would make of this input (latin1) if it is one ordinary line; else undefined. */
  ordinary(input: string): SessionEvent | undefined;
  createReader(): LineReader;
  /** The peer says no more. */
  readonly end: SessionEvent;
};

/** Of a client. A line has at most `maxBytes`, without its terminator; a longer one is an event `client-refused`. */
export function commandLines(maxBytes: number): LineFormat {
  return {
    ordinary(input) {
      const text = ordinaryCommand(input, maxBytes);
      return text === undefined ? undefined : { kind: "client-line", text, quirks: noQuirks };
    },
    createReader() {
      const reader = createCommandReader({ maxBytes });
      return { feed: (chunk) => reader.feed(chunk).map(commandEvent), end: () => [] };
    },
    end: { kind: "client-end" },
  };
}

/** Of a server. A line has at most `maxBytes`, without its terminator; a longer one is an event `server-refused`. */
export function replyLines(maxBytes: number): LineFormat {
  return {
    ordinary(input) {
      const text = ordinaryReply(input, maxBytes);
      return text === undefined ? undefined : { kind: "server-line", text, raw: input };
    },
    createReader() {
      const reader = createReplyReader({ maxBytes });
      return { feed: (chunk) => reader.feed(chunk).map(replyEvent), end: () => reader.end().map(replyEvent) };
    },
    end: { kind: "server-end" },
  };
}

function commandEvent(event: CommandEvent): SessionEvent {
  switch (event.kind) {
    case "line":
      return { kind: "client-line", text: event.text, quirks: event.quirks };
    case "refused":
      return { kind: "client-refused", reason: event.reason };
    case "telnet-answer":
      return event;
  }
}

function replyEvent(event: ReplyEvent): SessionEvent {
  switch (event.kind) {
    case "line":
      return { kind: "server-line", text: event.text, raw: event.raw };
    case "refused":
      return { kind: "server-refused", reason: event.reason };
    case "telnet":
      return { kind: "server-telnet", bytes: event.bytes };
  }
}
