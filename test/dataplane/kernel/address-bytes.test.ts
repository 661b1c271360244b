import fc from "fast-check";
import { expect, test } from "vitest";
import { addressBytes, addressOf } from "../../../src/dataplane/kernel/address-bytes.ts";

test("addresses are 4 or 16 bytes in network order, and come back canonical", () => {
  expect([...addressBytes("192.168.1.100")]).toEqual([192, 168, 1, 100]);
  expect(Buffer.from(addressBytes("fd00:1::100")).toString("hex")).toBe("fd000001000000000000000000000100");
  expect(addressOf(addressBytes("192.168.1.100"))).toBe("192.168.1.100");
  expect(addressOf(addressBytes("fd00:1::100"))).toBe("fd00:1::100");
});

test("any other number of bytes is no address", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(addressOf(bytes) !== undefined).toBe(bytes.length === 4 || bytes.length === 16);
    }),
  );
});
