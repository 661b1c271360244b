import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRecordFollower, followRecords, isBetweenRecords, type Followed } from "../../src/ftp/tls-records.ts";
import { bytesOf, cut } from "./every-chunking.ts";

/** A record as it stands on the wire, latin1. */
function record(type: number, length: number, minor = 3): string {
  return String.fromCharCode(type, 3, minor, length >> 8, length & 0xff) + "\x16".repeat(length);
}

const hello = record(0x16, 200, 1);

/** What comes of the chunks one after another, its place counted from the first byte of all; the rest is left where it is. */
function follow(chunks: readonly string[]): Followed {
  const follower = createRecordFollower();
  let before = 0;
  for (const chunk of chunks) {
    const { kind, end } = followRecords(follower, bytesOf(chunk), 0, chunk.length);
    before += end;
    if (kind !== "records") return { kind, end: before };
  }
  return { kind: "records", end: before };
}

/** Whole and byte by byte, which has to be the same. */
function followEveryWay(text: string): Followed {
  const whole = follow([text]);
  expect(follow(text.split(""))).toEqual(whole);
  return whole;
}

describe("TLS that is followed and not read", () => {
  test("is all of a stream that consists of records, of every type and of none bytes too", () => {
    const stream = hello + record(0x14, 1) + record(0x17, 0) + record(0x17, 16_384 + 256) + record(0x15, 2);
    expect(followEveryWay(stream)).toEqual({ kind: "records", end: stream.length });
  });

  test("ends where a record could begin and a letter, a digit or a Telnet command stands", () => {
    for (const clear of ["PWD\r\n", "257 /\r\n", "\xff\xf4\xff\xf2ABOR\r\n", "\r\n", "\n", "\0"]) {
      const stream = hello + record(0x17, 30);
      expect(followEveryWay(stream + clear)).toEqual({ kind: "clear", end: stream.length });
    }
  });

  test("does not end at what looks like clear text within a record", () => {
    const text = "PASV\r\n";
    const stream = `${hello}\x17\x03\x03\0${String.fromCharCode(text.length)}${text}`;
    expect(followEveryWay(stream)).toEqual({ kind: "records", end: stream.length });
  });

  test("begins with a handshake, or with the alert of a peer that gives up", () => {
    expect(followEveryWay(record(0x15, 2)).kind).toBe("records");
    for (const first of [record(0x17, 9), record(0x14, 1), "USER evil\r\n", "500 OOPS\r\n", "\x80\x2e\x01\x03\x01"]) {
      expect(followEveryWay(first)).toEqual({ kind: "not-tls", end: 0 });
    }
  });

  test("is not TLS where a version is none, or a record longer than any can be", () => {
    expect(followEveryWay("\x16\x02\x01\0\x05")).toEqual({ kind: "not-tls", end: 1 });
    expect(followEveryWay("\x16\x03\x05\0\x05")).toEqual({ kind: "not-tls", end: 2 });
    expect(followEveryWay(`${hello}\x17\x03\x03\x48\x01`)).toEqual({ kind: "not-tls", end: hello.length + 4 });
    expect(followEveryWay(`${hello}\x17\x03\x03\xff`)).toEqual({ kind: "not-tls", end: hello.length + 3 });
    expect(followEveryWay(`${hello}\x17\x03\x03\x48\x00`).kind).toBe("records");
  });

  test("stands between two records after a whole one alone", () => {
    const follower = createRecordFollower();
    expect(isBetweenRecords(follower)).toBe(false);
    const bytes = bytesOf(hello);
    for (let at = 0; at < bytes.length; at++) {
      followRecords(follower, bytes, at, at + 1);
      expect(isBetweenRecords(follower)).toBe(at === bytes.length - 1);
    }
  });

  test("ends at the same byte however the stream is cut, and whatever comes behind it", () => {
    const records = fc.array(
      fc
        .record({
          type: fc.integer({ min: 0x14, max: 0x18 }),
          body: fc.string({ unit: "binary-ascii", maxLength: 40 }),
          minor: fc.integer({ min: 0, max: 4 }),
        })
        .map(
          ({ type, body, minor }) => String.fromCharCode(type, 3, minor, body.length >> 8, body.length & 0xff) + body,
        ),
      { maxLength: 5 },
    );
    const clear = fc
      .tuple(
        fc.integer({ min: 0, max: 255 }).filter((byte) => byte < 0x14 || byte > 0x18),
        fc.string({ unit: "binary-ascii", maxLength: 20 }),
      )
      .map(([first, rest]) => String.fromCharCode(first) + rest);
    fc.assert(
      fc.property(records, clear, fc.array(fc.nat(), { maxLength: 12 }), (bodies, tail, places) => {
        const stream = hello + bodies.join("");
        expect(follow(cut(stream, places))).toEqual({ kind: "records", end: stream.length });
        expect(follow(cut(stream + tail, places))).toEqual({ kind: "clear", end: stream.length });
      }),
    );
  });

  test("is followed over any bytes at all in the same way however they are cut, and never beyond them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
        const stream = hello + String.fromCharCode(...bytes);
        const followed = followEveryWay(stream);
        expect(follow(cut(stream, places))).toEqual(followed);
        expect(followed.end).toBeLessThanOrEqual(stream.length);
      }),
    );
  });
});
