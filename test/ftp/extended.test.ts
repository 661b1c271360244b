import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  format229,
  formatEprt,
  parse229,
  parseEprt,
  parseEpsv,
  type EprtReading,
  type EpsvArgument,
  type PortReading,
} from "../../src/ftp/extended.ts";
import type { Quirk } from "../../src/ftp/quirks.ts";
import { createCommandReader } from "../../src/ftp/command-reader.ts";
import { parseCommand } from "../../src/ftp/command.ts";
import { createReplyReader } from "../../src/ftp/reply-reader.ts";
import { readReplyLine } from "../../src/ftp/reply.ts";
import { charactersOf, readEveryWay } from "./every-chunking.ts";

const malformed = { ok: false, reason: "malformed" } as const;
const portZero = { ok: false, reason: "port-zero" } as const;
const unsupported = { ok: false, reason: "unsupported-family" } as const;

function endpoint(address: string, port: number, ...quirks: Quirk[]): EprtReading {
  return { ok: true, family: address.includes(":") ? 6 : 4, endpoint: { address, port }, quirks };
}

function portReading(port: number, ...quirks: Quirk[]): PortReading {
  return { ok: true, port, quirks };
}

/** The argument as it arrives in an EPRT command, in any chunking. */
function overTheWire(argument: string): string | undefined {
  const [event] = readEveryWay(() => createCommandReader({ maxBytes: 4096 }), `EPRT ${argument}\r\n`, {
    text: "NOOP\r\n",
    events: [{ kind: "line", text: "NOOP", quirks: [] }],
  });
  return event?.kind === "line" ? parseCommand(event.text)?.argument : undefined;
}

/** The text as it arrives in a 229 reply, in any chunking. */
function overTheWire229(text: string): string | undefined {
  const [event] = readEveryWay(() => createReplyReader({ maxBytes: 4096 }), `229 ${text}\r\n`, {
    text: "226 ok\r\n",
    events: [{ kind: "line", text: "226 ok", raw: "226 ok\r\n" }],
  });
  return event?.kind === "line" ? readReplyLine(undefined, event.text).text : undefined;
}

