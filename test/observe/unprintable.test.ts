import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeUnprintable } from "../../src/observe/unprintable.ts";

test.each([
  ["C0", "\x1b[2J", "\\u001b[2J"],
  ["DEL", "\x7f", "\\u007f"],
  ["C1", "\x9b31m", "\\u009b31m"],
  ["a mark of direction", "\u202etxt.exe", "\\u202etxt.exe"],
  ["an isolate", "\u2066a", "\\u2066a"],
  ["a line separator", "a\u2028b", "a\\u2028b"],
  ["a format beyond 16 bits", "\u{e0001}", "\\udb40\\udc01"],
])("%s is escaped", (_, text, escaped) => {
  expect(escapeUnprintable(text)).toBe(escaped);
});

test("what is read back from escaped JSON is the same text, whatever it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = escapeUnprintable(JSON.stringify(text));
      expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(JSON.parse(json)).toBe(text);
    }),
  );
});
