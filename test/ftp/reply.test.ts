import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Quirk } from "../../src/ftp/quirks.ts";
import {
  formatReply,
  isNegative,
  isPositive,
  isPreliminary,
  readReplyLine,
  type ReplyLine,
  withoutHiddenAnnouncement,
} from "../../src/ftp/reply.ts";
import { charactersOf } from "./every-chunking.ts";

type Row = [title: string, line: string, position: ReplyLine["position"], code: number, text: string, ...Quirk[]];

function expectReading(open: number | undefined, [, line, position, code, text, ...quirks]: Row): void {
  expect(readReplyLine(open, line)).toEqual({ position, code, text, quirks });
}

describe("outside of a multi-line reply", () => {
  test.each<Row>([
    ["code, space and text are a whole reply", "230 Logged in.", "only", 230, "Logged in."],
    ["code and space are a whole reply", "230 ", "only", 230, ""],
    ["only one separator is taken", "230  two", "only", 230, " two"],
    ["code and hyphen begin a multi-line reply", "211-Features:", "first", 211, "Features:"],
    ["code and hyphen alone begin a multi-line reply", "220-", "first", 220, ""],
    ["a protected reply is a reply", "631 abc=", "only", 631, "abc="],
    ["D2.26 a code alone is a whole reply", "226", "only", 226, "", "bare-reply-code"],
    ["D2.26 a code below 100 is no code", "099 x", "stray", 0, "099 x", "stray-reply-line"],
    ["D2.26 a code above 699 is no code", "700 x", "stray", 0, "700 x", "stray-reply-line"],
    ["D2.26 four digits are no code", "2260 x", "stray", 0, "2260 x", "stray-reply-line"],
    [
      "D1.14 but those of announcements are, with whatever behind them",
      "2271 (10,0,0,5,200,1)",
      "only",
      227,
      "1 (10,0,0,5,200,1)",
      "odd-separator",
    ],
    ["D1.14 a 229 with a further digit too", "2290 (|||51210|)", "only", 229, "0 (|||51210|)", "odd-separator"],
    ["D1.14 a 228 with a further digit and a hyphen too", "2280-x", "only", 228, "0-x", "odd-separator"],
    ["a code not at the start is no code", " 226 x", "stray", 0, " 226 x", "stray-reply-line"],
    ["text without a code is stray", "hello", "stray", 0, "hello", "stray-reply-line"],
    ["D2.28 an empty line is stray", "", "stray", 0, "", "blank-reply-line"],
    ["D2.28 a line of blanks is stray", " \t", "stray", 0, " \t", "blank-reply-line"],
    ["a tab may separate", "220\thello", "only", 220, "hello", "odd-separator"],
    ["a missing separator loses no text", "220hello", "only", 220, "hello", "odd-separator"],
    ["another separator belongs to the text", "220:hello", "only", 220, ":hello", "odd-separator"],
  ])("%s", (...row) => expectReading(undefined, row));
});

describe("inside of a multi-line reply", () => {
  test.each<Row>([
    ["the same code and a space end it", "211 End", "last", 211, "End"],
    ["the same code and a space alone end it", "211 ", "last", 211, ""],
    ["D2.26 the bare code ends it (proftpd mod_proxy#328)", "211", "last", 211, "", "bare-reply-code"],
    ["the same code and a hyphen do not end it", "211-more", "middle", 0, "211-more"],
    ["the same code and a tab do not end it", "211\tmore", "middle", 0, "211\tmore"],
    ["the code indented does not end it", " 211 End", "middle", 0, " 211 End"],
    ["a longer number does not end it", "2110 End", "middle", 0, "2110 End"],
    ["D2.27 a line without leading space goes on (IIS STAT)", "drwxr-xr-x 2", "middle", 0, "drwxr-xr-x 2"],
    ["D2.27 another code and a space do not end it", "226 x", "middle", 0, "226 x", "other-code-in-reply"],
    ["D2.27 another code and a hyphen do not begin one", "226-x", "middle", 0, "226-x"],
    [
      "D1.15 a 227 inside is text",
      "227 Entering Passive Mode (1,2,3,4,5,6)",
      "middle",
      0,
      "227 Entering Passive Mode (1,2,3,4,5,6)",
      "other-code-in-reply",
    ],
    ["D2.28 an empty line goes on", "", "middle", 0, "", "blank-reply-line"],
  ])("%s", (...row) => expectReading(211, row));
});

