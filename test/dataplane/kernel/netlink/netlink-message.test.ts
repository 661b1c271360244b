import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attributeEnd,
  createMessageWriter,
  errnoOf,
  flags,
  messageAfter,
  messageAt,
  messageEnd,
  placeAttributes,
  sequenceOf,
  setBe64,
  typeOf,
  viewOf,
} from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { joined, messagesIn } from "./netlink-messages.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Where the values of the attributes 0 to 9 begin. */
function placesIn(data: Uint8Array): number[] {
  const places = new Int32Array(10).fill(77);
  placeAttributes(viewOf(data), 0, data.length, places);
  return [...places];
}

test("a message is its header, and attributes padded to four bytes, nested ones marked so", () => {
  const writer = createMessageWriter();
  writer.begin(0x0a0c, flags.request | flags.acknowledge, 7);
  writer.bytes(Uint8Array.of(1, 0, 0, 0));
  writer.text(1, "ab");
  writer.nest(3, () => {
    writer.u8(1, 6);
    writer.attribute(2, Uint8Array.of(0x12, 0x34));
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
  const messages = messagesIn(writer.written());
  expect(messages.map(({ type, sequence }) => [type, sequence])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  for (const { sequence, payload } of messages) {
    expect(placesIn(payload)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    expect([...payload.subarray(4, attributeEnd(viewOf(payload), 4))]).toEqual([sequence, 2, 3]);
  }
  writer.reset();
  expect(writer.written()).toHaveLength(0);
});

test("what was written before leaves nothing in the padding", () => {
  const writer = createMessageWriter(64);
  writer.bytes(new Uint8Array(64).fill(0xff));
  writer.reset();
  writer.begin(1, 0, 1);
  writer.bytes(Uint8Array.of(1));
  writer.u8(2, 6);
  writer.text(3, "abcd");
  writer.end();
  expect(hex(writer.written())).toBe(
    joined("28000000 01000000 01000000 00000000", "01000000", "0500020006000000", "0900030061626364 00000000"),
  );
});

test("what was left blank is filled in where it begins", () => {
  const writer = createMessageWriter(64);
  writer.begin(1, 0, 1);
  expect(writer.bytes(Uint8Array.of(1))).toBe(16);
  const at = writer.attribute(2, new Uint8Array(2));
  expect([at, writer.length()]).toEqual([24, 28]);
  writer.view.setUint16(at, 0x1234);
  expect(hex(writer.data.subarray(20, 28))).toBe("0600020012340000");
});

test("what does not fit is an error of ours", () => {
  for (const part of ["attribute", "bytes"] as const) {
    const writer = createMessageWriter(32);
    writer.begin(1, 0, 1);
    const long = new Uint8Array(100);
    expect(() => (part === "bytes" ? writer.bytes(long) : writer.attribute(1, long))).toThrow(RangeError);
  }
});

test.each([
  [0, "0000000000000000"],
  [60_000, "000000000000ea60"],
  [2 ** 32 + 1, "0000000100000001"],
  [Number.MAX_SAFE_INTEGER, "001fffffffffffff"],
])("%i in 64 bits of network order", (value, expected) => {
  const bytes = new Uint8Array(8);
  setBe64(viewOf(bytes), 0, value);
  expect(hex(bytes)).toBe(expected);
});

test("an error message carries the errno, an acknowledgement 0", () => {
  const told = (type: number, payload: string) => {
    const writer = createMessageWriter(64);
    writer.begin(type, 0, 1);
    writer.end();
    const message = Buffer.concat([writer.written(), Buffer.from(payload, "hex")]);
    message.writeUInt32LE(message.length);
    return errnoOf(viewOf(message), 0);
  };
  expect(told(2, "ffffffff")).toBe(1);
  expect(told(2, "00000000")).toBe(0);
  expect(told(2, "000000")).toBeUndefined();
  expect(told(3, "00000000")).toBeUndefined();
});

test("what is malformed ends a search: what stands before it is found, and what stands behind it not", () => {
  const good = "08000100c0a80164";
  const places = (rest: string) => placesIn(Buffer.from(joined(good, rest), "hex")).slice(0, 4);
  expect(places("08000200c0a80101")).toEqual([0, 4, 12, 0]);
  expect(places("03000300 08000200c0a80101")).toEqual([0, 4, 0, 0]);
  expect(places("09000200c0a80101")).toEqual([0, 4, 0, 0]);
  expect(places("080002")).toEqual([0, 4, 0, 0]);
});

test("of attributes of unknown types nothing is noted; the flags of a type are not part of it", () => {
  const bytes = Buffer.from(joined("0800ff3fc0a80101 08000380c0a80101 08000240c0a80101"), "hex");
  expect(placesIn(bytes).slice(0, 4)).toEqual([0, 0, 20, 12]);
});

test("a message that is cut off, or shorter than its header, ends a datagram", () => {
  const writer = createMessageWriter();
  for (const sequence of [1, 2]) {
    writer.begin(7, 0, sequence);
    writer.end();
  }
  const bytes = writer.written();
  const sequences = (data: Buffer) => messagesIn(data).map(({ sequence }) => sequence);
  expect(sequences(bytes)).toEqual([1, 2]);
  for (let end = 0; end < bytes.length; end++) expect(sequences(bytes.subarray(0, end))).toEqual(end < 16 ? [] : [1]);
  for (const length of [0, 15, 17, 0xffffffff]) {
    bytes.writeUInt32LE(length, 16);
    expect(sequences(bytes)).toEqual([1]);
  }
});

test("whatever bytes come, reading ends, never throws and stays within them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const data = viewOf(bytes);
      for (let at = messageAt(data, 0, bytes.length); at >= 0; at = messageAfter(data, at, bytes.length)) {
        const end = messageEnd(data, at);
        expect(end).toBeLessThanOrEqual(bytes.length);
        expect([typeOf(data, at), sequenceOf(data, at), errnoOf(data, at)]).toHaveLength(3);
      }
      for (const place of placesIn(bytes)) {
        if (place > 0) expect(attributeEnd(data, place)).toBeLessThanOrEqual(bytes.length);
      }
    }),
  );
});
