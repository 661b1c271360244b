import { describe, expect, test } from "vitest";
import {
  parseAdvertised,
  parseAllowRule,
  parseCidr,
  parseCount,
  parseDuration,
  parseEntrance,
  parseListen,
  parseName,
  parsePortRange,
  parseServer,
  parseSize,
  parseVerb,
} from "../../src/config/settings.ts";
import type { Setting } from "../../src/config/settings.ts";

const refused = Symbol("refused");

function valueOf<T>(setting: Setting<T>): T | typeof refused {
  if ("value" in setting) return setting.value;
  expect(setting.problem).not.toBe("");
  return refused;
}

const bounds = { leastMs: 1, mostMs: 3_600_000_000 };

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["15m", 900_000],
    ["2h", 7_200_000],
    ["1m30s", 90_000],
    ["1h30m", 5_400_000],
    ["1h2m3s4ms", 3_723_004],
    ["30s1m", refused],
    ["1m1m", refused],
    ["15", refused],
    [15, refused],
    ["1.5h", refused],
    ["-1s", refused],
    ["1 s", refused],
    ["1d", refused],
    ["", refused],
    ["0ms", refused],
  ])("%j is %s", (raw, ms) => {
    expect(valueOf(parseDuration(raw, bounds))).toBe(ms);
  });

  test("outside its bounds is refused with the bound", () => {
    expect(parseDuration("500ms", { leastMs: 1000, mostMs: 2000 })).toEqual({
      problem: "must be at least 1s, is 500ms",
    });
    expect(parseDuration("1h", { leastMs: 1000, mostMs: 1500 })).toEqual({ problem: "must be at most 1500ms, is 1h" });
  });
});

test.each([
  [4096, 4096],
  ["4096", 4096],
  ["64KiB", 65_536],
  ["1MiB", 1_048_576],
  ["64kb", refused],
  ["64 KiB", refused],
  [-1, refused],
  [1.5, refused],
  [true, refused],
])("the size %j is %s", (raw, bytes) => {
  expect(valueOf(parseSize(raw, { least: 1, most: 2 ** 30 }))).toBe(bytes);
});

test.each([
  [1, 1],
  [10, 10],
  [0, refused],
  [11, refused],
  [1.5, refused],
  ["5", refused],
  [Number.NaN, refused],
])("the count %j between 1 and 10 is %s", (raw, count) => {
  expect(valueOf(parseCount(raw, { least: 1, most: 10 }))).toBe(count);
});

test.each([
  ["50000-50999", { first: 50_000, last: 50_999 }],
  ["50000 - 50999", { first: 50_000, last: 50_999 }],
  ["50000", { first: 50_000, last: 50_000 }],
  [50_000, { first: 50_000, last: 50_000 }],
  ["20-1023", { first: 20, last: 1023 }],
  ["1-65535", { first: 1, last: 65_535 }],
  ["2-1", refused],
  ["0-10", refused],
  ["1-65536", refused],
  ["1-2-3", refused],
  ["", refused],
  [null, refused],
])("the range %j is %s", (raw, range) => {
  expect(valueOf(parsePortRange(raw))).toEqual(range);
});

test.each([
  ["0.0.0.0:21", { address: "0.0.0.0", port: 21 }],
  ["[::]:0", { address: "::", port: 0 }],
  ["[FE80::0:1]:21", { address: "fe80::1", port: 21 }],
  [":21", refused],
  ["21", refused],
  ["::1:21", refused],
  ["host:21", refused],
])("the endpoint %j to listen on is %s", (raw, endpoint) => {
  expect(valueOf(parseListen(raw))).toEqual(endpoint);
});

