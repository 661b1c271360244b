import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCommandReader } from "../../src/ftp/command-reader.ts";
import { parseCommand } from "../../src/ftp/command.ts";
import { format227, formatPort, parse227, parsePort, type EndpointReading } from "../../src/ftp/host-port.ts";
import type { Quirk } from "../../src/ftp/quirks.ts";
import { createReplyReader } from "../../src/ftp/reply-reader.ts";
import { readReplyLine } from "../../src/ftp/reply.ts";
import { charactersOf, readEveryWay } from "./every-chunking.ts";

function endpoint(address: string, port: number, ...quirks: Quirk[]): EndpointReading {
  return { ok: true, endpoint: { address, port }, quirks };
}

const malformed: EndpointReading = { ok: false, reason: "malformed" };
const portZero: EndpointReading = { ok: false, reason: "port-zero" };

/** The argument as it arrives in a PORT command, in any chunking. */
function overTheWire(argument: string): string | undefined {
  const [event] = readEveryWay(() => createCommandReader({ maxBytes: 4096 }), `PORT ${argument}\r\n`, {
    text: "NOOP\r\n",
    events: [{ kind: "line", text: "NOOP", quirks: [] }],
  });
  return event?.kind === "line" ? parseCommand(event.text)?.argument : undefined;
}

/** The text as it arrives in a 227 reply, in any chunking. */
function overTheWire227(text: string): string | undefined {
  const [event] = readEveryWay(() => createReplyReader({ maxBytes: 4096 }), `227 ${text}\r\n`, {
    text: "226 ok\r\n",
    events: [{ kind: "line", text: "226 ok", raw: "226 ok\r\n" }],
  });
  return event?.kind === "line" ? readReplyLine(undefined, event.text).text : undefined;
}

describe("PORT", () => {
  test.each<[title: string, argument: string, reading: EndpointReading]>([
    ["the ordinary form", "192,168,1,100,10,21", endpoint("192.168.1.100", 2581)],
    ["the highest port", "1,2,3,4,255,255", endpoint("1.2.3.4", 65535)],
    ["the lowest port", "1,2,3,4,0,1", endpoint("1.2.3.4", 1)],
    ["zero as a number", "10,0,0,5,4,0", endpoint("10.0.0.5", 1024)],
    [
      "D3.41 leading zeros, decimal and never octal",
      "010,000,001,0100,010,021",
      endpoint("10.0.1.100", 2581, "leading-zero"),
    ],
    ["D3.41 any number of leading zeros", `1,2,3,4,5,${"0".repeat(300)}6`, endpoint("1.2.3.4", 1286, "leading-zero")],
    ["D3.41 blanks after commas", "1, 2,\t3,  4, 5, 6", endpoint("1.2.3.4", 1286, "space-in-endpoint")],
    ["D3.41 blanks before commas", "1 ,2,3,4,5,6", endpoint("1.2.3.4", 1286, "space-in-endpoint")],
    ["D3.35 blanks around", " 1,2,3,4,5,6 \t", endpoint("1.2.3.4", 1286, "space-in-endpoint")],
    ["D3.42 0.0.0.0, for the session to judge", "0,0,0,0,4,1", endpoint("0.0.0.0", 1025)],
    ["D3.42 any address, for the session to judge", "127,0,0,1,0,22", endpoint("127.0.0.1", 22)],
    ["D1.13 port zero", "1,2,3,4,0,0", portZero],
    ["D1.7 a number above 255", "256,2,3,4,5,6", malformed],
    ["D1.7 a port number above 255", "1,2,3,4,5,256", malformed],
    ["D1.7 a number beyond all bounds", `1,2,3,4,5,${"9".repeat(400)}`, malformed],
    ["D3.41 D1.8 five numbers", "1,2,3,4,5", malformed],
    ["D3.41 D1.8 seven numbers", "1,2,3,4,5,6,7", malformed],
    ["D3.41 an empty field", "1,2,,4,5,6", malformed],
    ["D3.41 a comma too many", "1,2,3,4,5,6,", malformed],
    ["D3.41 dots", "1.2.3.4,5,6", malformed],
    ["D3.41 a sign", "1,2,3,4,5,-6", malformed],
    ["D3.41 hexadecimal", "0x1,2,3,4,5,6", malformed],
    ["D3.41 text behind", "1,2,3,4,5,6 x", malformed],
    ["D3.41 a digit behind a blank", "1,2,3,4,5,6 7", malformed],
    ["D3.41 parentheses", "(1,2,3,4,5,6)", malformed],
    ["D3.41 an escaped CR behind", "1,2,3,4,5,6\r\0", malformed],
    ["D3.41 a byte that Unicode calls a digit or a blank", "1,2,3,4,5,\xb2", malformed],
    ["D3.41 a no-break space", "1,2,3,4,5,6\xa0", malformed],
    ["no argument", "", malformed],
  ])("is read: %s", (_title, argument, reading) => {
    expect(parsePort(argument)).toEqual(reading);
    expect(parsePort(overTheWire(argument) ?? "")).toEqual(reading);
  });

  test("is formatted without blanks and leading zeros", () => {
    expect(formatPort({ address: "192.168.1.100", port: 2581 })).toBe("192,168,1,100,10,21");
    expect(formatPort({ address: "0.0.0.0", port: 1 })).toBe("0,0,0,0,0,1");
  });
});

