import { expect, test } from "vitest";
import { upperCaseAscii } from "../../src/ftp/command.ts";
import { readLatin1, trimBlanks } from "../../src/ftp/latin1.ts";
import { bytesOf } from "./every-chunking.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

test.each([
  ["an array", everyByte],
  ["a Buffer", Buffer.from(everyByte)],
])("D3.57 every byte of %s becomes the character of its number", (_, bytes) => {
  expect(bytesOf(readLatin1(bytes, 0, 256))).toEqual(everyByte);
  expect(readLatin1(bytes, 65, 68)).toBe("ABC");
});

test("a part of the bytes is read", () => {
  expect(readLatin1(bytesOf("NOOP\r\n"), 1, 4)).toBe("OOP");
  expect(readLatin1(bytesOf("NOOP"), 2, 2)).toBe("");
});

test("a mebibyte is read", () => {
  const bytes = new Uint8Array(1024 * 1024 + 1).fill(0xe9);
  expect(readLatin1(bytes, 0, bytes.length)).toBe("\xe9".repeat(bytes.length));
});

test("D3.34 only ASCII letters change case", () => {
  expect(upperCaseAscii("reTr\xe9\xff\xdf\xb5z")).toBe("RETR\xe9\xff\xdf\xb5Z");
});

test("only SP and HT are trimmed", () => {
  expect(trimBlanks(" \t a b\xa0\v \t")).toBe("a b\xa0\v");
  expect(trimBlanks(" \t ")).toBe("");
});

test("long runs of blanks inside a text are trimmed in linear time", () => {
  const text = `a${" \t".repeat(100_000)}b`;
  expect(trimBlanks(text)).toBe(text);
});
