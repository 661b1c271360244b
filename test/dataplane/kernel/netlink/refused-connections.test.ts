import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageWriter, messageAt, viewOf } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import {
  parseRefused,
  type RefusedConnection,
  writeRefusedQuestion,
} from "../../../../src/dataplane/kernel/netlink/refused-connections.ts";
import { joined } from "./netlink-messages.ts";

test("the question is for a whole set of the table", () => {
  const writer = createMessageWriter(128);
  writeRefusedQuestion(writer, 3, "mine", 6);
  expect(writer.written().toString("hex")).toBe(
    joined(
      "30000000 0d0a 0103 03000000 00000000",
      "01 00 0000",
      `0900 0100 ${Buffer.from("mine\0").toString("hex")} 000000`,
      `0d00 0200 ${Buffer.from("refused6\0").toString("hex")} 000000`,
    ),
  );
});

/** As the kernel answers for these keys; without `leftMs` an element that does not end. */
function answer(keys: readonly { readonly key: string; readonly leftMs?: number }[]): Buffer {
  const writer = createMessageWriter();
  writer.begin((10 << 8) | 12, 2, 3);
  writer.bytes(Uint8Array.of(1, 0, 0, 4));
  writer.text(1, "ftp_alg");
  writer.text(2, "refused4");
  writer.nest(3, () => {
    for (const { key, leftMs } of keys) {
      writer.nest(1, () => {
        writer.nest(1, () => void writer.attribute(1, Buffer.from(joined(key), "hex")));
        if (leftMs !== undefined) writer.be64(5, leftMs);
      });
    }
  });
  writer.end();
  return Buffer.from(writer.written());
}

test("each element tells who came, to which endpoint, and how long ago", () => {
  const data = answer([
    { key: "c0a80165 9c40 0000 c0a80101 c350 0000", leftMs: 59_000 },
    { key: "c6336464 0050 0000 0a000001 c351 0000" },
  ]);
  expect(parseRefused(viewOf(data), 0, 4)).toEqual([
    { from: { address: "192.168.1.101", port: 40_000 }, to: { address: "192.168.1.1", port: 50_000 }, ageMs: 1000 },
    { from: { address: "198.51.100.100", port: 80 }, to: { address: "10.0.0.1", port: 50_001 }, ageMs: 60_000 },
  ] satisfies RefusedConnection[]);
  const six = answer([
    { key: `fd00000100000000000000000000 0101 9c40 0000 fd000001${"0".repeat(22)}01 c350 0000`, leftMs: 60_000 },
  ]);
  expect(parseRefused(viewOf(six), 0, 6)).toEqual([
    { from: { address: "fd00:1::101", port: 40_000 }, to: { address: "fd00:1::1", port: 50_000 }, ageMs: 0 },
  ]);
});

test("hostile: another message, and one with any bytes in it, tells of nobody or of somebody, and does not throw", () => {
  const other = answer([{ key: "c0a80165 9c40 0000 c0a80101 c350 0000", leftMs: 1 }]);
  other.writeUInt16LE(0xa00, 4);
  expect(parseRefused(viewOf(other), 0, 4)).toEqual([]);
  const whole = answer([{ key: "c0a80165 9c40 0000 c0a80101 c350 0000", leftMs: 1 }]);
  const places = fc.array(fc.tuple(fc.integer({ min: 16, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })));
  fc.assert(
    fc.property(places, fc.constantFrom(4 as const, 6 as const), (changes, family) => {
      const data = Buffer.from(whole);
      for (const [at, byte] of changes) data[at] = byte;
      if (messageAt(viewOf(data), 0, data.length) === 0) {
        expect(parseRefused(viewOf(data), 0, family).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
