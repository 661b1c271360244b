import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attributeEnd,
  findAttribute,
  createMessageWriter,
  errnoOf,
  flags,
  parseMessages,
} from "../../../src/dataplane/kernel/netlink-message.ts";

/** Hexadecimal in pieces that mean something. */
const joined = (...pieces: string[]) => pieces.join("");

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("a message is its header, and attributes padded to four bytes, nested ones marked so", () => {
  const writer = createMessageWriter();
  writer.begin(0x0a0c, flags.request | flags.acknowledge, 7);
  writer.bytes(Uint8Array.of(1, 0, 0, 0));
  writer.text(1, "ab");
  writer.nest(3, () => {
    writer.u8(1, 6);
    writer.be16(2, 0x1234);
    writer.be32(4, 5);
    writer.u32(5, 5);
    writer.be64(6, 1000);
  });
  writer.end();
  expect(hex(writer.written())).toBe(
    joined(
      "4c0000000c0a05000700000000000000",
      "01000000",
      "0700010061620000",
      "3000038005000100060000000600020012340000",
      "08000400000000050800050005000000",
      "0c00060000000000000003e8",
    ),
  );
});

test("messages are written one behind the other, and reading gives them back", () => {
  const writer = createMessageWriter();
  for (const sequence of [1, 2]) {
    writer.begin(sequence, 0, sequence);
    writer.attribute(9, Uint8Array.of(sequence, 2, 3));
    writer.end();
  }
  const messages = parseMessages(writer.written());
  expect(messages.map(({ type, sequence }) => [type, sequence])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  const values = messages.map(({ payload }) => {
    const at = findAttribute(payload, 0, payload.length, 9);
    return [...payload.subarray(at, attributeEnd(payload, at))];
  });
  expect(values).toEqual([
    [1, 2, 3],
    [2, 2, 3],
  ]);
  expect(messages.map(({ payload }) => findAttribute(payload, 0, payload.length, 8))).toEqual([-1, -1]);
  writer.reset();
  expect(writer.written()).toHaveLength(0);
});

test("what does not fit is an error of ours", () => {
  const writer = createMessageWriter(32);
  writer.begin(1, 0, 1);
  expect(() => writer.attribute(1, new Uint8Array(100))).toThrow(RangeError);
});

test("an error message carries the errno, an acknowledgement 0", () => {
  const message = (type: number, payload: Buffer) => ({ type, flags: 0, sequence: 1, payload });
  expect(errnoOf(message(2, Buffer.from("ffffffff", "hex")))).toBe(1);
  expect(errnoOf(message(2, Buffer.alloc(4))) === 0).toBe(true);
  expect(errnoOf(message(2, Buffer.alloc(3)))).toBeUndefined();
  expect(errnoOf(message(3, Buffer.alloc(4)))).toBeUndefined();
});

test("whatever bytes come, reading ends and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, type) => {
      for (const { payload } of parseMessages(Buffer.from(bytes))) findAttribute(payload, 0, payload.length, type);
      const at = findAttribute(bytes, 0, bytes.length, type);
      if (at >= 0) expect(attributeEnd(bytes, at)).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
