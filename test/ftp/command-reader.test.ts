import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCommandReader, ordinaryCommand, type CommandEvent } from "../../src/ftp/command-reader.ts";
import type { Quirk } from "../../src/ftp/quirks.ts";
import { bytesOf, charactersOf, cut, readEveryWay } from "./every-chunking.ts";

const maxBytes = 40;

function read(text: string): CommandEvent[] {
  return readEveryWay(() => createCommandReader({ maxBytes }), text, { text: "NOOP\r\n", events: [line("NOOP")] });
}

function line(text: string, ...quirks: Quirk[]): CommandEvent {
  return { kind: "line", text, quirks };
}

function refused(reason: "line-too-long" | "nul-byte" | "lone-cr" | "not-ftp"): CommandEvent {
  return { kind: "refused", reason };
}

function answer(bytes: string): CommandEvent {
  return { kind: "telnet-answer", bytes };
}

describe("lines", () => {
  test.each<[title: string, input: string, events: CommandEvent[]]>([
    ["a line ends at CRLF", "NOOP\r\n", [line("NOOP")]],
    ["nothing is a line before its LF", "NOOP\r", []],
    ["D3.37 lines glued together are read one by one", "USER a\r\nPASS b\r\n", [line("USER a"), line("PASS b")]],
    ["a line in progress waits behind whole ones", "SYST\r\nRETR par", [line("SYST")]],
    ["D3.36 a bare LF ends a line", "NOOP\n", [line("NOOP", "bare-lf")]],
    ["D3.36 CR CR LF ends a line once", "NOOP\r\r\nSYST\r\r\r\n", [line("NOOP", "cr-cr-lf"), line("SYST", "cr-cr-lf")]],
    [
      "D3.36 a CR inside a line is refused and the next line is read",
      "A\rB\r\nNOOP\r\n",
      [refused("lone-cr"), line("NOOP")],
    ],
    ["D3.36 a line that begins with CR is refused", "\rNOOP\r\n", [refused("lone-cr")]],
    ["an empty line is a line", "\r\n\n", [line(""), line("", "bare-lf")]],
    ["D3.57 bytes above 0x7f stay what they are", "RETR \xe3\x83\x5c\x80\x9f\r\n", [line("RETR \xe3\x83\x5c\x80\x9f")]],
    ["D3.58 blanks stay where they are", "  RETR  a \t \r\n", [line("  RETR  a \t ")]],
    ["D3.47 CR NUL inside a path stays as it came", "RETR a\r\0b\r\n", [line("RETR a\r\0b")]],
    ["D3.47 CR NUL before the terminator stays as it came", "RETR a\r\0\r\n", [line("RETR a\r\0")]],
    ["D3.47 CR NUL does not end a line", "RETR a\r\0\n", [line("RETR a\r\0", "bare-lf")]],
    ["D3.47 a NUL elsewhere is refused", "RETR a\0b\r\nNOOP\r\n", [refused("nul-byte"), line("NOOP")]],
    ["D3.47 a NUL after two CRs is refused", "A\r\r\0\r\n", [refused("lone-cr")]],
    [
      "a refused line is reported once, whatever else is wrong with it",
      "A\0\0\rB\xff\xfd\x06\0\r\n",
      [refused("nul-byte")],
    ],
  ])("%s", (_title, input, events) => {
    expect(read(input)).toEqual(events);
  });
});