describe("EPRT", () => {
  test.each<[title: string, argument: string, reading: EprtReading]>([
    ["the IPv4 example of RFC 2428", "|1|132.235.1.2|6275|", endpoint("132.235.1.2", 6275)],
    ["the IPv6 example of RFC 2428", "|2|1080::8:800:200C:417A|5282|", endpoint("1080::8:800:200c:417a", 5282)],
    ["IPv6 written out", "|2|FD00:0:0:0:0:0:0:0005|65535|", endpoint("fd00::5", 65535)],
    ["IPv6 with an IPv4 tail", "|2|64:ff9b::10.0.0.5|21|", endpoint("64:ff9b::a00:5", 21)],
    ["D3.43 another delimiter", "!1!10.0.0.5!6275!", endpoint("10.0.0.5", 6275, "other-delimiter")],
    ["D3.43 the first delimiter, 33, and the last, 126", "~2~::1~6275~", endpoint("::1", 6275, "other-delimiter")],
    ["D3.43 a letter as delimiter", "x1x10.0.0.5x6275x", endpoint("10.0.0.5", 6275, "other-delimiter")],
    ["D3.43 a digit as delimiter that a field holds", "9192.0.2.1922", malformed],
    [
      "D3.43 a digit as delimiter that no field holds",
      "71710.0.0.5762257",
      endpoint("10.0.0.5", 6225, "other-delimiter"),
    ],
    ["D3.43 a zone id, dropped", "|2|fe80::1%eth0|6275|", endpoint("fe80::1", 6275, "zone-id")],
    [
      "D3.43 an IPv4-mapped address, taken as IPv4",
      "|2|::ffff:10.0.0.5|6275|",
      endpoint("10.0.0.5", 6275, "mapped-address"),
    ],
    [
      "D3.43 an IPv4-mapped address in hexadecimal",
      "|2|::FFFF:a00:5|6275|",
      endpoint("10.0.0.5", 6275, "mapped-address"),
    ],
    ["D3.43 an IPv6 literal as protocol 1", "|1|::1|6275|", malformed],
    ["D3.43 an IPv4-mapped address as protocol 1", "|1|::ffff:10.0.0.5|6275|", malformed],
    ["D3.43 an IPv4 literal as protocol 2", "|2|10.0.0.5|6275|", malformed],
    ["D3.43 an unknown protocol", "|3|10.0.0.5|6275|", unsupported],
    ["D3.43 protocol zero", "|0|10.0.0.5|6275|", unsupported],
    ["D3.43 an unknown protocol, whatever its address and port", "|16|x|y|", unsupported],
    ["leading zeros, decimal and never octal", "|01|010.0.00.05|06275|", endpoint("10.0.0.5", 6275, "leading-zero")],
    ["leading zeros of a long port", "|2|::1|0000006275|", endpoint("::1", 6275, "leading-zero")],
    ["blanks around", " |1|10.0.0.5|6275| ", endpoint("10.0.0.5", 6275, "space-in-endpoint")],
    ["blanks inside", "| 1 | 10.0.0.5 | 6275 |", endpoint("10.0.0.5", 6275, "space-in-endpoint")],
    ["D3.42 an unspecified address, for the session to judge", "|2|::|6275|", endpoint("::", 6275)],
    ["D1.13 port zero", "|1|10.0.0.5|0|", portZero],
    ["a port above 65535", "|1|10.0.0.5|65536|", malformed],
    ["a port that is none", "|1|10.0.0.5|21x|", malformed],
    ["no port", "|1|10.0.0.5||", malformed],
    ["no address", "|1||6275|", malformed],
    ["no protocol", "||10.0.0.5|6275|", malformed],
    ["a protocol that is none", "|x|10.0.0.5|6275|", malformed],
    ["no last delimiter", "|1|10.0.0.5|6275", malformed],
    ["text behind the last delimiter", "|1|10.0.0.5|6275|x", malformed],
    ["a field too many", "|1|10.0.0.5|6275||", malformed],
    ["two delimiters", "|1!10.0.0.5!6275|", malformed],
    ["an IPv4 of three parts", "|1|10.0.5|6275|", malformed],
    ["an IPv4 part above 255", "|1|10.0.0.256|6275|", malformed],
    ["an IPv4 part in hexadecimal", "|1|0xa.0.0.5|6275|", malformed],
    ["a mapped IPv4 part in hexadecimal", "|2|::ffff:0xa.0.0.5|6275|", malformed],
    ["a bracketed IPv6", "|2|[::1]|6275|", malformed],
    ["a name", "|1|localhost|6275|", malformed],
    ["the form of PORT", "10,0,0,5,24,131", malformed],
    ["a delimiter above 126", "\x7f1\x7f10.0.0.5\x7f6275\x7f", malformed],
    ["a delimiter that is no ASCII", "\xa61\xa610.0.0.5\xa66275\xa6", malformed],
    ["no argument", "", malformed],
  ])("is read: %s", (_title, argument, reading) => {
    expect(parseEprt(argument)).toEqual(reading);
    expect(parseEprt(overTheWire(argument) ?? "")).toEqual(reading);
  });

  test("is formatted with |", () => {
    expect(formatEprt({ address: "132.235.1.2", port: 6275 })).toBe("|1|132.235.1.2|6275|");
    expect(formatEprt({ address: "fd00::5", port: 5282 })).toBe("|2|fd00::5|5282|");
  });
});

