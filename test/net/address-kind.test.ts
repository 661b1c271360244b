import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKind, embeddedAddresses, type AddressKind } from "../../src/net/address-kind.ts";
import { parseAddress } from "../../src/net/endpoint.ts";

const kindOf = (text: string): AddressKind => addressKind(parseAddress(text) ?? expect.fail(`no address: ${text}`));

test.each<[AddressKind, string[]]>([
  ["loopback", ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1"]],
  ["loopback", ["64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:7f00:1::beef", "::127.0.0.1"]],
  ["loopback", ["::ffff:0:127.0.0.1", "2001:0:7f00:1::", "2001:0:c000:201:0:0:80ff:fffe", "fd00::5efe:127.0.0.1"]],
  ["loopback", ["2001:db8::200:5efe:7f00:1"]],
  ["link-local", ["169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "::ffff:169.254.169.254"]],
  ["link-local", ["64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.0.1"]],
  ["unspecified", ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "64:ff9b::", "2002::", "2002::1"]],
  ["multicast", ["224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1", "64:ff9b::224.0.0.1", "2002:e000:1::"]],
  ["translated", ["64:ff9b:1::", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::10.0.0.5"]],
  ["ordinary", ["10.0.0.5", "192.168.1.1", "100.64.0.1", "198.51.100.7", "1.1.1.1", "223.255.255.255", "126.0.0.1"]],
  ["ordinary", ["fd00::1", "fc00::1", "2001:db8::1", "2606:4700::1111", "64:ff9b::10.0.0.5", "2002:a00:5::1"]],
  ["ordinary", ["2001:0:c000:201:0:0:f5ff:fffa", "fd00::5efe:10.0.0.5", "64:ff9b:2::7f00:1"]],
])("is %s: %j", (kind, texts) => {
  expect(texts.map((text) => [text, kindOf(text)])).toEqual(texts.map((text) => [text, kind]));
});

const byte = fc.nat(255);
const quad = (first: readonly number[]) =>
  fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.map((value, at) => first[at] ?? value) as Quad);
type Quad = [number, number, number, number];

/** Not one of them may be dialled unless somebody has named it. */
const forbidden = fc.oneof(
  ...[[127], [169, 254], [0], [255, 255, 255, 255]].map(quad),
  fc.tuple(fc.integer({ min: 224, max: 239 }), byte, byte, byte).map((bytes): Quad => bytes),
);

const high = ([a, b]: Quad): number => a * 256 + b;
const low = ([, , c, d]: Quad): number => c * 256 + d;
const part = fc.nat(0xffff);

/** The eight groups of every form that ends at, or is translated to, an IPv4 address. */
const wrapped = fc
  .tuple(forbidden, part, part, part, part, fc.constantFrom(0, 0x200))
  .chain(([quadOf, a, b, c, d, isatap]) => {
    const [x, y] = [high(quadOf), low(quadOf)];
    return fc.constantFrom(
      ...[[0, 0, 0, 0, 0, 0xffff, x, y]],
      ...[[0, 0, 0, 0, 0xffff, 0, x, y]],
      ...[[0x64, 0xff9b, 0, 0, 0, 0, x, y]],
      ...[[0x2002, x, y, a, b, c, d, 1]],
      ...[[0x2001, 0, x, y, a, b, c, d]],
      ...[[0x2001, 0, a, b, c, d, 0xffff - x, 0xffff - y]],
      ...[[0x64, 0xff9b, 1, a, b, c, d, y]],
      ...[[a, b, c, d, isatap, 0x5efe, x, y]],
    );
  });

/** One group in any spelling that hexadecimal has. */
const spelledGroup = (value: number) =>
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([width, upper]) => {
    const text = value.toString(16).padStart(width, "0");
    return upper ? text.toUpperCase() : text;
  });

/** An address in any spelling: groups of zeros left out or not, the tail as IPv4 or not, a zone or none. */
const spelled = (groups: readonly number[]) =>
  fc
    .tuple(fc.tuple(...groups.map(spelledGroup)), fc.boolean(), fc.boolean(), fc.constantFrom("", "%eth0", "%1"))
    .map(([texts, isShort, isDotted, zone]) => {
      const [x = 0, y = 0] = groups.slice(6);
      const tail = isDotted ? [`${x >> 8}.${x & 255}.${y >> 8}.${y & 255}`] : texts.slice(6);
      const whole = [...texts.slice(0, 6), ...tail].join(":");
      return (isShort ? whole.replace(/(?:^|:)(?:0+:)+/, "::") : whole) + zone;
    });

describe("whatever the spelling", () => {
  test("no form of an address of this machine, its link or a group is ordinary", () => {
    fc.assert(
      fc.property(wrapped.chain(spelled), (text) => {
        const address = parseAddress(text);
        if (address !== undefined) expect(addressKind(address)).not.toBe("ordinary");
      }),
      { numRuns: 2000 },
    );
  });

  test("the plain form is not either, and four decimal parts are the only spelling of it", () => {
    fc.assert(
      fc.property(forbidden, (parts) => {
        expect(kindOf(parts.join("."))).not.toBe("ordinary");
        const [a, b, c, d] = parts;
        const others = [`0${a}.${b}.${c}.${d}`, `0x${a.toString(16)}.${b}.${c}.${d}`, `${a}.${b}.${c * 256 + d}`];
        for (const text of [...others, String(((a * 256 + b) * 256 + c) * 256 + d)]) {
          expect(parseAddress(text), text).toBeUndefined();
        }
      }),
    );
  });
});

test("an IPv4 address holds no other one, and neither do :: and ::1", () => {
  expect(["10.0.0.5", "::", "::1", "2001:db8::1"].flatMap(embeddedAddresses)).toEqual([]);
  expect(embeddedAddresses("64:ff9b::a00:5")).toEqual(["10.0.0.5"]);
  expect(embeddedAddresses("2001:0:c000:201:0:0:f5ff:fffa")).toEqual(["192.0.2.1", "10.0.0.5"]);
});
