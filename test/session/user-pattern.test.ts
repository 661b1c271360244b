import fc from "fast-check";
import { expect, test } from "vitest";
import { isUserMeant } from "../../src/session/user-pattern.ts";

test.each([
  ["alice", "alice"],
  ["alice", "ALICE"],
  ["alice", " alice\t"],
  ["*", ""],
  ["*", "anybody at all"],
  ["backup-*", "backup-"],
  ["backup-*", "Backup-7"],
  ["*@example.com", "bob@a@example.com"],
  ["a*b*c", "aXbbXbc"],
  ["guest?", "guest7"],
  ["c*\\alice", "corp\\alice"],
  ["a.b", "a.b"],
  ["anonymous", "ftp"],
  ["ftp", "Anonymous"],
])("%s means the user %j", (pattern, user) => {
  expect(isUserMeant(pattern, user)).toBe(true);
});

test.each([
  ["alice", "alice2"],
  ["alice", "malice"],
  ["alice", ""],
  ["backup-*", "backup"],
  ["guest?", "guest"],
  ["guest?", "guest77"],
  ["a*b*c", "aXbXcX"],
  ["a.b", "aXb"],
  ["alice", "alice\u00e9"],
  ["alice", "alice\nbob"],
  ["anonymous", "ftpuser"],
  // Only A to Z: which other letters are the same is for the server's code page to say.
  ["j\u00c3\u00b6rg", "J\u00c3\u0096RG"],
])("%s does not mean the user %j", (pattern, user) => {
  expect(isUserMeant(pattern, user)).toBe(false);
});

test("a pattern means what the regular expression with the same words means", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (one, user) => {
      const same = new RegExp(`^${one.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(isUserMeant(one, user)).toBe(same.test(user));
    }),
    { numRuns: 2000 },
  );
});

test("attack: a long name that almost matches many stars is answered at once", () => {
  const started = performance.now();
  expect(isUserMeant("*a*a*a*a*a*a*a*a*a*b", "a".repeat(4000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});
