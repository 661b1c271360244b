import { expect, test } from "vitest";
import {
  parseGeneration,
  writeGenerationQuestion,
} from "../../../../src/dataplane/kernel/netlink/generation-message.ts";
import { createMessageWriter, viewOf } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { joined } from "./netlink-messages.ts";

/** As Linux 6.18 answers. */
const answer = Buffer.from(
  joined(
    "30000000 0f0a 0000 03000000 07000000",
    "00 00 0004",
    "0800 0100 00000104",
    "0800 0200 00000012",
    "0900 0300 6e6f646500 000000",
  ),
  "hex",
);

test("the question has no attribute", () => {
  const writer = createMessageWriter(64);
  writeGenerationQuestion(writer, 3);
  expect(writer.written().toString("hex")).toBe(joined("14000000 100a 0100 03000000 00000000", "01 00 0000"));
});

test("the generation is the number that comes first", () => {
  expect(parseGeneration(viewOf(answer), 0)).toBe(0x104);
});

test("another message, or one that is cut, tells of none", () => {
  const other = Buffer.from(answer);
  other.writeUInt16LE(0xa00, 4);
  expect(parseGeneration(viewOf(other), 0)).toBeUndefined();
  const cut = Buffer.from(answer.subarray(0, 20));
  cut.writeUInt32LE(20, 0);
  expect(parseGeneration(viewOf(cut), 0)).toBeUndefined();
});
