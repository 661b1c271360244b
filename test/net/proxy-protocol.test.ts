import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "../../src/net/crc32c.ts";
import { formatProxyHeader, readProxyHeader, type ProxyHeader } from "../../src/net/proxy-protocol.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

const v4: ProxyHeader = {
  kind: "proxied",
  source: { address: "192.168.1.100", port: 40_778 },
  destination: { address: "203.0.113.7", port: 21 },
};
const v6: ProxyHeader = {
  kind: "proxied",
  source: { address: "fd00:1::100", port: 40_778 },
  destination: { address: "2001:db8::7", port: 21 },
};
const local: ProxyHeader = { kind: "local" };
const signature = "0d0a0d0a000d0a515549540a";

describe("version 1", () => {
  test("tells the client and where it has connected to, and what is behind the line is the client's", () => {
    const text = "PROXY TCP4 192.168.1.100 203.0.113.7 40778 21\r\n";
    expect(readProxyHeader(bytesOf(`${text}USER anna\r\n`))).toEqual({ kind: "read", header: v4, length: text.length });
    const six = "PROXY TCP6 fd00:1::100 2001:db8::7 40778 21\r\n";
    expect(readProxyHeader(bytesOf(six))).toEqual({ kind: "read", header: v6, length: six.length });
  });

  test("UNKNOWN is the balancer itself, whatever follows on the line", () => {
    expect(readProxyHeader(bytesOf("PROXY UNKNOWN\r\n"))).toMatchObject({ header: local });
    expect(readProxyHeader(bytesOf("PROXY UNKNOWN ffff::1 x 1 2\r\n"))).toMatchObject({ header: local });
  });

  test.each([
    ["PROXY TCP4 192.168.1.100 203.0.113.7 40778 021\r\n", "ports"],
    ["PROXY TCP4 192.168.1.100 203.0.113.7 40778 65536\r\n", "ports"],
    ["PROXY TCP4 192.168.1.100 203.0.113.7 40778\r\n", "ports"],
    ["PROXY TCP4 192.168.1.100 203.0.113.7 40778 21 1\r\n", "ports"],
    ["PROXY TCP4 192.168.1.100  203.0.113.7 40778 21\r\n", "ports"],
    ["PROXY TCP4 192.168.1.256 203.0.113.7 40778 21\r\n", "addresses"],
    ["PROXY TCP4 fd00::1 fd00::2 40778 21\r\n", "addresses"],
    ["PROXY TCP6 192.168.1.1 fd00::2 40778 21\r\n", "addresses"],
    ["PROXY TCP6 fe80::1%eth0 fd00::2 40778 21\r\n", "addresses"],
    ["PROXY UDP4 192.168.1.100 203.0.113.7 40778 21\r\n", "protocol"],
    ["PROXY TCP4 192.168.1.100 203.0.113.7 40778 21\n", "CR LF"],
    [`PROXY UNKNOWN ${"x".repeat(100)}\r\n`, "too long"],
    ["USER anna\r\n", "no PROXY header"],
    ["proxy UNKNOWN\r\n", "no PROXY header"],
  ])("refusal: %j", (text, detail) => {
    expect(readProxyHeader(bytesOf(text))).toMatchObject({ kind: "refused", detail: expect.stringContaining(detail) });
  });
});

