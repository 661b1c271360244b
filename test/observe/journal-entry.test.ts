import fc from "fast-check";
import { expect, test } from "vitest";
import { journalEntry } from "../../src/observe/journal-entry.ts";

test("a field has the name of the line's in capital letters, and what is no text is JSON", () => {
  const log = { level: "debug", time: "2026-11-28T10:00:00Z", msg: "x", durationMs: 12, hops: ["a"], "odd-name": true };
  expect(journalEntry(log, "x durationMs=12")).toBe(
    "MESSAGE=x durationMs=12\nPRIORITY=7\nSYSLOG_IDENTIFIER=ftp-alg\n" +
      'FTP_ALG_DURATION_MS=12\nFTP_ALG_HOPS=["a"]\nFTP_ALG_ODD_NAME=true\n',
  );
});

test("hostile: whatever a peer is called, an entry has the fields that it should have and no other", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (user, message) => {
      const lines = journalEntry({ level: "info", user }, message).split("\n");
      expect(lines.map((line) => line.split("=", 1)[0])).toEqual([
        ...["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "FTP_ALG_USER", ""],
      ]);
    }),
  );
});
