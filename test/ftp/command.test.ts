import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  looksLikeAnotherProtocol,
  maskCommand,
  metricVerb,
  parseCommand,
  transferDirection,
} from "../../src/ftp/command.ts";
import { createCommandReader } from "../../src/ftp/command-reader.ts";
import type { Quirk } from "../../src/ftp/quirks.ts";
import { bytesOf, charactersOf } from "./every-chunking.ts";

test.each<[title: string, line: string, verb: string, argument: string, forwarded: string, ...Quirk[]]>([
  ["verb and argument", "RETR a.txt", "RETR", "a.txt", "RETR a.txt"],
  ["a verb alone", "PASV", "PASV", "", "PASV"],
  ["a verb and a separator", "PASV ", "PASV", "", "PASV "],
  ["D3.34 case is ignored and forwarded as typed", "reTr A.txt", "RETR", "A.txt", "reTr A.txt"],
  ["D3.34 a verb with other letters keeps them", "r\xe9\xffr", "R\xe9\xffR", "", "r\xe9\xffr"],
  ["D3.35 leading blanks are dropped", " \t\v\fRETR a", "RETR", "a", "RETR a", "leading-space"],
  ["D3.35 a tab may separate", "RETR\ta", "RETR", "a", "RETR\ta", "odd-separator"],
  ["D3.35 VT and FF may separate", "RETR\v\fa", "RETR", "\fa", "RETR\v\fa", "odd-separator"],
  ["D3.35 D3.58 blanks beyond the first belong to a name", "RETR  a b ", "RETR", " a b ", "RETR  a b "],
  ["D3.57 a name is kept as bytes", "RETR \x83\x5c\xe3\x81", "RETR", "\x83\x5c\xe3\x81", "RETR \x83\x5c\xe3\x81"],
  [
    "D3.58 parentheses, digits and quotes are text",
    'DELE (1,2,3,4,5,6) "x""',
    "DELE",
    '(1,2,3,4,5,6) "x""',
    'DELE (1,2,3,4,5,6) "x""',
  ],
  ["D3.47 an escaped CR is text", "RETR a\r\0b", "RETR", "a\r\0b", "RETR a\r\0b"],
])("a command is read: %s", (_title, line, verb, argument, forwarded, ...quirks) => {
  expect(parseCommand(line)).toEqual({ verb, argument, line: forwarded, quirks });
});

test.each([[""], [" "], ["\t\v\f "]])("a blank line is no command: %j", (line) => {
  expect(parseCommand(line)).toBeUndefined();
});

test("any line is a command or blank, and its parts are parts of the line", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...charactersOf("aZ \t\v\f\r\0\xff\xe9")) }), (line) => {
      const command = parseCommand(line);
      if (command === undefined) {
        expect(line).toMatch(/^[ \t\v\f]*$/);
        return;
      }
      expect(line.endsWith(command.line)).toBe(true);
      expect(command.line.endsWith(command.argument)).toBe(true);
      expect(command.verb).toMatch(/^[^ \t\v\fa-z]+$/);
      expect(command.line.length - command.argument.length - command.verb.length).toBeOneOf([0, 1]);
    }),
  );
});

