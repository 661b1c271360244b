import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseConnection,
  type Tuple,
  writeDelete,
  writeDump,
  writeGet,
  writeMarkBits,
} from "../../../src/dataplane/kernel/conntrack-message.ts";
import {
  createMessageWriter,
  type MessageWriter,
  parseMessages,
} from "../../../src/dataplane/kernel/netlink-message.ts";

/** Hexadecimal in pieces that mean something. */
const joined = (...pieces: string[]) => pieces.join("");

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

describe("questions", () => {
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
    expect(text).toContain(
      joined("14000300fd000002000000000000000000000005", "14000400fd000002000000000000000000000001"),
    );
    expect(text.slice(32, 40)).toBe("0a000000");
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
});

/** As the kernel writes it. */
function told(type: number, messageFlags: number, more: (writer: MessageWriter) => void) {
  const writer = createMessageWriter();
  writer.begin(type, messageFlags, 0);
  writer.bytes(Uint8Array.of(2, 0, 0, 0));
  const tuple = (attribute: number, source: number[], destination: number[], ports: [number, number], protocol = 6) =>
    writer.nest(attribute, () => {
      writer.nest(1, () => {
        writer.attribute(1, Uint8Array.from(source));
        writer.attribute(2, Uint8Array.from(destination));
      });
      writer.nest(2, () => {
        writer.u8(1, protocol);
        writer.be16(2, ports[0]);
        writer.be16(3, ports[1]);
      });
    });
  tuple(1, [192, 168, 1, 100], [192, 168, 1, 1], [40_000, 50_000]);
  tuple(2, [10, 0, 0, 5], [10, 0, 0, 1], [40_215, 40_000]);
  more(writer);
  writer.end();
  return parseMessages(writer.written())[0]!;
}

describe("news", () => {
  const nothingMore = () => {};

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
    expect(parseConnection(message)).toEqual({
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
    expect(parseConnection(told(0x100, 0x400, nothingMore))?.kind).toBe("new");
    expect(parseConnection(told(0x102, 0, nothingMore))?.kind).toBe("gone");
    expect(parseConnection(told(0x100, 0, nothingMore))?.connection).toMatchObject({ mark: 0, isAssured: false });
  });

  test("other messages, and other protocols than TCP, are nothing to us", () => {
    expect(parseConnection(told(0x200, 0, nothingMore))).toBeUndefined();
    const udp = told(0x100, 0, nothingMore);
    udp.payload[udp.payload.indexOf(Buffer.from("0500010006", "hex")) + 4] = 17;
    expect(parseConnection(udp)).toBeUndefined();
  });

  test("whatever bytes come, parsing never throws", () => {
    const good = told(0x100, 0, nothingMore);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.payload.length), (bytes, at) => {
        const payload = Buffer.concat([good.payload.subarray(0, at), Buffer.from(bytes)]);
        const news = parseConnection({ ...good, payload });
        if (news) expect(news.connection.original.source.port).toBeLessThan(65_536);
      }),
    );
  });
});
