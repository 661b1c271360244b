import fc from "fast-check";
import { expect, test } from "vitest";
import { commandLines, replyLines } from "../../../src/gateway/control/line-format.ts";

const formats = { commands: commandLines(20), replies: replyLines(20) };
const sides = ["commands", "replies"] as const;

const endings = [
  "PWD\r\n",
  "x".repeat(50) + "\n",
  "a\0b\n",
  "a\rb\n",
  "\xff\xfb\n",
  "\xff\xfa unfinished\n",
  "\xff\n",
  "\r\r\r\n",
];

test.each(endings)("a reader that was fed %j is as new: the next line is read as by a fresh one", (line) => {
  const next = Buffer.from("STAT \xff\xfff\r\nrest", "latin1");
  for (const side of sides) {
    const used = formats[side].createReader();
    used.feed(Buffer.from(line, "latin1"));
    expect(used.feed(next)).toEqual(formats[side].createReader().feed(next));
  }
});

test.each(sides)("an ordinary line of %s is the event that a fresh reader makes of it", (side) => {
  const character = fc.constantFrom("a", " ", "1", "\r", "\0", "\xff", "\xf2", "\xf4", "\xe4", "-");
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 24 }), (text) => {
      const input = `${text}\r\n`;
      const event = formats[side].ordinary(input);
      if (event === undefined) return;
      expect([event]).toEqual(formats[side].createReader().feed(Buffer.from(input, "latin1")));
    }),
  );
  expect(formats[side].ordinary("200 a\r\n")).toBeDefined();
});

test("an incomplete last line of a server is one, an incomplete command is none", () => {
  const [command, reply] = [formats.commands.createReader(), formats.replies.createReader()];
  for (const reader of [command, reply]) reader.feed(Buffer.from("221 bye"));
  expect(command.end()).toEqual([]);
  expect(reply.end()).toEqual([{ kind: "server-line", text: "221 bye", raw: "221 bye\r\n" }]);
});
