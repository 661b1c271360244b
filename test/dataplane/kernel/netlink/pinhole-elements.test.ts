import { expect, test } from "vitest";
import { createMessageWriter } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import {
  type Change,
  lengthWithoutEnd,
  numbersOf,
  type PinholeElements,
  prepareBlanks,
  writeChange,
} from "../../../../src/dataplane/kernel/netlink/pinhole-elements.ts";
import { joined, messagesIn } from "./netlink-messages.ts";

const key4 = { peer: "192.168.1.100", local: { address: "192.168.1.1", port: 50_000 } };
const key6 = { peer: "fd00:1::100", local: { address: "fd00:1::1", port: 50_000 } };

const added = {
  ...key4,
  mark: 0x46000001,
  to: { address: "10.0.0.5", port: 40_215 },
  from: "10.0.0.1",
  timeoutMs: 60_000,
};

/** Each message of a batch as its header and its content. */
function lines(table: string, first: number, change: Change) {
  const writer = createMessageWriter();
  const last = writeChange(writer, prepareBlanks(table), first, change);
  return {
    last,
    text: messagesIn(writer.written()).map(
      ({ type, flags, sequence, payload }) =>
        `${type.toString(16)} ${flags.toString(16)} ${sequence} ${payload.toString("hex")}`,
    ),
  };
}

test("an IPv4 pinhole is one batch of three elements, of which the last is acknowledged", () => {
  const { last, text } = lines("t", 10, { added });
  const table = "0600010074000000";
  const key = "140001801000 0100 c0a80164 c0a80101 c350 0000".replaceAll(" ", "");
  const timeout = "0c000400000000000000ea60";
  expect(text).toEqual([
    "10 1 10 0000000a",
    // gate4: the mark in the machine's byte order
    `a0c 601 11 ${joined(
      `01000000${table}0a0002006761746534000000`,
      `34000380`,
      `30000180${key}0c000280080001000100004`,
      `6${timeout}`,
    )}`,
    // dnat4: address and port
    `a0c 601 12 ${joined(
      `01000000${table}0a000200646e617434000000`,
      `38000380`,
      `34000180${key}100002800c0001000a0000059d170000${timeout}`,
    )}`,
    // snat4: address
    `a0c 605 13 ${joined(
      `01000000${table}0a000200736e617434000000`,
      `34000380`,
      `30000180${key}0c000280080001000a000001${timeout}`,
    )}`,
    "11 1 14 0000000a",
  ]);
  expect(last).toBe(13);
});

test("an IPv6 key is twice an address and a port in 36 bytes", () => {
  const { text } = lines("t", 1, { removed: [key6], maps: ["gate"] });
  expect(text).toEqual([
    "10 1 1 0000000a",
    `a0e 5 2 ${joined(
      "01000000",
      "0600010074000000",
      "0a0002006761746536000000",
      "3400038030000180",
      "2c00018028000100",
      "fd000001000000000000000000000100fd000001000000000000000000000001c3500000",
    )}`,
    "11 1 3 0000000a",
  ]);
});

test("a removal names the three maps in one transaction", () => {
  const { last, text } = lines("ftp_alg", 1, { removed: [key4] });
  expect(last).toBe(4);
  expect(text.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "10 1 1",
    "a0e 1 2",
    "a0e 1 3",
    "a0e 5 4",
    "11 1 5",
  ]);
});

test("what is removed and what is added are one transaction, in this order, and the last element is acknowledged", () => {
  const change = { removed: [key4, key6], added };
  const { last, text } = lines("t", 1, change);
  expect(last).toBe(10);
  expect(numbersOf(change)).toBe(text.length);
  expect(text.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "10 1 1",
    ...[2, 3, 4, 5, 6, 7].map((number) => `a0e 1 ${number}`),
    ...["a0c 601 8", "a0c 601 9", "a0c 605 10"],
    "11 1 11",
  ]);
});

test("sixteen removals over IPv6 beside an addition are no more than a message writer holds", () => {
  const removed = Array.from({ length: 16 }, () => key6);
  const { text } = lines("a_table_of_a_long_name", 1, { removed, added });
  expect(text).toHaveLength(16 * 3 + 3 + 2);
});

test("a batch without its end lacks its last message alone", () => {
  const writer = createMessageWriter();
  writeChange(writer, prepareBlanks("t"), 1, { removed: [key4] });
  const whole = messagesIn(writer.written());
  const rest = writer.data.subarray(0, lengthWithoutEnd(writer.length()));
  expect(messagesIn(rest)).toEqual(whole.slice(0, -1));
});

