import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostMatches, parseHostPort, parseLoginTarget } from "../../src/ftp/host-name.ts";
import { charactersOf } from "./every-chunking.ts";

describe("USER", () => {
  test.each([
    ["bob@ftp.example.com", "bob", "ftp.example.com", undefined],
    ["bob@ftp.example.com:2121", "bob", "ftp.example.com", 2121],
    ["bob@example.com@ftp.example.com", "bob@example.com", "ftp.example.com", undefined],
    ["bob@@ftp.example.com", "bob@", "ftp.example.com", undefined],
    ["bob@10.0.0.5:21", "bob", "10.0.0.5", 21],
    ["bob@[FD00::0005]:21", "bob", "fd00::5", 21],
    ["bob@[fd00::5]", "bob", "fd00::5", undefined],
    ["bob@fd00::5", "bob", "fd00::5", undefined],
    ["bob@[::ffff:10.0.0.5]", "bob", "10.0.0.5", undefined],
    ["bob@FTP.Example.COM.", "bob", "ftp.example.com", undefined],
    ["bob@host 2121 ", "bob", "host", 2121],
    ["DOM\\b\xf6b @host", "DOM\\b\xf6b ", "host", undefined],
  ])("%j names a server", (argument, user, host, port) => {
    expect(parseLoginTarget(argument)).toEqual({ ok: true, user, host, ...(port === undefined ? {} : { port }) });
  });

  test.each([[""], ["bob"], ["bob@"], ["bob@ "]])("%j names no server", (argument) => {
    expect(parseLoginTarget(argument)).toEqual({ ok: false, reason: "no-host" });
  });

  test.each([
    ["@host"],
    ["bob@host:0"],
    ["bob@host:65536"],
    ["bob@host:"],
    ["bob@host:x"],
    ["bob@-host"],
    ["bob@a b c"],
    ["bob@[fd00::5"],
  ])("%j is malformed", (argument) => {
    expect(parseLoginTarget(argument)).toEqual({ ok: false, reason: "malformed" });
  });
});

describe("OPEN and SITE", () => {
  test.each([
    ["ftp.example.com", "ftp.example.com", undefined],
    ["ftp.example.com 2121", "ftp.example.com", 2121],
    ["\tftp.example.com \t 2121", "ftp.example.com", 2121],
    ["ftp.example.com:2121", "ftp.example.com", 2121],
    ["10.0.0.5 21", "10.0.0.5", 21],
    ["[fd00::5] 21", "fd00::5", 21],
    ["fd00::5 21", "fd00::5", 21],
    ["fd00:0::5", "fd00::5", undefined],
    ["x-1.a", "x-1.a", undefined],
    ["1host.example", "1host.example", undefined],
  ])("%j is a server", (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ ok: true, host, ...(port === undefined ? {} : { port }) });
  });

  test.each([
    ["an empty text", ""],
    ["an empty label", "a..b"],
    ["a lone dot", "."],
    ["a leading dot", ".example.com"],
    ["a hyphen at the start of a label", "a.-b"],
    ["a hyphen at the end of a label", "a-.b"],
    ["an underscore", "a_b"],
    ["a byte that is no ASCII", "h\xf6st"],
    ["a label of 64", "a".repeat(64)],
    ["a name of 254", `${"a.".repeat(126)}aa`],
    ["a wildcard", "*.example.com"],
    ["a user", "bob@host"],
    ["a path", "host/21"],
    ["an IPv4 with a part above 255", "10.0.0.256"],
    ["an octal IPv4", "010.0.0.1"],
    ["an IPv4 of two parts, which resolvers read as 127.0.0.1", "127.1"],
    ["an IPv4 of one number, which resolvers read as 127.0.0.1", "2130706433"],
    ["a hexadecimal IPv4, which resolvers read as 127.0.0.1", "0x7f.1"],
    ["a hexadecimal IPv4 of one number", "0X7F000001"],
    ["a bracketed name", "[host]:21"],
    ["a bracketed IPv4", "[10.0.0.5]:21"],
    ["an unfinished bracket", "[fd00::5"],
    ["an IPv6 that is none", "fd00::5::6"],
    ["a control character", "host\0"],
    ["a port of six digits", "host 021210"],
  ])("%s is refused", (_title, text) => {
    expect(parseHostPort(text)).toEqual({ ok: false });
  });

  test("a name of 253 is accepted", () => {
    const host = `${"a.".repeat(126)}a`;
    expect(parseHostPort(host)).toEqual({ ok: true, host });
  });

  test("a long text is refused in linear time", () => {
    expect(parseHostPort(`${"a".repeat(100_000)} ${" ".repeat(100_000)}x`)).toEqual({ ok: false });
    expect(parseHostPort(`${"a:".repeat(100_000)}x`)).toEqual({ ok: false });
  });

  test("any text is read without harm, and what is read is a canonical host", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...charactersOf("aZ09.-:[]%@ \t\0\xff")) }), (text) => {
        const target = parseHostPort(text);
        if (!target.ok) return;
        expect(target.host).toMatch(/^(?:[a-z0-9.-]+|[0-9a-f:]+)$/);
        expect(parseHostPort(target.host)).toEqual({ ok: true, host: target.host });
      }),
    );
  });
});

describe("a host pattern", () => {
  test.each([
    ["*", "anything.example"],
    ["*", "10.0.0.5"],
    ["example.com", "example.com"],
    ["Example.COM.", "example.com"],
    ["*.example.com", "ftp.example.com"],
    ["*.example.com", "a.b.example.com"],
    ["*.EXAMPLE.com.", "FTP.example.com."],
    ["10.0.0.5", "10.0.0.5"],
    ["FD00::0:5", "fd00::5"],
  ])("%j means %j", (pattern, host) => {
    expect(hostMatches(pattern, host)).toBe(true);
  });

  test.each([
    ["*.example.com", "example.com"],
    ["*.example.com", "badexample.com"],
    ["*.example.com", ".example.com"],
    ["*.example.com", "example.com.evil.org"],
    ["example.com", "ftp.example.com"],
    ["*.0.0.5", "10.0.0.5"],
    ["", "example.com"],
    ["*.", "example.com"],
    ["*a", "a"],
  ])("%j does not mean %j", (pattern, host) => {
    expect(hostMatches(pattern, host)).toBe(false);
  });
});
