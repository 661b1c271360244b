// Reply reader: bytes from the server → reply lines, each with the bytes it came in, because the gateway passes lines on
// unchanged. NUL, Telnet inside a line and anything else goes through untouched: the client knows its server. Telnet commands before
// a line are taken out, and options refused (RFC 854), or its code would not be found. A line is given out as soon as its LF is here, however long the reply it belongs to, so that an endless listing costs no more than one line.
import { readLatin1 } from "./latin1.ts";
import { createTelnetPrefix } from "./telnet-prefix.ts";

/** `text` is the line without CR and LF; `raw` is the line with its terminator exactly as received. */
export type ReplyEvent =
  | { kind: "line"; text: string; raw: string }
  | { kind: "refused"; reason: "line-too-long" }
  /** A Telnet command; `bytes` is what to answer, perhaps nothing. */
  | { kind: "telnet"; bytes: string };

export type ReplyReader = {
  feed(chunk: Uint8Array): ReplyEvent[];
  /** At the end of the stream: a last line without LF is completed, since some servers say goodbye like that. */
  end(): ReplyEvent[];
};

const lf = 0x0a;
const cr = 0x0d;
const iac = 0xff;

/**
 * What a reader that holds nothing would make of this input (latin1) if it is one ordinary line, ended by one CR and LF: the
 * line without them; else undefined. Nearly every reply comes so, and then no reader is needed.
 */
export function ordinaryReply(input: string, maxBytes: number): string | undefined {
  const length = input.length - 2;
  const isOrdinary =
    length >= 0 &&
    length <= maxBytes &&
    input.charCodeAt(0) !== iac &&
    input.indexOf("\n") === length + 1 &&
    input.charCodeAt(length) === cr &&
    input.charCodeAt(length - 1) !== cr;
  return isOrdinary ? input.slice(0, length) : undefined;
}

/** Reads reply lines of at most `maxBytes` (without terminator); a longer one is reported once and swallowed up to its LF. */
export function createReplyReader({ maxBytes }: { maxBytes: number }): ReplyReader {
  /** The line in progress, with the CRs that may turn out to belong to its terminator. */
  let held = "";
  let draining = false;
  /** Between lines. */
  const telnet = createTelnetPrefix(maxBytes);

  function feed(chunk: Uint8Array): ReplyEvent[] {
    const events: ReplyEvent[] = [];
    for (let from = 0; from < chunk.length;) {
      const lineEnd = chunk.indexOf(lf, from);
      const stop = lineEnd === -1 ? chunk.length : lineEnd;
      if (!draining && held === "") {
        const prefix = telnet.read(chunk, from, stop, lineEnd !== -1);
        for (const bytes of prefix.answers) events.push({ kind: "telnet", bytes });
        if (prefix.isTooLong) events.push({ kind: "refused", reason: "line-too-long" });
        held = prefix.text;
        from = prefix.end;
        draining = prefix.isTooLong;
      }
      if (!draining) {
        // One byte more than the limit may be held: the CR of a line that is exactly as long as allowed.
        held += readLatin1(chunk, from, Math.min(stop, from + maxBytes + 2 - held.length));
        if (held.length > maxBytes && (held.length > maxBytes + 1 || !held.endsWith("\r"))) {
          events.push({ kind: "refused", reason: "line-too-long" });
          held = "";
          draining = true;
        }
      }
      if (lineEnd === -1) break;
      if (!draining) events.push({ kind: "line", text: withoutCrs(held), raw: `${held}\n` });
      held = "";
      draining = false;
      from = lineEnd + 1;
    }
    return events;
  }

  function end(): ReplyEvent[] {
    const text = withoutCrs(held);
    const events: ReplyEvent[] = held === "" ? [] : [{ kind: "line", text, raw: `${text}\r\n` }];
    held = "";
    draining = false;
    return events;
  }

  return { feed, end };
}

/** By hand: a pattern anchored at the end would try every run of CRs inside a hostile line. */
function withoutCrs(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end -= 1;
  return line.slice(0, end);
}
