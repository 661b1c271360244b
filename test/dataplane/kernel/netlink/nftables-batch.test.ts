import { expect, test } from "vitest";
import { createMessageWriter } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import {
  batchMessageBytes,
  writeBatchBegin,
  writeBatchEnd,
} from "../../../../src/dataplane/kernel/netlink/nftables-batch.ts";
import { joined } from "./netlink-messages.ts";

test("a batch has a message at each end, which names the subsystem in network order", () => {
  const writer = createMessageWriter(64);
  writeBatchBegin(writer, 7);
  expect(writer.length()).toBe(batchMessageBytes);
  writeBatchEnd(writer, 8);
  const begin = ["14000000 1000 0100 07000000 00000000", "00 00 000a"];
  const end = ["14000000 1100 0100 08000000 00000000", "00 00 000a"];
  expect(writer.written().toString("hex")).toBe(joined(...begin, ...end));
});