describe("limits", () => {
  const longest = "x".repeat(maxBytes);

  test.each<[title: string, input: string, events: CommandEvent[]]>([
    ["a line as long as allowed is read", `${longest}\r\n`, [line(longest)]],
    [
      "D3.46 a longer line is refused once, then the reader goes on",
      `${longest}x\r\nNOOP\r\n`,
      [refused("line-too-long"), line("NOOP")],
    ],
    ["D3.62 a request that is too long is one", `POST /${longest} HTTP/1.1\r\n`, [refused("not-ftp")]],
    ["D3.62 so is one of any method for a whole URL", `X-Y http://${longest}\r\n`, [refused("not-ftp")]],
    ["D3.62 and a header that is too long", `Cookie: ${longest}\r\n`, [refused("not-ftp")]],
    ["D3.62 a command on a long path is none", `STOR /${longest}\r\n`, [refused("line-too-long")]],
    ["D3.62 a TLS handshake is known where a NUL ends the reading", "\x16\x03\x01\0\xa5\r\n", [refused("not-ftp")]],
    ["D3.46 a line without an end is refused before its end", `${longest}xxxx`, [refused("line-too-long")]],
    [
      "D3.46 a refused line stays refused however long it is",
      `${longest.repeat(5)}\r\nNOOP\r\n`,
      [refused("line-too-long"), line("NOOP")],
    ],
    ["CRs before the LF do not count", `${longest}\r\r\r\n`, [line(longest, "cr-cr-lf")]],
    ["an escaped 0xff counts as two bytes", `${"x".repeat(maxBytes - 1)}\xff\xff\r\n`, [refused("line-too-long")]],
    ["a CR NUL counts as two bytes", `${"x".repeat(maxBytes - 1)}\r\0\r\n`, [refused("line-too-long")]],
    ["Telnet commands do not count", `\xff\xf1\xff\xf1${longest}\xff\xf1\r\n`, [line(longest, "telnet-command")]],
    [
      "D3.48 a subnegotiation without an end is refused",
      `\xff\xfa${longest}xxx\r\nNOOP\r\n`,
      [refused("line-too-long"), line("NOOP")],
    ],
  ])("%s", (_title, input, events) => {
    expect(read(input)).toEqual(events);
  });

  test("D3.48 a flood of WILL gets a bounded number of answers, then the line is refused", () => {
    const events = read(`${"\xff\xfb\x01".repeat(500)}\r\nNOOP\r\n`);
    expect(events.filter((event) => event.kind === "telnet-answer")).toHaveLength(maxBytes);
    expect(events.slice(maxBytes)).toEqual([refused("line-too-long"), line("NOOP")]);
  });

  test("negotiation is counted line by line", () => {
    const events = read("\xff\xfc\x01NOOP\r\n".repeat(maxBytes + 1));
    expect(events).toEqual(Array.from({ length: maxBytes + 1 }, () => line("NOOP", "telnet-command")));
  });

  test.each([
    ["AYT", "", "\xff\xf6"],
    ["AYT behind a CR", "\r", "\xff\xf6"],
    ["what a synch may leave", "", "\xf2\xf4"],
  ])("attack: 32 MiB of %s, without an end to the line, take no time that counts (D3.48)", (_, before, again) => {
    const reader = createCommandReader({ maxBytes: 100 });
    reader.feed(bytesOf(before));
    const chunk = bytesOf(again.repeat(32_768));
    const startedAt = performance.now();
    for (let count = 0; count < 512; count += 1) expect(reader.feed(chunk)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test("Telnet keep-alives may go on between two lines for ever", () => {
    expect(read(`${"\xff\xf1".repeat(5000)}NOOP\r\n`)).toEqual([line("NOOP", "telnet-command")]);
  });
});

describe("Telnet", () => {
  test.each<[title: string, input: string, events: CommandEvent[]]>([
    ["D3.48 WILL is answered DONT", "\xff\xfb\x18", [answer("\xff\xfe\x18")]],
    ["D3.48 DO is answered WONT", "\xff\xfd\x06", [answer("\xff\xfc\x06")]],
    ["D3.48 WONT and DONT are not answered", "\xff\xfc\x01\xff\xfe\x03NOOP\r\n", [line("NOOP", "telnet-command")]],
    [
      "answers keep their place among the lines",
      "\xff\xfb\x01A\r\nB\xff\xfd\x02\r\nC\r\n",
      [
        answer("\xff\xfe\x01"),
        line("A", "telnet-command"),
        answer("\xff\xfc\x02"),
        line("B", "telnet-command"),
        line("C"),
      ],
    ],
    ["an answer does not wait for the end of the line", "RETR \xff\xfd\x06", [answer("\xff\xfc\x06")]],
    ["option 255 is answered as it is", "\xff\xfb\xff", [answer("\xff\xfe\xff")]],
    [
      "D3.48 IP, AO, AYT, DM and NOP are dropped",
      "\xff\xf4NO\xff\xf5\xff\xf6OP\xff\xf2\xff\xf1\r\n",
      [line("NOOP", "telnet-command")],
    ],
    ["D3.48 a subnegotiation is dropped", "NO\xff\xfa\x18\0xterm\xff\xf0OP\r\n", [line("NOOP", "telnet-command")]],
    [
      "a doubled IAC inside a subnegotiation does not end it",
      "\xff\xfa\x1f\xff\xff\xf0\xff\xf0NOOP\r\n",
      [line("NOOP", "telnet-command")],
    ],
    ["a SE outside of a subnegotiation is dropped", "NO\xff\xf0OP\r\n", [line("NOOP", "telnet-command")]],
    [
      "D3.48 an LF ends an unterminated subnegotiation",
      "NOOP\xff\xfa\x18\r\nSYST\r\n",
      [line("NOOP", "bare-lf", "telnet-command"), line("SYST")],
    ],
    [
      "an LF ends an unterminated option",
      "NOOP\xff\xfd\nSYST\r\n",
      [line("NOOP", "bare-lf", "telnet-command"), line("SYST")],
    ],
    ["a Telnet command may stand inside the terminator", "NOOP\r\xff\xf1\n", [line("NOOP", "telnet-command")]],
    ["D3.48 IAC IAC is a byte of the name and stays doubled", "RETR \xff\xff.txt\r\n", [line("RETR \xff\xff.txt")]],
    ["D3.48 IAC IAC begins a line as a name would", "\xff\xff\xf2A\r\n", [line("\xff\xff\xf2A")]],
    [
      "D3.48 an IAC before an ordinary byte inside a line is text",
      "RETR \xffe\r\n",
      [line("RETR \xffe", "undoubled-iac")],
    ],
    ["D3.48 an IAC before the terminator is text", "RETR \xff\r\n", [line("RETR \xff", "undoubled-iac")]],
    ["D3.48 an IAC before a bare LF is text", "RETR \xff\n", [line("RETR \xff", "undoubled-iac", "bare-lf")]],
    ["an IAC does not make a lone CR legal", "A\r\xff\n\r\xffB\r\n", [refused("lone-cr"), refused("lone-cr")]],
    ["an IAC alone before the LF is dropped", "\r\xff\n", [line("", "telnet-command")]],
    ["an IAC before a NUL does not make it legal", "A\xff\0\r\n", [refused("nul-byte")]],
    ["an escaped IAC after a CR is refused", "A\r\xff\xff\r\n", [refused("lone-cr")]],
  ])("%s", (_title, input, events) => {
    expect(sorted(read(input))).toEqual(sorted(events));
  });

  // Which quirk of a line is noted first is of no meaning.
  function sorted(events: CommandEvent[]): CommandEvent[] {
    return events.map((event) => (event.kind === "line" ? { ...event, quirks: event.quirks.toSorted() } : event));
  }
});

// IAC IP IAC DM, one byte of which travelled as urgent data and may be lost (nodejs/node#8282).
test.each([
  ["complete", "\xff\xf4\xff\xf2ABOR\r\n"],
  ["with the second IAC lost (BSD ftp, netkit)", "\xff\xf4\xf2ABOR\r\n"],
  ["with DM lost", "\xff\xf4\xffABOR\r\n"],
  ["with DM alone", "\xf2ABOR\r\n"],
  ["with IAC alone", "\xffABOR\r\n"],
  ["with IP and no IAC", "\xf4\xff\xf2ABOR\r\n"],
  ["sent twice, with the second IAC of one lost", "\xff\xf4\xff\xf2\xff\xf4\xf2ABOR\r\n"],
])("D3.49 ABOR is read behind a Telnet synch: %s", (_title, input) => {
  expect(read(input)).toEqual([line("ABOR", "telnet-command")]);
});

test("D3.49 bytes like those of a synch stay inside a name", () => {
  expect(read("RETR \xf4\xf2\r\nA\xf2\r\n")).toEqual([line("RETR \xf4\xf2"), line("A\xf2")]);
});

test("D3.49 a synch between two lines belongs to neither", () => {
  expect(read("STOR a\r\n\xff\xf4\xf2ABOR\r\nNOOP\r\n")).toEqual([
    line("STOR a"),
    line("ABOR", "telnet-command"),
    line("NOOP"),
  ]);
});

describe("any input", () => {
  const bytes = fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom("A", "x", " ", "\r", "\n", "\r\n", "\0", "\r\0") },
        { weight: 4, arbitrary: fc.integer({ min: 0xf0, max: 0xff }).map((byte) => String.fromCharCode(byte)) },
        {
          weight: 2,
          arbitrary: fc.constantFrom("\xff\xfb", "\xff\xfd", "\xff\xfa", "\xff\xf0", "\xff\xff", "\xff\xf4\xff\xf2"),
        },
        { weight: 1, arbitrary: fc.nat(255).map((byte) => String.fromCharCode(byte)) },
        { weight: 1, arbitrary: fc.constant("y".repeat(15)) },
      ),
      { maxLength: 120 },
    )
    .map((parts) => parts.join(""));

  test("is read the same however it is cut, within the limits", () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        const whole = createCommandReader({ maxBytes }).feed(bytesOf(text));
        const reader = createCommandReader({ maxBytes });
        expect(cut(text, places).flatMap((part) => reader.feed(bytesOf(part)))).toEqual(whole);
        const finished = whole.filter((event) => event.kind !== "telnet-answer");
        const lfs = text.split("\n").length - 1;
        expect(finished.length - lfs).toBeOneOf([0, 1]);
        for (const event of whole) if (event.kind === "line") expectOrdinary(event.text);
      }),
      { numRuns: 2000 },
    );
  });

  function expectOrdinary(text: string): void {
    expect(text.length).toBeLessThanOrEqual(maxBytes);
    expect(text.replaceAll("\r\0", "")).not.toMatch(/[\r\n\0]/);
    // No Telnet command reaches the server: behind an IAC stands its double or a byte below the commands.
    expect(text.replaceAll("\xff\xff", "")).not.toMatch(/\xff[\xf0-\xfe]/);
  }

  test("of ordinary lines comes out as it went in", () => {
    const ordinary = fc
      .string({ unit: fc.constantFrom(...charactersOf("AZaz09 ./\t\x80\xa0\xfe")), maxLength: maxBytes })
      .filter((text) => !/^[\xf2\xf4]/.test(text));
    fc.assert(
      fc.property(fc.array(ordinary, { maxLength: 8 }), (lines) => {
        const reader = createCommandReader({ maxBytes });
        expect(reader.feed(bytesOf(lines.map((text) => `${text}\r\n`).join("")))).toEqual(
          lines.map((text) => line(text)),
        );
      }),
    );
  });
});