test.each([
  ["of one line", "Bye.", "221 Bye.\r\n"],
  ["without text", "", "221 \r\n"],
  ["of two lines", "a\nb", "221-a\r\n221 b\r\n"],
  ["of more lines", "a\nb\nc\nd", "221-a\r\n b\r\n c\r\n221 d\r\n"],
  ["of lines that look like the end", "a\n221 b\nc", "221-a\r\n 221 b\r\n221 c\r\n"],
  ["of quoted control characters", "a\rb\0c\x1b[1m\x7f\td\xe9", "221 a?b?c?[1m??d\xe9\r\n"],
])("a reply %s is formatted", (_title, text, reply) => {
  expect(formatReply(221, text)).toBe(reply);
});

test("a formatted reply of any text is one reply that ends with its last line", () => {
  const text = fc.string({ unit: fc.constantFrom(...charactersOf("211 -\r\n\0\tabc\xff")) });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 699 }), text, (code, body) => {
      const lines = formatReply(code, body).split("\r\n");
      expect(lines.pop()).toBe("");
      const positions: string[] = [];
      let open: number | undefined;
      for (const line of lines) {
        expect(line).not.toMatch(/[\r\n\0]/);
        const { position } = readReplyLine(open, line);
        positions.push(position);
        open = position === "first" || position === "middle" ? code : undefined;
      }
      const middles = positions.slice(1, -1);
      expect(middles.filter((position) => position !== "middle")).toEqual([]);
      expect([positions[0], positions.at(-1)]).toEqual(lines.length === 1 ? ["only", "only"] : ["first", "last"]);
    }),
  );
});

test.each([
  ["in the middle", "200 a\r227 (10,0,0,5,200,1)\r\n", "200 a\r227 (xx,x,x,x,xxx,x)\r\n"],
  ["in front", "\r 229 (|||51210|)\r\n", "\r 229 (|||xxxxx|)\r\n"],
  ["twice, before more", "200 1\r\x00227 1\r2285\r200 2\n", "200 1\r\x00227 x\r228x\r200 2\n"],
  ["nowhere", "227 (10,0,0,5,200,1)\r\r\n", "227 (10,0,0,5,200,1)\r\r\n"],
])("an announcement behind a CR loses its digits: %s (D1.14)", (_, raw, passed) => {
  expect(withoutHiddenAnnouncement(raw)).toBe(passed);
});

test("any line has one reading and keeps its text", () => {
  const line = fc.string({ unit: fc.constantFrom(...charactersOf("2169 -\t:abc\0\xff")) });
  fc.assert(
    fc.property(line, fc.option(fc.constantFrom(211, 226), { nil: undefined }), (input, open) => {
      const { position, code, text } = readReplyLine(open, input);
      expect(position).toBeOneOf(open === undefined ? ["only", "first", "stray"] : ["middle", "last"]);
      expect(input.endsWith(text)).toBe(true);
      expect(code === 0).toBe(position === "middle" || position === "stray");
    }),
  );
});

test("D2.25 the first digit of a code says what follows", () => {
  const codes = [120, 151, 200, 227, 331, 350, 421, 550, 631];
  expect(codes.filter((code) => isPreliminary(code))).toEqual([120, 151]);
  expect(codes.filter((code) => isPositive(code))).toEqual([200, 227]);
  expect(codes.filter((code) => isNegative(code))).toEqual([421, 550]);
});
