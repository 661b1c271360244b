import fc from "fast-check";
import { expect, test } from "vitest";
import {
  parseAdvertised,
  parseCidr,
  parseCount,
  parseDuration,
  parseEntrance,
  parseListen,
  parsePercent,
  parsePortRange,
  parseServer,
  parseSize,
  type Setting,
} from "../../src/config/settings.ts";
import {
  nearestAddress,
  nearestBoolean,
  nearestCount,
  nearestDuration,
  nearestListen,
  nearestNetwork,
  nearestPercent,
  nearestPortRange,
  nearestServer,
  nearestSize,
} from "../../src/config/suggestions.ts";

const entrance = (raw: unknown) => nearestListen(raw, "", 21);
const admin = (raw: unknown) => nearestListen(raw, "127.0.0.1", 9121);

test.each<[string, (raw: unknown) => string | undefined, unknown, string | undefined]>([
  ["duration", nearestDuration, 900, "900s"],
  ["duration", nearestDuration, "900", "900s"],
  ["duration", nearestDuration, "15 min", "15m"],
  ["duration", nearestDuration, "15 Minutes", "15m"],
  ["duration", nearestDuration, "30sec", "30s"],
  ["duration", nearestDuration, "500 msec", "500ms"],
  ["duration", nearestDuration, "1.5h", "1h30m"],
  ["duration", nearestDuration, 0.5, "500ms"],
  ["duration", nearestDuration, "1d", "24h"],
  ["duration", nearestDuration, "1m 30s", "1m30s"],
  ["duration", nearestDuration, "30s 1m", "1m30s"],
  ["duration", nearestDuration, "soon", undefined],
  ["duration", nearestDuration, "5 parsecs", undefined],
  ["duration", nearestDuration, "-5s", undefined],
  ["size", nearestSize, "64kb", "64KiB"],
  ["size", nearestSize, "64 KiB", "64KiB"],
  ["size", nearestSize, "1.5M", "1536KiB"],
  ["size", nearestSize, "1g", "1024MiB"],
  ["size", nearestSize, "100 bytes", "100"],
  ["size", nearestSize, "big", undefined],
  ["count", nearestCount, "100", "100"],
  ["count", nearestCount, "10_000", "10000"],
  ["count", nearestCount, "10k", "10000"],
  ["count", nearestCount, "many", undefined],
  ["share", nearestPercent, 50, "50%"],
  ["share", nearestPercent, "50 %", "50%"],
  ["share", nearestPercent, 0.5, "50%"],
  ["share", nearestPercent, 500, undefined],
  ["range of ports", nearestPortRange, "50000:50999", "50000-50999"],
  ["range of ports", nearestPortRange, "50000..50999", "50000-50999"],
  ["range of ports", nearestPortRange, "50000 to 50999", "50000-50999"],
  ["range of ports", nearestPortRange, [50_000, 50_999], "50000-50999"],
  ["range of ports", nearestPortRange, "0-10", undefined],
  ["entrance", entrance, 21, ":21"],
  ["entrance", entrance, "21", ":21"],
  ["entrance", entrance, "*:21", ":21"],
  ["entrance", entrance, "localhost:21", "127.0.0.1:21"],
  ["entrance", entrance, "tcp://0.0.0.0:21", "0.0.0.0:21"],
  ["entrance", entrance, "0.0.0.0", "0.0.0.0:21"],
  ["entrance", entrance, "::", "[::]:21"],
  ["entrance", entrance, "ftp.example.com:21", undefined],
  ["admin endpoint", admin, ":9121", "127.0.0.1:9121"],
  ["admin endpoint", admin, 9121, "127.0.0.1:9121"],
  ["server", nearestServer, "ftp://10.0.0.5/", "10.0.0.5"],
  ["server", nearestServer, "anna@ftp.example.com:21", "ftp.example.com:21"],
  ["server", nearestServer, "10.0.0.5:21/pub", "10.0.0.5:21"],
  ["server", nearestServer, "two words", undefined],
  ["address", nearestAddress, "203.0.113.7:21", "203.0.113.7"],
  ["address", nearestAddress, "203.0.113.7/24", "203.0.113.7"],
  ["address", nearestAddress, "[fd00::1]", "fd00::1"],
  ["address", nearestAddress, "ftp.example.com", undefined],
  ["network", nearestNetwork, "10.0.0.0/255.0.0.0", "10.0.0.0/8"],
  ["network", nearestNetwork, "10.1.*", "10.1.0.0/16"],
  ["network", nearestNetwork, "10.1.2.", "10.1.2.0/24"],
  ["network", nearestNetwork, "10.0.0.0/255.0.255.0", undefined],
  ["boolean", nearestBoolean, "yes", "true"],
  ["boolean", nearestBoolean, "off", "false"],
  ["boolean", nearestBoolean, "perhaps", undefined],
])("%s: near to %3$j is %4$j", (_what, suggest, raw, meant) => {
  expect(suggest(raw)).toBe(meant);
});

const mistaken = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789.:-/*[] kmsh%@".split("")), maxLength: 20 }),
  fc.string({ maxLength: 12 }),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.integer({ min: -1, max: 70_000 }), { maxLength: 3 }),
  fc.constantFrom(null, {}, "21", ":99999", "1.5h", "0 s", "ftp://x/"),
);

/** What is suggested is right where the wrong value stood. */
test.each<[string, (raw: unknown) => Setting<unknown>]>([
  ["duration", (raw) => parseDuration(raw, { leastMs: 1000, mostMs: 3_600_000 })],
  ["size", (raw) => parseSize(raw, { least: 64, most: 2 ** 20 })],
  [
    "count",
    (raw) => parseCount(typeof raw === "string" && /^[1-9]\d*$/.test(raw) ? Number(raw) : raw, { least: 1, most: 100 }),
  ],
  ["share", parsePercent],
  ["entrance", parseEntrance],
  ["admin endpoint", parseListen],
  ["address", parseAdvertised],
  ["network", parseCidr],
  ["server", parseServer],
  ["range of ports", parsePortRange],
])("whatever was mistaken for a %s, what is suggested is one", (_what, parse) => {
  fc.assert(
    fc.property(mistaken, (raw) => {
      const setting = parse(raw);
      const [, meant] = ("problem" in setting && /; did you mean (.*)\?$/s.exec(setting.problem)) || [];
      if (meant !== undefined) expect(parse(meant), meant).toHaveProperty("value");
    }),
    { numRuns: 2000 },
  );
});

test.each<[string, (raw: unknown) => string | undefined]>([
  ["duration", nearestDuration],
  ["size", nearestSize],
  ["share", nearestPercent],
  ["entrance", entrance],
  ["admin endpoint", admin],
  ["address", nearestAddress],
  ["network", nearestNetwork],
  ["server", nearestServer],
  ["range of ports", nearestPortRange],
])("a suggested %s is near to itself or to nothing, so that asking again comes to an end", (_what, suggest) => {
  fc.assert(
    fc.property(mistaken, (raw) => {
      const meant = suggest(raw);
      if (meant !== undefined) expect([undefined, meant]).toContain(suggest(meant));
    }),
    { numRuns: 2000 },
  );
});
