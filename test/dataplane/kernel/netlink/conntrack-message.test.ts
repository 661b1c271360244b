import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConnection, type Tuple } from "../../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import { viewOf } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { joined } from "./netlink-messages.ts";
import { told } from "./told-connection.ts";

const ipv4: Tuple = {
  source: { address: "192.168.1.100", port: 40_000 },
  destination: { address: "192.168.1.1", port: 50_000 },
};
const parse = (message: Uint8Array) => parseConnection(viewOf(message), 0);

test("a changed connection says its mark, state, flags and counters", () => {
  const message = told(0x100, 0, (writer) => {
    writer.be32(3, 0x1be);
    writer.nest(4, () =>
      writer.nest(1, () => {
        writer.u8(1, 5);
        writer.attribute(4, Uint8Array.of(0x10, 0));
        writer.attribute(5, Uint8Array.of(0x27, 0));
      }),
    );
    writer.be32(8, 0x46800001);
    writer.nest(9, () => {
      writer.be64(1, 3);
      writer.be64(2, 1000);
    });
    writer.nest(10, () => {
      writer.be64(1, 4);
      writer.be64(2, 5_000_000_000);
    });
  });
  expect(parse(message)).toEqual({
    kind: "update",
    connection: {
      original: ipv4,
      reply: { source: { address: "10.0.0.5", port: 40_215 }, destination: { address: "10.0.0.1", port: 40_000 } },
      mark: 0x46800001,
      state: 5,
      isAssured: true,
      opener: { closedFirst: false, hasUnacknowledged: true },
      answerer: { closedFirst: true, hasUnacknowledged: false },
      bytes: { fromOpener: 1000, fromAnswerer: 5_000_000_000 },
    },
  });
});

test("a new one and one that is gone are told from a changed one", () => {
  expect(parse(told(0x100, 0x400))?.kind).toBe("new");
  expect(parse(told(0x102, 0))?.kind).toBe("gone");
  expect(parse(told(0x100, 0))?.connection).toMatchObject({ mark: 0, isAssured: false });
});

test("an answer as Linux gives it says all there is, over IPv6 too", () => {
  const message = joined(
    "3c01000000010200050000003823f7a2 0a000000",
    "4c000180 2c000180 14000300fd000000000000000000000000000001 14000400fd000000000000000000000000000001",
    "1c000280 0500010006000000 06000200969a0000 06000300c3510000",
    "4c000280 2c000180 14000300fd000000000000000000000000000005 14000400fd000000000000000000000000000001",
    "1c000280 0500010006000000 060002009d170000 06000300969a0000",
    "08000300000001ae 0800080046000008 08000c005fc1e262 08000b0000000002 0800070000000077",
    "30000480 2c000180 0500010007000000 050002000a000000 050003000a000000 0600040023000000 0600050027000000",
    "1c000980 0c0001000000000000000004 0c0002000000000000000128",
    "1c000a80 0c0001000000000000000004 0c00020000000000000014b0",
  );
  const gateway = "fd00::1";
  expect(parse(Buffer.from(message, "hex"))).toEqual({
    kind: "update",
    connection: {
      original: { source: { address: gateway, port: 38_554 }, destination: { address: gateway, port: 50_001 } },
      reply: { source: { address: "fd00::5", port: 40_215 }, destination: { address: gateway, port: 38_554 } },
      mark: 0x46000008,
      state: 7,
      isAssured: true,
      opener: { closedFirst: false, hasUnacknowledged: false },
      answerer: { closedFirst: true, hasUnacknowledged: false },
      bytes: { fromOpener: 296, fromAnswerer: 5296 },
    },
  });
});

test("another connection under an earlier one's number is told from it", () => {
  const message = told(0x100, 0, (writer) => writer.be32(8, 0x46000001));
  expect(parse(message)?.connection.original).toEqual(ipv4);
  const clientPort = Buffer.from("9c40", "hex");
  for (let at = message.indexOf(clientPort); at >= 0; at = message.indexOf(clientPort)) message[at + 1] = 0x41;
  const later = parse(message)?.connection;
  expect([later?.original.source.port, later?.reply.destination.port]).toEqual([40_001, 40_001]);
});

test("other messages, and other protocols than TCP, are nothing to us", () => {
  expect(parse(told(0x200, 0))).toBeUndefined();
  const udp = told(0x100, 0);
  udp[udp.indexOf(Buffer.from("0500010006", "hex")) + 4] = 17;
  expect(parse(udp)).toBeUndefined();
});

/** With a header that says how long it is. */
function asMessage(header: Uint8Array, payload: Uint8Array): Buffer {
  const message = Buffer.concat([header.subarray(0, 16), payload]);
  message.writeUInt32LE(message.length);
  return message;
}

test("whatever bytes come, parsing never throws", () => {
  const good = told(0x100, 0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 16, max: good.length }), (bytes, at) => {
      const event = parse(asMessage(good, Buffer.concat([good.subarray(16, at), bytes])));
      if (event) expect(event.connection.original.source.port).toBeLessThan(65_536);
    }),
  );
});

test("a message that was cut off or changed anywhere is read within its bounds", () => {
  const good = told(0x100, 0, (writer) => {
    writer.be32(8, 0x46000001);
    writer.nest(4, () => writer.nest(1, () => writer.u8(1, 5)));
    writer.nest(9, () => writer.be64(2, 1000));
    writer.nest(10, () => writer.be64(2, 1000));
  });
  const change = fc.tuple(fc.integer({ min: 20, max: good.length - 1 }), fc.nat(255));
  const haveBothTuples = 16 + 4 + 52 + 52;
  fc.assert(
    fc.property(fc.integer({ min: 16, max: good.length }), fc.array(change, { maxLength: 4 }), (end, changes) => {
      const message = asMessage(good, good.subarray(16, end));
      for (const [at, byte] of changes) if (at < end) message[at] = byte;
      const event = parse(message);
      if (changes.length === 0) expect(event !== undefined).toBe(end >= haveBothTuples);
    }),
  );
});