describe("masking", () => {
  test.each<[string, string]>([
    ["PASS secret", "PASS ****"],
    ["pass secret", "pass ****"],
    [" \tPaSs \t secret with blanks ", " \tPaSs ****"],
    ["PASS\tsecret", "PASS ****"],
    ["PASSsecret", "PASS ****"],
    ["PASS:secret", "PASS ****"],
    ["\xf2\0PASS secret", "\xf2\0PASS ****"],
    ["PASS secret\nsecret\rsecret", "PASS ****"],
    ["ACCT secret", "ACCT ****"],
    ["ADAT c2VjcmV0", "ADAT ****"],
    ["MIC c2VjcmV0", "MIC ****"],
    ["SITE PSWD old;secret", "SITE ****"],
    ["site chpass bob secret", "site ****"],
    ["SITE CPWD secret", "SITE ****"],
    ["OPEN ftp://u:secret@ftp.example.com", "OPEN ****"],
    ["open u:secret@ftp.example.com 21", "open ****"],
    ...["PAS", "ASS", "PSS", "PASD", "OASS", "psas", "apss", "PAASS", "PASWS", "OPASS"].map(
      (typed): [string, string] => [`${typed} secret`, `${typed} ****`],
    ),
  ])("hides the secret of %j", (line, masked) => {
    expect(maskCommand(line)).toBe(masked);
  });

  test.each([
    ["PASV"],
    ["PASS"],
    ["USER pass"],
    ["SITE CHMOD 644 a"],
    ["RETR PASS secret"],
    ["OPEN ftp.example.com 2121"],
    ["PASV 1,2,3"],
    ["PAS"],
    ["MASK a"],
    ["STOR site password"],
    [""],
  ])("leaves %j as it is", (line) => {
    expect(maskCommand(line)).toBe(line);
  });

  test("lets no password through, however it is typed", () => {
    const blanks = fc.string({ unit: fc.constantFrom(" ", "\t", "\v", "\f"), minLength: 1, maxLength: 4 });
    const verb = fc.constantFrom("PASS", "pass", "Acct", "aDAT", "SITE PSWD", "site pass");
    const before = fc.string({ unit: fc.constantFrom(" ", "\t", "\xff\xf4", "\xf2"), maxLength: 4 });
    fc.assert(
      fc.property(before, verb, blanks, (junk, typed, separator) => {
        const line = `${junk}${typed}${separator}hunter2`;
        expect(maskCommand(line)).not.toContain("hunter");
        const command = parseCommand(line);
        expect(maskCommand(command?.line ?? "hunter")).not.toContain("hunter");
        for (const event of createCommandReader({ maxBytes: 100 }).feed(bytesOf(`${line}\r\n`))) {
          if (event.kind === "line") expect(maskCommand(event.text)).not.toContain("hunter");
        }
      }),
    );
  });
});

test("a verb is a metric label only if it is of the closed list", () => {
  const known = ["USER", "PORT", "EPSV", "LPSV", "MLSD", "AUTH", "HOST", "ALGS", "PRET", "CPSV", "OPEN"];
  // D3.55, D3.56
  const inUse = [
    "OPTS",
    "CLNT",
    "MFMT",
    "XCRC",
    "XMD5",
    "HASH",
    "SITE",
    "SIZE",
    "MDTM",
    "THMB",
    "AVBL",
    "XCWD",
    "XPWD",
    "XMKD",
    "XRMD",
    "XCUP",
  ];
  expect([...known, ...inUse].filter((verb) => metricVerb(verb) !== verb)).toEqual([]);
  expect(["", "other", "GET", "user", "constructor", "__proto__", "USER "].map(metricVerb)).toEqual(
    Array.from({ length: 7 }, () => "other"),
  );
});

describe("D3.62 another protocol", () => {
  test.each([
    ["GET / HTTP/1.1"],
    ["get /index.html http/1.0"],
    ["POST /a b HTTP/1.1"],
    ["PUT /x HTTP/1.1"],
    ["HEAD / HTTP/1.1"],
    ["CONNECT 10.0.0.5:22 HTTP/1.1"],
    ["OPTIONS * HTTP/1.1"],
    ["PRI * HTTP/2.0"],
    ["OPTIONS rtsp://10.0.0.5/ RTSP/1.0"],
    ["REGISTER sip:10.0.0.5 SIP/2.0"],
    ["HELO mail.example.com"],
    ["ehlo [10.0.0.5]"],
    ["EHLO"],
    ["SSH-2.0-OpenSSH_9.2"],
    ["\x16\x03\x01"],
    ["Host: ftp.example.com"],
    ["Content-Length:5"],
    [" folded: header"],
    ["MAIL FROM:<a@example.com>"],
    ["RCPT TO:<a@example.com>"],
    ["MKCOL /x HTTP/1.1"],
    ["OPTIONS icap://10.0.0.5/ ICAP/1.0"],
  ])("is recognised in %j", (line) => {
    expect(looksLikeAnotherProtocol(line)).toBe(true);
  });

  test.each([
    ["USER anonymous"],
    ["HELP"],
    ["OPTS UTF8 ON"],
    ["HOST ftp.example.com"],
    ["get file.txt"],
    ["STOR a HTTP/1.1"],
    ["HELOX"],
    ["SITE Host: x"],
    ["CLNT a: b HTTP/1.1"],
    ["XYZZY a: b"],
    ["MAIL a from: b"],
    ["\x16USER"],
    [""],
  ])("is not suspected in %j", (line) => {
    expect(looksLikeAnotherProtocol(line)).toBe(false);
  });
});

test.each([
  ["RETR", "download"],
  ["MLSD", "download"],
  ["STOU", "upload"],
  ["APPE", "upload"],
  ["SIZE", undefined],
  ["CONSTRUCTOR", undefined],
  ["__proto__", undefined],
])("data of %s goes by %s", (verb, direction) => {
  expect(transferDirection(verb)).toBe(direction);
});