test.each([
  ["10.0.0.1:21", [{ address: "10.0.0.1", port: 21 }]],
  [":21", ["0.0.0.0", "::"].map((address) => ({ address, port: 21 }))],
  [":0", ["0.0.0.0", "::"].map((address) => ({ address, port: 0 }))],
  [":", refused],
  [":65536", refused],
  [21, refused],
])("the entrance %j is %j", (raw, endpoints) => {
  expect(valueOf(parseEntrance(raw))).toEqual(endpoints);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["FD00::1", "fd00::1"],
  ["0.0.0.0", refused],
  ["::", refused],
  ["host", refused],
  [7, refused],
])("the advertised address %j is %s", (raw, address) => {
  expect(valueOf(parseAdvertised(raw))).toBe(address);
});

test.each([
  ["10.0.0.0/8", { base: "10.0.0.0", bits: 8 }],
  ["10.0.0.1", { base: "10.0.0.1", bits: 32 }],
  ["fd00::/8", { base: "fd00::", bits: 8 }],
  ["10.0.0.0/33", refused],
  ["host/8", refused],
])("the network %j is %s", (raw, network) => {
  expect(valueOf(parseCidr(raw))).toEqual(network);
});

test.each([
  ["10.0.0.5:2121", { host: "10.0.0.5", port: 2121 }],
  ["10.0.0.5", { host: "10.0.0.5", port: 21 }],
  ["[fd00::5]:2121", { host: "fd00::5", port: 2121 }],
  ["[fd00::5]", { host: "fd00::5", port: 21 }],
  ["fd00::5", { host: "fd00::5", port: 21 }],
  ["ftp", { host: "ftp", port: 21 }],
  ["Ftp.Example.COM.:990", { host: "ftp.example.com", port: 990 }],
  ["10.0.0.256:21", refused],
  ["10.0.0:21", refused],
  ["ftp..example.com", refused],
  ["-ftp.example.com", refused],
  ["ftp example:21", refused],
  ["ftp:port", refused],
  ["ftp:", refused],
  ["ftp:70000", refused],
  ["ftp:0", refused],
  ["[::]:21", refused],
  ["[ftp]:21", refused],
  [`${"a".repeat(64)}.example.com`, refused],
  [`${"a.".repeat(130)}com`, refused],
])("the server %j is %s", (raw, server) => {
  expect(valueOf(parseServer(raw))).toEqual(server);
});

test.each([
  ["*.Example.com", { kind: "name", pattern: "*.example.com" }],
  ["ftp.example.com", { kind: "name", pattern: "ftp.example.com" }],
  ["*", { kind: "name", pattern: "*" }],
  ["10.0.0.0/8", { kind: "network", network: { base: "10.0.0.0", bits: 8 } }],
  ["fd00::5", { kind: "network", network: { base: "fd00::5", bits: 128 } }],
  ["ftp.*.com", refused],
  ["**.com", refused],
  ["*.", refused],
  ["", refused],
  ["10.0.0.0/99", refused],
  ["10.0.0.999", refused],
])("the rule %j is %s", (raw, rule) => {
  expect(valueOf(parseAllowRule(raw))).toEqual(rule);
});

test.each([
  ["site", "SITE"],
  ["XSHA256", "XSHA256"],
  ["site Chmod", "SITE CHMOD"],
  ["CHMOD SITE", refused],
  ["SITE CHMOD 644", refused],
  ["", refused],
  ["NO\r\nDELE", refused],
])("the verb %j is %s", (raw, verb) => {
  expect(valueOf(parseVerb(raw))).toBe(verb);
});

test.each([
  ["public", "public"],
  ["dmz-1.eu_west", "dmz-1.eu_west"],
  ["a b", refused],
  ['a"b', refused],
  ["-a", refused],
  ["a".repeat(64), refused],
  [5, "5"],
  [1.5, refused],
])("the name %j is %s", (raw, name) => {
  expect(valueOf(parseName(raw))).toBe(name);
});

test("a message quotes what was given, but never at length", () => {
  const { problem } = parseName("x".repeat(500)) as { problem: string };
  expect(problem.length).toBeLessThan(200);
  expect(parseName({ a: 1 })).toMatchObject({ problem: expect.stringContaining("got a mapping") });
});
