import { expect, test } from "vitest";
import type { Tuple } from "../../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import {
  writeDelete,
  writeDump,
  writeGet,
  writeMarkBits,
} from "../../../../src/dataplane/kernel/netlink/conntrack-question.ts";
import { createMessageWriter, type MessageWriter } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { joined } from "./netlink-messages.ts";

const ipv4: Tuple = {
  source: { address: "192.168.1.100", port: 40_000 },
  destination: { address: "192.168.1.1", port: 50_000 },
};
const ipv6: Tuple = {
  source: { address: "fd00:2::5", port: 20 },
  destination: { address: "fd00:2::1", port: 51_000 },
};
const tuple4 = joined(
  "34000180",
  "14000180",
  "08000100c0a80164",
  "08000200c0a80101",
  "1c000280",
  "0500010006000000",
  "060002009c400000",
  "06000300c3500000",
);

function written(write: (writer: MessageWriter) => void): string {
  const writer = createMessageWriter();
  write(writer);
  return writer.written().toString("hex");
}

test("a connection is asked for, and forgotten, by its original tuple", () => {
  expect(written((writer) => writeGet(writer, 3, ipv4))).toBe(
    joined("4800000001010100", "0300000000000000", "02000000", tuple4),
  );
  expect(written((writer) => writeDelete(writer, 3, ipv4))).toBe(
    joined("4800000002010500", "0300000000000000", "02000000", tuple4),
  );
});

test("an IPv6 tuple has other attributes", () => {
  const text = written((writer) => writeGet(writer, 1, ipv6));
  expect(text).toBe(
    joined(
      "6000000001010100 0100000000000000 0a000000",
      "4c000180 2c000180",
      "14000300fd000002000000000000000000000005",
      "14000400fd000002000000000000000000000001",
      "1c000280 0500010006000000 0600020000140000 06000300c7380000",
    ),
  );
});

test("bits of the mark are set, and no others", () => {
  expect(written((writer) => writeMarkBits(writer, 1, ipv4, 0x00200000))).toBe(
    joined("5800000000010500", "0100000000000000", "02000000", tuple4, "0800080000200000", "0800150000200000"),
  );
});

test("a dump is picked by value and mask", () => {
  expect(written((writer) => writeDump(writer, 9, 0x46000000, 0xff000000))).toBe(
    joined("2400000001010103", "0900000000000000", "00000000", "0800080046000000", "08001500ff000000"),
  );
});

test("questions are written one after the other, and one leaves nothing in the next", () => {
  const writer = createMessageWriter();
  writeMarkBits(writer, 1, ipv6, 0xffffffff);
  writer.reset();
  writeGet(writer, 3, ipv4);
  writeGet(writer, 1, ipv6);
  const alone = [written((one) => writeGet(one, 3, ipv4)), written((one) => writeGet(one, 1, ipv6))];
  expect(writer.written().toString("hex")).toBe(alone.join(""));
});