/** Messages of a transaction in hexadecimal, `#` for the number of each. `set` is the map's name without the family. */
const wire = {
  4: {
    removal: (set: string, port: string) =>
      `48000000 0e0a 0100 # 01000000 0c000100 6674705f616c6700 0a000200 ${set}3400 0000
     1c000380 18000180 14000180 10000100 c0a80164 c0a80101 ${port} 0000`,
    addition: [
      `60000000 0c0a 0106 # 01000000 0c000100 6674705f616c6700 0a000200 676174653400 0000
     34000380 30000180 14000180 10000100 c0a80164 c0a80101 c350 0000
     0c000280 08000100 01000046 0c000400 000000000000ea60`,
      `64000000 0c0a 0106 # 01000000 0c000100 6674705f616c6700 0a000200 646e61743400 0000
     38000380 34000180 14000180 10000100 c0a80164 c0a80101 c350 0000
     10000280 0c000100 0a000005 9d17 0000 0c000400 000000000000ea60`,
      `60000000 0c0a 0506 # 01000000 0c000100 6674705f616c6700 0a000200 736e61743400 0000
     34000380 30000180 14000180 10000100 c0a80164 c0a80101 c350 0000
     0c000280 08000100 0a000001 0c000400 000000000000ea60`,
    ],
  },
  6: {
    removal: (set: string, port: string) =>
      `60000000 0e0a 0100 # 01000000 0c000100 6674705f616c6700 0a000200 ${set}3600 0000
     34000380 30000180 2c000180 28000100
     fd000001000000000000000000000100 fd000001000000000000000000000001 ${port} 0000`,
    addition: [
      `78000000 0c0a 0106 # 01000000 0c000100 6674705f616c6700 0a000200 676174653600 0000
     4c000380 48000180 2c000180 28000100
     fd000001000000000000000000000100 fd000001000000000000000000000001 c350 0000
     0c000280 08000100 01000046 0c000400 000000000000ea60`,
      `88000000 0c0a 0106 # 01000000 0c000100 6674705f616c6700 0a000200 646e61743600 0000
     5c000380 58000180 2c000180 28000100
     fd000001000000000000000000000100 fd000001000000000000000000000001 c350 0000
     1c000280 18000100 fd000002000000000000000000000005 9d17 0000 0c000400 000000000000ea60`,
      `84000000 0c0a 0506 # 01000000 0c000100 6674705f616c6700 0a000200 736e61743600 0000
     58000380 54000180 2c000180 28000100
     fd000001000000000000000000000100 fd000001000000000000000000000001 c350 0000
     18000280 14000100 fd000002000000000000000000000001 0c000400 000000000000ea60`,
    ],
  },
} as const;
const sets = ["gate", "dnat", "snat"].map((name) => Buffer.from(name).toString("hex"));
const additions: Record<4 | 6, PinholeElements> = {
  4: added,
  6: { ...added, ...key6, to: { address: "fd00:2::5", port: 40_215 }, from: "fd00:2::1" },
};

test.each([
  [4, 0],
  [4, 1],
  [4, 2],
  [6, 0],
  [6, 1],
  [6, 2],
] as const)(
  "over IPv%i, with %i pinholes removed, a transaction is these bytes, whatever was written before",
  (family, count) => {
    const { removal, addition } = wire[family];
    const texts = [
      "14000000 1000 0100 # 0000000a",
      ...["c351", "c352"].slice(0, count).flatMap((port) => sets.map((set) => removal(set, port))),
      ...addition,
      "14000000 1100 0100 # 0000000a",
    ];
    const numbered = texts.map((text, index) => text.replace("#", `0${(4 + index).toString(16)}030201 00000000`));
    const { peer, local } = additions[family];
    const removed = [50_001, 50_002].slice(0, count).map((port) => ({ peer, local: { ...local, port } }));
    const writer = createMessageWriter();
    writer.bytes(new Uint8Array(4096).fill(0xff));
    writer.reset();
    writeChange(writer, prepareBlanks("ftp_alg"), 0x01020304, { removed, added: additions[family] });
    expect(writer.written().toString("hex")).toBe(joined(...numbered));
  },
);

test("the largest transaction fits: sixteen IPv6 pinholes taken out and one put in, of a table with the longest name", () => {
  const removed = Array.from({ length: 16 }, (_, index) => ({ ...key6, local: { ...key6.local, port: index + 1 } }));
  const addedIPv6 = { ...key6, mark: 0x46000001, to: key6.local, from: key6.peer, timeoutMs: 60_000 };
  expect(lines("t".repeat(31), 1, { removed, added: addedIPv6 }).text).toHaveLength(2 + 17 * 3);
});
