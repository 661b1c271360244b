import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReplyReader, ordinaryReply, type ReplyEvent } from "../../src/ftp/reply-reader.ts";
import { bytesOf, cut, readEveryWay } from "./every-chunking.ts";

const maxBytes = 20;

function read(text: string): ReplyEvent[] {
  const trailing = { text: "200 ok\r\n", events: [line("200 ok")] };
  return readEveryWay(() => createReplyReader({ maxBytes }), text, trailing);
}

function line(text: string, terminator = "\r\n"): ReplyEvent {
  return { kind: "line", text, raw: text + terminator };
}

const refused: ReplyEvent = { kind: "refused", reason: "line-too-long" };
const longest = "2".repeat(maxBytes);

test.each<[title: string, input: string, events: ReplyEvent[]]>([
  ["a line ends at CRLF", "220 hello\r\n", [line("220 hello")]],
  ["nothing is a line before its LF", "220 hello\r", []],
  ["D2.29 replies glued together are read one by one", "150 a\r\n226 b\r\n", [line("150 a"), line("226 b")]],
  ["a bare LF is kept as it came", "220 hello\n", [line("220 hello", "\n")]],
  ["CR CR LF is kept as it came", "220 hello\r\r\n", [line("220 hello", "\r\r\n")]],
  ["a CR inside a line is text", '257 "a\r\0b"\r\n', [line('257 "a\r\0b"')]],
  ["D2.28 an empty line is a line", "\r\n\n", [line(""), line("", "\n")]],
  [
    "D2.30 control characters and Telnet pass untouched",
    "220-\x1b[1m\0\xff\xfb\x01\r\n",
    [line("220-\x1b[1m\0\xff\xfb\x01")],
  ],
  ["a line as long as allowed is read", `${longest}\r\n`, [line(longest)]],
  ["a line as long as allowed is read with a bare LF", `${longest}\n`, [line(longest, "\n")]],
  [
    "D2.31 a longer line is refused once, then the reader goes on",
    `${longest}x\r\n226 ok\r\n`,
    [refused, line("226 ok")],
  ],
  ["D2.31 a line without an end is refused before its end", longest.repeat(3), [refused]],
  ["D2.31 CRs count beyond the first", `${longest}\r\r\n`, [refused]],
  ["D2.31 a refused line swallows nothing behind its LF", `${longest.repeat(9)}\n\r\n`, [refused, line("")]],
])("%s", (_title, input, events) => {
  expect(read(input)).toEqual(events);
});

describe("the end of the stream", () => {
  function readToEnd(text: string): ReplyEvent[] {
    const reader = createReplyReader({ maxBytes });
    return [...reader.feed(bytesOf(text)), ...reader.end()];
  }

  test.each<[title: string, input: string, events: ReplyEvent[]]>([
    ["completes a last line", "221 Bye", [line("221 Bye")]],
    ["completes a last line that has its CR", "226 ok\r\n221 Bye\r", [line("226 ok"), line("221 Bye")]],
    ["adds nothing to a whole line", "221 Bye\r\n", [line("221 Bye")]],
    ["adds nothing to nothing", "", []],
    ["adds nothing to a refused line", `${longest}xx`, [refused]],
  ])("%s", (_title, input, events) => {
    expect(readToEnd(input)).toEqual(events);
  });

  test("is reported once", () => {
    const reader = createReplyReader({ maxBytes });
    reader.feed(bytesOf("221 Bye"));
    reader.end();
    expect(reader.end()).toEqual([]);
  });
});

test("any input is read the same however it is cut, and comes out byte for byte but for refused lines", () => {
  const pieces = fc.array(fc.constantFrom("2", "a", " ", "\r", "\n", "\r\n", "\0", "\xff", longest.slice(2)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(), { maxLength: 12 }), (parts, places) => {
      const text = parts.join("");
      const whole = createReplyReader({ maxBytes }).feed(bytesOf(text));
      const reader = createReplyReader({ maxBytes });
      expect(cut(text, places).flatMap((part) => reader.feed(bytesOf(part)))).toEqual(whole);
      const fits = (part: string): boolean => part.replace(/\r?\n$/, "").length <= maxBytes;
      const expected = (text.match(/[^\n]*\n/g) ?? []).filter((part) => fits(part));
      expect(whole.flatMap((event) => (event.kind === "line" ? [event.raw] : []))).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

describe("an ordinary line", () => {
  test.each(["226 ok\r\n", "\r\n", "220-\x1b\0\xff\r\n", "a\rb\r\n", `${longest}\r\n`])("%j is one", (input) => {
    expect(ordinaryReply(input, maxBytes)).toBe(input.slice(0, -2));
  });

  test.each(["", "\n", "226", "226\r", "226\n", "226\r\r\n", "150\r\n226\r\n", "150\n226\r\n", `${longest}x\r\n`])(
    "%j is none, and left to a reader",
    (input) => {
      expect(ordinaryReply(input, maxBytes)).toBeUndefined();
    },
  );

  test("is what a reader would make of it, whatever comes", () => {
    const pieces = fc.constantFrom("2", " ", "\r", "\n", "\r\n", "\0", "\xff", longest.slice(2));
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const input = `${parts.join("")}\r\n`;
        const text = ordinaryReply(input, maxBytes);
        if (text !== undefined) expect(createReplyReader({ maxBytes }).feed(bytesOf(input))).toEqual([line(text)]);
      }),
      { numRuns: 1000 },
    );
  });
});