describe("227", () => {
  test.each<[title: string, text: string, reading: EndpointReading]>([
    ["D1.1 the canonical form", "Entering Passive Mode (10,0,0,5,157,23)", endpoint("10.0.0.5", 40215)],
    ["D1.1 a full stop behind", "Entering Passive Mode (10,0,0,5,157,23).", endpoint("10.0.0.5", 40215)],
    [
      "D1.2 no parentheses (Roxen)",
      "Entering Passive Mode. 217,69,76,44,156,68",
      endpoint("217.69.76.44", 40004, "no-parentheses"),
    ],
    [
      "D1.2 no parentheses, lower case",
      "Entering passive mode. 127,0,0,1,4,51",
      endpoint("127.0.0.1", 1075, "no-parentheses"),
    ],
    [
      "D1.3 other text in front",
      "Data transfer will passively listen to 127,0,0,1,4,51",
      endpoint("127.0.0.1", 1075, "no-parentheses"),
    ],
    ["D1.4 the = form", "=127,0,0,1,4,51", endpoint("127.0.0.1", 1075, "equals-form")],
    [
      "D1.5 leading zeros, decimal and never octal",
      "Entering Passive Mode (010,000,000,005,0157,023)",
      endpoint("10.0.0.5", 40215, "leading-zero"),
    ],
    [
      "D1.6 blanks after commas",
      "Entering Passive Mode (10, 0, 0, 5, 157, 23)",
      endpoint("10.0.0.5", 40215, "space-in-endpoint"),
    ],
    ["D1.6 a blank behind the parenthesis", "Ok ( 10,0,0,5,157,23)", endpoint("10.0.0.5", 40215, "space-in-endpoint")],
    ["D1.6 a blank before the parenthesis", "Ok (10,0,0,5,157,23 )", endpoint("10.0.0.5", 40215, "space-in-endpoint")],
    [
      "D1.6 blanks inside the parentheses",
      "Entering Passive Mode ( 10,0,0,5,157,23 )",
      endpoint("10.0.0.5", 40215, "space-in-endpoint"),
    ],
    ["D1.7 a number above 255", "Entering Passive Mode (10,0,0,256,157,23)", malformed],
    ["D1.7 a port number above 255", "Entering Passive Mode (10,0,0,5,300,23)", malformed],
    ["D1.8 five numbers", "Entering Passive Mode (10,0,0,5,157)", malformed],
    ["D1.8 seven numbers", "Entering Passive Mode (10,0,0,5,157,23,9)", malformed],
    ["D1.8 six numbers and an empty field", "Entering Passive Mode (10,0,,0,5,157,23)", malformed],
    ["D1.9 digits in front", "Port 2 open (1,2,3,4,5,6)", endpoint("1.2.3.4", 1286, "digits-before-endpoint")],
    [
      "D1.9 a list in front that is too short",
      "Modes 1,2 open (1,2,3,4,5,6)",
      endpoint("1.2.3.4", 1286, "digits-before-endpoint"),
    ],
    [
      "D1.9 a list in front that is no endpoint",
      "(1,2,3,4,5,600) (1,2,3,4,5,6)",
      endpoint("1.2.3.4", 1286, "digits-before-endpoint"),
    ],
    [
      "D1.9 a port of zero in front",
      "(1,2,3,4,0,0) (1,2,3,4,5,6)",
      endpoint("1.2.3.4", 1286, "digits-before-endpoint"),
    ],
    ["the first of two endpoints", "(1,2,3,4,5,6) (7,8,9,10,11,12)", endpoint("1.2.3.4", 1286)],
    ["D1.10 0.0.0.0, for the session to judge", "Entering Passive Mode (0,0,0,0,157,23)", endpoint("0.0.0.0", 40215)],
    [
      "D1.11 127.0.0.1, for the session to judge",
      "Entering Passive Mode (127,0,0,1,157,23)",
      endpoint("127.0.0.1", 40215),
    ],
    [
      "D1.12 a third host, for the session to judge",
      "Entering Passive Mode (192,0,2,99,157,23)",
      endpoint("192.0.2.99", 40215),
    ],
    ["D1.13 port zero", "Entering Passive Mode (10,0,0,5,0,0)", portZero],
    [
      "D1.13 a port below 1024, for the session to judge",
      "Entering Passive Mode (10,0,0,5,0,22)",
      endpoint("10.0.0.5", 22),
    ],
    ["D1.14 a goodbye", "Logout.", malformed],
    ["D1.16 a translated text", "\xd0\x9f\xd0\xb0\xd1\x81 (10,0,0,5,157,23)", endpoint("10.0.0.5", 40215)],
    [
      "D1.16 a translated text without parentheses",
      "\x83p\x83b\x83V\x83u 10,0,0,5,157,23",
      endpoint("10.0.0.5", 40215, "no-parentheses"),
    ],
    ["no text", "", malformed],
  ])("is read: %s", (_title, text, reading) => {
    expect(parse227(text)).toEqual(reading);
    expect(parse227(overTheWire227(text) ?? "")).toEqual(reading);
  });

  test("D1.1 is formatted as every middlebox understands it", () => {
    expect(format227({ address: "192.0.2.1", port: 50010 })).toBe("Entering Passive Mode (192,0,2,1,195,90)");
  });

  test("text of 64 KiB is read in linear time, whatever it repeats", () => {
    for (const unit of ["1", " ", "1 ", "1,", "1, ", "(", "1,2,3,4,5,", "0"]) {
      expect(parse227(unit.repeat(65_536 / unit.length)).ok).toBe(false);
    }
  });
});

const endpoints = fc.record({
  address: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join(".")),
  port: fc.integer({ min: 1, max: 65_535 }),
});

test("any endpoint survives being formatted and parsed", () => {
  fc.assert(
    fc.property(endpoints, (value) => {
      expect(parsePort(formatPort(value))).toEqual({ ok: true, endpoint: value, quirks: [] });
      expect(parse227(format227(value))).toEqual({ ok: true, endpoint: value, quirks: [] });
    }),
  );
});

test("any text is read without harm, and what is read is an endpoint", () => {
  const text = fc.string({ unit: fc.constantFrom(...charactersOf("0123456789,,,,,,,, ()=.\t\0\xff")), maxLength: 60 });
  fc.assert(
    fc.property(text, (input) => {
      for (const reading of [parsePort(input), parse227(input)]) {
        if (!reading.ok) continue;
        expect(reading.endpoint.port).toBeGreaterThan(0);
        expect(parsePort(formatPort(reading.endpoint))).toEqual({ ...reading, quirks: [] });
      }
    }),
    { numRuns: 2000 },
  );
});
