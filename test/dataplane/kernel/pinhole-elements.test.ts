import { expect, test } from "vitest";
import { createMessageWriter, parseMessages } from "../../../src/dataplane/kernel/netlink-message.ts";
import { numbersOf, withoutEnd, writeChange } from "../../../src/dataplane/kernel/pinhole-elements.ts";

/** Hexadecimal in pieces that mean something. */
const joined = (...pieces: string[]) => pieces.join("");

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
function lines(write: (writer: ReturnType<typeof createMessageWriter>) => number) {
  const writer = createMessageWriter();
  const last = write(writer);
  return {
    last,
    text: parseMessages(writer.written()).map(
      ({ type, flags, sequence, payload }) =>
        `${type.toString(16)} ${flags.toString(16)} ${sequence} ${payload.toString("hex")}`,
    ),
  };
}

test("an IPv4 pinhole is one batch of three elements, of which the last is acknowledged", () => {
  const { last, text } = lines((writer) => writeChange(writer, "t", 10, { added }));
  const table = "0600010074000000";
  const key = "140001801000 0100 c0a80164 c0a80101 c350 0000".replaceAll(" ", "");
  const timeout = "0c000400000000000000ea60";
  expect(text).toEqual([
    "10 1 10 0000000a",
    // gate4: the mark in the machine's byte order
    joined(
      `a0c 601 11 01000000${table}0a0002006761746534000000`,
      `34000380`,
      `30000180${key}0c000280080001000100004`,
      `6${timeout}`,
    ),
    // dnat4: address and port
    joined(
      `a0c 601 12 01000000${table}0a000200646e617434000000`,
      `38000380`,
      `34000180${key}100002800c0001000a0000059d170000${timeout}`,
    ),
    // snat4: address
    joined(
      `a0c 605 13 01000000${table}0a000200736e617434000000`,
      `34000380`,
      `30000180${key}0c000280080001000a000001${timeout}`,
    ),
    "11 1 14 0000000a",
  ]);
  expect(last).toBe(13);
});

test("an IPv6 key is twice an address and a port in 36 bytes", () => {
  const { text } = lines((writer) => writeChange(writer, "t", 1, { removed: [key6], maps: ["gate"] }));
  expect(text).toEqual([
    "10 1 1 0000000a",
    joined(
      "a0e 5 2 01000000",
      "0600010074000000",
      "0a0002006761746536000000",
      "3400038030000180",
      "2c00018028000100",
      "fd000001000000000000000000000100fd000001000000000000000000000001c3500000",
    ),
    "11 1 3 0000000a",
  ]);
});

test("a removal names the three maps in one transaction", () => {
  const { last, text } = lines((writer) => writeChange(writer, "ftp_alg", 1, { removed: [key4] }));
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
  const { last, text } = lines((writer) => writeChange(writer, "t", 1, change));
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
  const { text } = lines((writer) => writeChange(writer, "a_table_of_a_long_name", 1, { removed, added }));
  expect(text).toHaveLength(16 * 3 + 3 + 2);
});

test("a batch without its end lacks its last message alone", () => {
  const writer = createMessageWriter();
  writeChange(writer, "t", 1, { removed: [key4] });
  const whole = parseMessages(writer.written());
  const types = parseMessages(withoutEnd(writer.written())).map(({ type }) => type);
  expect(types).toEqual(whole.slice(0, -1).map(({ type }) => type));
});
