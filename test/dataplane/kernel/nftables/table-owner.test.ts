// What is sent to own a table, to a kernel that answers as told. That the kernel keeps it so is shown in
// lab/kernel-ownership.test.ts.
import { expect, test } from "vitest";
import { ownTable } from "../../../../src/dataplane/kernel/nftables/table-owner.ts";
import { errnos, type SystemCalls } from "../../../../src/sockets/system-calls.ts";
import { messagesIn } from "../netlink/netlink-messages.ts";

const descriptor = 1_000_000;

/** It answers what was sent last with the next of the errnos. */
function kernelThatSays(...told: readonly number[]) {
  const answers = [...told];
  const sent: string[][] = [];
  const warnings: string[] = [];
  const closed: number[] = [];
  let acknowledged = 0;
  const names: Readonly<Record<number, string>> = { 0x10: "begin", 0x11: "end", 0xa00: "+", 0xa01: "?", 0xa02: "-" };
  const refuse = () => {
    throw new Error("it is not called");
  };
  const calls: SystemCalls = {
    socket: () => descriptor,
    setsockopt: () => 0,
    bind: refuse,
    connect: refuse,
    getsockname: refuse,
    memcpy: refuse,
    errno: refuse,
    close: (which) => closed.push(which),
    send(_descriptor, data, length) {
      const messages = messagesIn(data.subarray(0, length));
      sent.push(
        messages.map(({ type, payload }) => {
          const flag = payload.length > 24 && payload.readUInt32BE(payload.length - 4) === 2 ? " owner" : "";
          return `${names[type] ?? "other"}${flag}`;
        }),
      );
      acknowledged = (messages.find(({ flags }) => (flags & 4) !== 0) ?? messages[0]!).sequence;
      return length;
    },
    recv(_descriptor, data) {
      const message = Buffer.from(data.buffer, data.byteOffset);
      message.writeUInt32LE(36, 0);
      message.writeUInt16LE(2, 4);
      message.writeUInt32LE(acknowledged, 8);
      message.writeInt32LE(-(answers.shift() ?? 0), 16);
      return 36;
    },
  };
  return { own: () => ownTable(calls, "ftp_alg", (text) => warnings.push(text)), sent, warnings, closed };
}

test("a table that is left of nobody is made anew, and belongs to the socket, in one transaction", () => {
  const { own, sent, closed } = kernelThatSays(0);
  const owner = own();
  if ("obstacle" in owner) throw new Error(owner.obstacle);
  expect(sent).toEqual([["begin", "+", "-", "+ owner", "end"]]);
  expect(closed).toEqual([]);
  owner.close();
  expect(closed).toEqual([descriptor]);
});

test("before Linux 5.12 nothing is kept from a second gateway, which is a warning and no obstacle", () => {
  const { own, warnings } = kernelThatSays(errnos.invalid);
  expect(own()).not.toHaveProperty("obstacle");
  expect(warnings).toEqual([
    "before Linux 5.12, table inet ftp_alg can't be kept from a second gateway that has the same kernel.table",
  ]);
});

test.each([
  [[errnos.eperm, 0], "table inet ftp_alg: another gateway that is running owns it"],
  [[errnos.eperm, errnos.eperm], "the process may not change nftables (CAP_NET_ADMIN is missing)"],
  [[errnos.busy], "table inet ftp_alg.owner holds something: nft delete table inet ftp_alg.owner"],
  [[errnos.noBuffers], "table inet ftp_alg.owner can't be made: ENOBUFS"],
])("a kernel that says %j is an obstacle with the reason, and no descriptor is left", (told, obstacle) => {
  const { own, closed, warnings } = kernelThatSays(...told);
  expect(own()).toEqual({ obstacle });
  expect({ closed, warnings }).toEqual({ closed: [descriptor], warnings: [] });
});