describe("version 2", () => {
  test("as HAProxy 2.6 sends it, for IPv4 and IPv6, with and without what it tells besides", () => {
    const plain = hex(`${signature} 21 11 000c c0a80164 cb007107 9f4a 0015`);
    expect(readProxyHeader(plain)).toEqual({ kind: "read", header: v4, length: 28 });
    const six = hex(
      `${signature} 21 21 0024 fd000001000000000000000000000100 20010db8000000000000000000000007 9f4a 0015`,
    );
    expect(readProxyHeader(six)).toEqual({ kind: "read", header: v6, length: 52 });
    // PP2_TYPE_UNIQUE_ID and PP2_TYPE_SSL.
    const more = hex(`${signature} 21 11 0018 c0a80164 cb007107 9f4a 0015 05 0001 41 20 0005 01 00000000`);
    expect(readProxyHeader(more)).toEqual({ kind: "read", header: v4, length: 40 });
  });

  test("LOCAL is the balancer itself: its health check", () => {
    expect(readProxyHeader(hex(`${signature} 20 00 0000`))).toEqual({ kind: "read", header: local, length: 16 });
    expect(readProxyHeader(hex(`${signature} 20 11 000c c0a80164 cb007107 9f4a 0015`))).toMatchObject({
      header: local,
    });
  });

  test("the checksum is checked where there is one", () => {
    const header = hex(`${signature} 21 11 0013 c0a80164 cb007107 9f4a 0015 03 0004 00000000`);
    new DataView(header.buffer).setUint32(31, crc32c(header));
    expect(readProxyHeader(header)).toMatchObject({ kind: "read", header: v4 });
    header[16] = 11;
    expect(readProxyHeader(header)).toEqual({ kind: "refused", detail: "the checksum is wrong" });
  });

  test.each([
    [`${signature} 31 11 000c c0a80164 cb007107 9f4a 0015`, "version 2"],
    [`${signature} 22 11 000c c0a80164 cb007107 9f4a 0015`, "LOCAL nor PROXY"],
    [`${signature} 21 12 000c c0a80164 cb007107 9f4a 0015`, "not TCP"],
    [`${signature} 21 31 00d8 ${"00".repeat(216)}`, "not TCP"],
    [`${signature} 21 11 000b c0a80164 cb007107 9f4a 00`, "cut off"],
    [`${signature} 21 11 000e c0a80164 cb007107 9f4a 0015 0500`, "TLV is cut off"],
    [`${signature} 21 11 000f c0a80164 cb007107 9f4a 0015 050001`, "TLV is cut off"],
    [`${signature} 21 11 000f c0a80164 cb007107 9f4a 0015 030000`, "checksum is none"],
    [`${signature} 21 11 1001`, "too long"],
    ["0d0a0d0a000d0a515549540b", "no PROXY header"],
  ])("refusal: %s", (text, detail) => {
    expect(readProxyHeader(hex(text))).toMatchObject({ kind: "refused", detail: expect.stringContaining(detail) });
  });
});

const anyPort = fc.nat(65_535);
const anyProxied = fc.oneof(
  ...(
    [
      ["IPv4", fc.ipV4()],
      ["IPv6", fc.constantFrom("fd00:1::100", "2001:db8::7", "::1", "2001:db8:1:2:3:4:5:6")],
    ] as const
  ).map(([, address]) =>
    fc.record({
      kind: fc.constant("proxied" as const),
      source: fc.record({ address, port: anyPort }),
      destination: fc.record({ address, port: anyPort }),
    }),
  ),
);

test("what is sent is read as it was meant, whole, byte by byte and with trailing data, in either version", () => {
  fc.assert(
    fc.property(anyProxied, fc.constantFrom("v1" as const, "v2" as const), fc.string(), (header, version, behind) => {
      const sent = bytesOf(formatProxyHeader(version, header));
      const read = { kind: "read", header, length: sent.length };
      expect(readProxyHeader(sent)).toEqual(read);
      expect(readProxyHeader(bytesOf(Buffer.from(sent).toString("latin1") + behind))).toEqual(read);
      for (let length = 0; length < sent.length; length++) {
        expect(readProxyHeader(sent.subarray(0, length))).toEqual({ kind: "incomplete" });
      }
    }),
    { numRuns: 100 },
  );
});

test("ends of two families and the gateway's own connections are sent as UNKNOWN or LOCAL", () => {
  const mixed = { ...v4, destination: v6.destination } as ProxyHeader;
  for (const header of [mixed, local]) {
    expect(formatProxyHeader("v1", header)).toBe("PROXY UNKNOWN\r\n");
    expect(readProxyHeader(bytesOf(formatProxyHeader("v2", header)))).toMatchObject({ header: local, length: 16 });
  }
});

test("hostile: any bytes are read without an error, and nothing waits for ever", () => {
  const start = fc.constantFrom("", signature, `${signature}2111`, Buffer.from("PROXY ").toString("hex"));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 5000 }), (prefix, rest) => {
      const bytes = Uint8Array.from([...hex(prefix), ...rest]);
      const read = readProxyHeader(bytes);
      if (read.kind === "incomplete") expect(bytes.length).toBeLessThan(16 + 4096);
      if (read.kind === "read") expect(read.length).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 300 },
  );
});
