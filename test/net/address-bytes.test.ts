import fc from "fast-check";
import { expect, test } from "vitest";
import { addressAt, addressBytes } from "../../src/net/address-bytes.ts";
import { viewOf } from "../../src/dataplane/kernel/netlink/netlink-message.ts";

const addressOf = (bytes: Uint8Array) => addressAt(viewOf(bytes), 0, bytes.length);

test("addresses are 4 or 16 bytes in network order, and come back canonical", () => {
  expect([...addressBytes("192.168.1.100")]).toEqual([192, 168, 1, 100]);
  expect(Buffer.from(addressBytes("fd00:1::100")).toString("hex")).toBe("fd000001000000000000000000000100");
  expect(addressOf(addressBytes("192.168.1.100"))).toBe("192.168.1.100");
  expect(addressOf(addressBytes("fd00:1::100"))).toBe("fd00:1::100");
});

test("an IPv4 address in IPv6 comes back as what it is", () => {
  expect(addressOf(Buffer.from("00000000000000000000ffff0a000005", "hex"))).toBe("10.0.0.5");
});

test("an address is read where it stands, however many others were read", () => {
  const bytes = Buffer.alloc(4096);
  for (let index = 0; index < 1024; index++) bytes.set([10, index % 3, index >> 8, index & 255], index * 4);
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 1024; index++) {
      const address = `10.${index % 3}.${index >> 8}.${index & 255}`;
      expect(addressAt(viewOf(bytes), index * 4, 4)).toBe(address);
    }
  }
});

test("any other number of bytes is no address", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(addressOf(bytes) !== undefined).toBe(bytes.length === 4 || bytes.length === 16);
    }),
  );
});

test("any address's bytes are the address again", () => {
  const ofLength = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(fc.oneof(ofLength(4), ofLength(16)), (bytes) => {
      const address = addressOf(bytes)!;
      expect(addressOf(addressBytes(address))).toBe(address);
      if (addressBytes(address).length === bytes.length) expect([...addressBytes(address)]).toEqual([...bytes]);
    }),
  );
});