describe("an ordinary line", () => {
  test.each(["NOOP\r\n", "\r\n", "RETR \xe3\x83\x80\xfe \t\r\n", `${"x".repeat(maxBytes)}\r\n`])(
    "%j is one",
    (input) => {
      expect(ordinaryCommand(input, maxBytes)).toBe(input.slice(0, -2));
    },
  );

  test.each([
    "",
    "NOOP",
    "NOOP\n",
    "NOOP\r\r\n",
    "NOOP\r\nPWD\r\n",
    "A\rB\r\n",
    "A\0\r\n",
    "A\xff\r\n",
    "\xf2ABOR\r\n",
    "\xf4\r\n",
    `${"x".repeat(maxBytes + 1)}\r\n`,
  ])("%j is none, and left to a reader", (input) => {
    expect(ordinaryCommand(input, maxBytes)).toBeUndefined();
  });

  test("is what a reader would make of it, whatever comes", () => {
    const pieces = fc.constantFrom(...charactersOf("aZ \r\n\0\xff\xf2\xf4\xfb"), "\r\n", "y".repeat(15));
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const input = `${parts.join("")}\r\n`;
        const text = ordinaryCommand(input, maxBytes);
        if (text !== undefined) expect(createCommandReader({ maxBytes }).feed(bytesOf(input))).toEqual([line(text)]);
      }),
      { numRuns: 2000 },
    );
  });
});
