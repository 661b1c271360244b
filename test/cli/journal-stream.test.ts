import { expect, test } from "vitest";
import { isJournal } from "../../src/cli/journal-stream.ts";

test("standard output is the journal where its device and inode are the ones that systemd names", () => {
  expect(isJournal("9:12345", { dev: 9, ino: 12_345 })).toBe(true);
});

test.each([undefined, "", "9:1234", "8:12345", "12345"])("it is not where systemd says %j", (variable) => {
  expect(isJournal(variable, { dev: 9, ino: 12_345 })).toBe(false);
});
