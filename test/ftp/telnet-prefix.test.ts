// Telnet commands before a line of the server's, in every way of cutting them.
import { describe, expect, test } from "vitest";
import { createReplyReader, ordinaryReply, type ReplyEvent } from "../../src/ftp/reply-reader.ts";
import { bytesOf } from "./every-chunking.ts";

function line(text: string, terminator = "\r\n"): ReplyEvent {
  return { kind: "line", text, raw: text + terminator };
}

describe("Telnet in front of a line is taken out, and options are refused (D3.98)", () => {
  const answer = (bytes: string): ReplyEvent => ({ kind: "telnet", bytes });

  test.each<[string, string, ReplyEvent[]]>([
    ["WILL", "\xff\xfb\x01220 ready\r\n", [answer("\xff\xfe\x01"), line("220 ready")]],
    ["DO", "\xff\xfd\x06220 ready\r\n", [answer("\xff\xfc\x06"), line("220 ready")]],
    ["WONT and DONT", "\xff\xfc\x01\xff\xfe\x06220 a\r\n", [answer(""), answer(""), line("220 a")]],
    [
      "NOP and an option's details",
      "\xff\xf1\xff\xfa\x18\xff\xff\x01\xff\xf0331 b\r\n",
      [answer(""), answer(""), line("331 b")],
    ],
    ["between lines", "211-a\r\n\xff\xfb\x01211 b\r\n", [line("211-a"), answer("\xff\xfe\x01"), line("211 b")]],
    ["and left unfinished", "\xff\xfb\r\n220 a\r\n", [answer("\xff\xfe\r"), line("", "\n"), line("220 a")]],
  ])("%s", (_, text, expected) => {
    expect(createReplyReader({ maxBytes: 4096 }).feed(bytesOf(text))).toEqual(expected);
    const reader = createReplyReader({ maxBytes: 4096 });
    expect([...text].flatMap((byte) => reader.feed(bytesOf(byte)))).toEqual(expected);
    expect(ordinaryReply(text, 4096)).toBeUndefined();
  });

  test.each(["\xff\xff\xfb\x01 a\r\n", "\xffa\r\n", "\xff\n", "257 \xff\xfb\x01\r\n"])(
    "but for what is none, or stands inside: %j",
    (text) => {
      const events = createReplyReader({ maxBytes: 4096 }).feed(bytesOf(text));
      expect(events.map((event) => (event.kind === "line" ? event.raw : event.kind))).toEqual([text]);
    },
  );

  test("is answered before the line is whole", () => {
    expect(createReplyReader({ maxBytes: 4096 }).feed(bytesOf("\xff\xfb\x01"))).toEqual([answer("\xff\xfe\x01")]);
  });

  test("in a flood is a line that is too long (D2.31)", () => {
    const events = createReplyReader({ maxBytes: 100 }).feed(bytesOf(`${"\xff\xfb\x01".repeat(1000)}\r\n220 a\r\n`));
    expect(events.filter(({ kind }) => kind === "telnet").length).toBeLessThan(100);
    expect(events.slice(-2)).toEqual([{ kind: "refused", reason: "line-too-long" }, line("220 a")]);
  });
});
