import { parseList } from "basic-ftp/dist/parseList.js";
import { expect, test } from "vitest";
import { formatFactsEntry, formatTime, formatUnixEntry } from "../../src/demo/listing.ts";

const modified = new Date("2026-03-05T14:07:09.123Z");
const file = { name: "read me (1).txt", directory: false, bytes: 1234, modified };
const directory = { name: "pub", directory: true, bytes: 0, modified };

test("times are written as RFC 3659 asks, in UTC", () => {
  expect(formatTime(modified)).toBe("20260305140709");
});

test("facts name type, size and time", () => {
  expect(formatFactsEntry(file)).toBe("type=file;size=1234;modify=20260305140709; read me (1).txt");
  expect(formatFactsEntry(directory)).toBe("type=dir;modify=20260305140709; pub");
});

test("an entry of LIST is read back by a client that knows ls -l", () => {
  expect(formatUnixEntry(file)).toBe("-rw-r--r--    1 ftp      ftp              1234 Mar  5 14:07 read me (1).txt");
  const [read, folder] = parseList(`${formatUnixEntry(file)}\r\n${formatUnixEntry(directory)}\r\n`);
  expect(read).toMatchObject({ name: file.name, size: file.bytes, isFile: true });
  expect(folder).toMatchObject({ name: "pub", isDirectory: true });
});
