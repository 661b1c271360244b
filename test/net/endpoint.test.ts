import { isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  familyOf,
  formatEndpoint,
  isUnspecified,
  networkContains,
  parseAddress,
  parseEndpoint,
  parseNetwork,
  parsePortNumber,
  sameEndpoint,
} from "../../src/net/endpoint.ts";
import { charactersOf } from "../ftp/every-chunking.ts";

describe("an address", () => {
  test.each([
    ["IPv4", "10.0.0.5", "10.0.0.5"],
    ["IPv4 at its bounds", "0.0.0.255", "0.0.0.255"],
    ["IPv6 in upper case, written out", "FD00:0:0:0:0:0:0:0005", "fd00::5"],
    ["IPv6 with one zero group, which is not compressed", "1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
    ["unspecified IPv6", "::", "::"],
    ["a zone id, dropped", "fe80::1%eth0", "fe80::1"],
    ["IPv4-mapped IPv6, as IPv4", "::ffff:10.0.0.5", "10.0.0.5"],
    ["IPv4-mapped IPv6 in hexadecimal, as IPv4", "::FFFF:a00:5", "10.0.0.5"],
    ["an IPv4 tail of another prefix, kept as IPv6", "64:ff9b::10.0.0.5", "64:ff9b::a00:5"],
    ["IPv4-compatible IPv6, which is not IPv4-mapped", "::10.0.0.5", "::a00:5"],
  ])("is made canonical: %s", (_title, text, address) => {
    expect(parseAddress(text)).toBe(address);
    expect(parseAddress(address)).toBe(address);
  });

  test.each([
    ["nothing", ""],
    ["a part above 255", "10.0.0.256"],
    ["three parts", "10.0.5"],
    ["five parts", "10.0.0.0.5"],
    ["a dot behind", "10.0.0.5."],
    ["a leading zero, octal to some resolvers", "010.0.0.5"],
    ["hexadecimal parts", "0xa.0.0.5"],
    ["one number", "167772165"],
    ["blanks", " 10.0.0.5"],
    ["a line end behind", "10.0.0.5\n"],
    ["a zone id of IPv4", "10.0.0.5%eth0"],
    ["an octal IPv4 tail", "::ffff:010.0.0.5"],
    ["a hexadecimal IPv4 tail", "::ffff:0xa.0.0.5"],
    ["two compressions", "1::2::3"],
    ["nine groups", "1:2:3:4:5:6:7:8:9"],
    ["a group of five digits", "00001::"],
    ["a lone colon", ":"],
    ["an empty zone id", "fe80::1%"],
    ["brackets", "[::1]"],
    ["a name", "localhost"],
  ])("is refused: %s", (_title, text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("is accepted exactly where the platform accepts it", () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...charactersOf("0123abf:::::....")), maxLength: 24 }),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc
        .tuple(fc.ipV6(), fc.string({ maxLength: 2 }))
        .map((parts) => parts.join(""))
        .filter((joined) => !joined.includes("%")),
    );
    fc.assert(
      fc.property(text, (input) => {
        const address = parseAddress(input);
        expect(address !== undefined).toBe(isIP(input) !== 0);
        if (address === undefined) return;
        expect(parseAddress(address)).toBe(address);
        expect(familyOf(address)).toBe(isIP(address));
      }),
      { numRuns: 3000 },
    );
  });

  test("long nonsense is refused in linear time", () => {
    for (const unit of ["1", "1.", ":", "::", "1:", "%a", "a"])
      expect(parseAddress(unit.repeat(50_000))).toBeUndefined();
  });

  test("is unspecified where it is all zero", () => {
    expect(["0.0.0.0", "::", "0.0.0.1", "::1"].map((address) => isUnspecified(address))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(isUnspecified(parseAddress("::ffff:0.0.0.0") ?? "")).toBe(true);
  });
});

test.each([
  ["0", 0],
  ["21", 21],
  ["65535", 65_535],
  ["00021", 21],
  ["65536", undefined],
  ["000021", undefined],
  ["", undefined],
  ["-1", undefined],
  ["2e1", undefined],
  ["21 ", undefined],
])("a port number is decimal, of at most five digits: %j", (text, port) => {
  expect(parsePortNumber(text)).toBe(port);
});

describe("an endpoint", () => {
  test.each([
    ["10.0.0.5:21", "10.0.0.5", 21],
    ["0.0.0.0:0", "0.0.0.0", 0],
    ["[fd00::5]:21", "fd00::5", 21],
    ["[fe80::1%eth0]:21", "fe80::1", 21],
    ["[::ffff:10.0.0.5]:21", "10.0.0.5", 21],
  ])("is read: %s", (text, address, port) => {
    expect(parseEndpoint(text)).toEqual({ address, port });
  });

  test.each([
    [""],
    ["10.0.0.5"],
    ["10.0.0.5:"],
    [":21"],
    ["10.0.0.5:65536"],
    ["10.0.0.5:21:22"],
    ["fd00::5:21"],
    ["[10.0.0.5]:21"],
    ["[fd00::5]"],
    ["[]:21"],
    ["localhost:21"],
  ])("is refused: %j", (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  test("survives being formatted and parsed", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (text, port) => {
        const endpoint = { address: parseAddress(text) ?? "", port };
        expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
      }),
    );
  });

  test("is the same where address and port are", () => {
    const endpoint = { address: "10.0.0.5", port: 21 };
    expect(sameEndpoint(endpoint, { ...endpoint })).toBe(true);
    expect(sameEndpoint(endpoint, { ...endpoint, port: 20 })).toBe(false);
    expect(sameEndpoint(endpoint, { ...endpoint, address: "10.0.0.6" })).toBe(false);
  });
});

describe("a network", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.0", 8],
    ["10.0.0.5", "10.0.0.5", 32],
    ["FD00::/8", "fd00::", 8],
    ["fd00::5", "fd00::5", 128],
    ["0.0.0.0/0", "0.0.0.0", 0],
  ])("is read: %s", (text, base, bits) => {
    expect(parseNetwork(text)).toEqual({ base, bits });
  });

  test.each([
    [""],
    ["/8"],
    ["10.0.0.0/"],
    ["10.0.0.0/33"],
    ["fd00::/129"],
    ["10.0.0.0/8/8"],
    ["10.0.0.0/-1"],
    ["10/8"],
    ["x/8"],
  ])("is refused: %j", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.9.9.9/8", "10.0.0.1", true],
    ["0.0.0.0/0", "192.0.2.1", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "192.0.2.1", false],
    ["fd00::/8", "fdff::1", true],
    ["fd00::/8", "fe00::1", false],
    ["10.0.0.5", "10.0.0.5", true],
    ["10.0.0.5", "10.0.0.6", false],
  ])("%s and %s: %s", (text, address, isInside) => {
    const network = parseNetwork(text);
    expect(network && networkContains(network, address)).toBe(isInside);
  });
});