describe("229", () => {
  test.each<[title: string, text: string, reading: PortReading]>([
    ["D2.19 the example of RFC 2428", "Entering Extended Passive Mode (|||6446|)", portReading(6446)],
    ["D2.19 other text (pure-ftpd)", "Extended Passive mode OK (|||6446|)", portReading(6446)],
    ["D2.19 text behind", "Entering Extended Passive Mode (|||6446|).", portReading(6446)],
    ["D2.19 no text", "(|||6446|)", portReading(6446)],
    ["D2.20 another delimiter", "Entering Extended Passive Mode (!!!6446!)", portReading(6446, "other-delimiter")],
    ["D2.20 a letter as delimiter", "Entering Extended Passive Mode (xxx6446x)", portReading(6446, "other-delimiter")],
    ["D2.20 a delimiter that does not close", "Entering Extended Passive Mode (|||6446!)", malformed],
    ["D2.20 a delimiter that changes", "Entering Extended Passive Mode (|!|6446|)", malformed],
    [
      "D2.21 protocol and address filled in",
      "Entering Extended Passive Mode (|2|::1|6446|)",
      portReading(6446, "family-in-229"),
    ],
    [
      "D2.21 an address alone filled in",
      "Entering Extended Passive Mode (||10.0.0.5|6446|)",
      portReading(6446, "family-in-229"),
    ],
    ["a parenthesis in front", "Port (2) open (|||6446|)", portReading(6446)],
    ["an unfinished parenthesis in front", "Open (see (|||6446|)", portReading(6446)],
    ["an endpoint that is none in front", "(|||70000|) (|||6446|)", portReading(6446)],
    ["no parentheses", "Entering Extended Passive Mode |||6446|", portReading(6446, "no-parentheses")],
    [
      "no parentheses (IBM i writes !)",
      "Entering Extended Passive Mode !!!6446!",
      portReading(6446, "other-delimiter", "no-parentheses"),
    ],
    ["no closing parenthesis", "Entering Extended Passive Mode (|||6446|", portReading(6446, "no-parentheses")],
    ["blanks inside", "Entering Extended Passive Mode ( ||| 6446 | )", portReading(6446, "space-in-endpoint")],
    ["leading zeros", "Entering Extended Passive Mode (|||0006446|)", portReading(6446, "leading-zero")],
    ["D1.13 port zero", "Entering Extended Passive Mode (|||0|)", portZero],
    ["a port above 65535", "Entering Extended Passive Mode (|||65536|)", malformed],
    ["no port", "Entering Extended Passive Mode (||||)", malformed],
    ["no last delimiter", "Entering Extended Passive Mode (|||6446)", malformed],
    ["the form of 227", "Entering Passive Mode (10,0,0,5,157,23)", malformed],
    ["no endpoint", "EPSV ALL ok.", malformed],
    ["no text at all", "", malformed],
  ])("is read: %s", (_title, text, reading) => {
    expect(parse229(text)).toEqual(reading);
    expect(parse229(overTheWire229(text) ?? "")).toEqual(reading);
  });

  test("D2.19 is formatted as every middlebox understands it", () => {
    expect(format229(51_210)).toBe("Entering Extended Passive Mode (|||51210|)");
  });

  test("text of 64 KiB is read in linear time, whatever it repeats", () => {
    for (const unit of ["(", "()", "|", "|||x", "||| ", "(|||", "1", " "]) {
      expect(parse229(unit.repeat(65_536 / unit.length)).ok).toBe(false);
    }
  });
});

test.each<[argument: string, reading: EpsvArgument]>([
  ["", { kind: "any" }],
  ["  ", { kind: "any" }],
  ["1", { kind: "family", family: 4 }],
  ["2", { kind: "family", family: 6 }],
  [" 2\t", { kind: "family", family: 6 }],
  ["ALL", { kind: "all" }],
  ["all", { kind: "all" }],
  ["aLL ", { kind: "all" }],
  ["0", { kind: "unsupported-family" }],
  ["3", { kind: "unsupported-family" }],
  ["9".repeat(400), { kind: "unsupported-family" }],
  ["-1", { kind: "malformed" }],
  ["1 2", { kind: "malformed" }],
  ["IPv6", { kind: "malformed" }],
  ["ALLE", { kind: "malformed" }],
])("D2.22 the argument of EPSV is read: %j", (argument, reading) => {
  expect(parseEpsv(argument)).toEqual(reading);
});

const ports = fc.integer({ min: 1, max: 65_535 });

test("any endpoint survives being formatted and parsed", () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(addresses, ports, (address, number) => {
      const reading = parseEprt(formatEprt({ address, port: number }));
      expect(reading.ok).toBe(true);
      if (!reading.ok) return;
      expect(reading.endpoint.port).toBe(number);
      expect(parseEprt(formatEprt(reading.endpoint))).toEqual({ ...reading, quirks: [] });
    }),
  );
});

test("any port survives being formatted and parsed", () => {
  fc.assert(
    fc.property(ports, (number) => {
      expect(parse229(format229(number))).toEqual({ ok: true, port: number, quirks: [] });
    }),
  );
});

test("any text is read without harm, and what is read is in range", () => {
  const text = fc.string({ unit: fc.constantFrom(...charactersOf("|||||||!!!!()012:.%af \0\xff")), maxLength: 40 });
  fc.assert(
    fc.property(text, (input) => {
      const reading = parse229(input);
      if (reading.ok) expect(parse229(format229(reading.port))).toEqual({ ...reading, quirks: [] });
      const eprt = parseEprt(input);
      if (eprt.ok) expect(parseEprt(formatEprt(eprt.endpoint))).toEqual({ ...eprt, quirks: [] });
      expect(parseEpsv(input).kind).toBeTypeOf("string");
    }),
    { numRuns: 2000 },
  );
});
