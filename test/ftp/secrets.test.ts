import fc from "fast-check";
import { expect, test } from "vitest";
import { createSecrets } from "../../src/ftp/secrets.ts";

function after(...lines: string[]) {
  const secrets = createSecrets();
  for (const line of lines) secrets.note(line);
  return secrets;
}

test.each(["PASS hunter2", "pass  hunter2 ", "\xff\xf2PASS hunter2", "ACCT hunter2"])("%j makes a secret", (line) => {
  expect(after(line).hide("530 hunter2 is wrong, hunter2!")).toBe("530 **** is wrong, ****!");
});

test("what is not a secret is left as it is", () => {
  expect(after("USER hunter2", "PASSIVE hunter2", "PASS 22").hide("226 hunter2 22")).toBe("226 hunter2 22");
  expect(after("OPEN ftp.example.com 2121", "OPEN ftp://host").hide("502 2121 host")).toBe("502 2121 host");
});

test("a password of three bytes or less is hidden where a negative reply quotes it as a word, and nowhere else", () => {
  const { hide } = after("USER u", "PASS ab", "PASS 1");
  expect(hide("530 'ab' and AB are wrong, cab and abc are words; 15301 users")).toBe(
    "530 '****' and **** are wrong, cab and abc are words; 15301 users",
  );
  expect(hide("S> 421 1 try too many")).toBe("S> 421 **** try too many");
  expect(hide("226 1 file, ab")).toBe("226 1 file, ab");
  expect(after("PASS 530").hide("530 530 is wrong")).toBe("530 **** is wrong");
  expect(after("PASS .*").hide("530 .* is wrong, really")).toBe("530 **** is wrong, really");
});

test.each([
  ["PASShunter2", "500 'PASShunter2': not understood", "500 'PASS****': not understood"],
  ["passhunter2", "500 PASSHUNTER2 not understood", "500 PASS**** not understood"],
  ["PSAS hunter2", "500 'PSAS hunter2'", "500 'PSAS ****'"],
  ["PAS  hunter2", "500 'PAS hunter2'", "500 'PAS ****'"],
  ["OPEN ftp://u:hunter2@ftp.example.com", "500 OPEN ftp://u:hunter2@", "500 OPEN ftp://u:****@"],
  ["OPEN u:hunter2@ftp.example.com:2121", "500 OPEN u:hunter2@", "500 OPEN u:****@"],
])("a slip of the finger does not tell the password: %j", (line, said, masked) => {
  expect(after("USER u", line).hide(said)).toBe(masked);
});

test("a password without PASS behind USER is hidden, a command there is not", () => {
  expect(after("USER u", "hunter2").hide("C> hunter2")).toBe("C> ****");
  expect(after("USER u", "SYST", "hunter2").hide("C> hunter2")).toBe("C> hunter2");
  expect(after("USER u", "CLNT hunter2").hide("C> CLNT hunter2")).toBe("C> CLNT hunter2");
});

test("the last four secrets of a session are remembered", () => {
  const secrets = after(...["first", "second", "third", "fourth", "fifth"].map((word) => `PASS ${word}`));
  expect(secrets.hide("first second fifth")).toBe("first **** ****");
});

test("a secret that is the beginning of another leaves no rest of it", () => {
  expect(after("PASS hunter", "PASS hunter2-long").hide("530 hunter2-long, not hunter")).toBe("530 ****, not ****");
});

test("the words behind a SITE command on passwords are secrets", () => {
  const said = "500 'SITE PSWD old-one new-one': not understood";
  expect(after("SITE PSWD old-one new-one").hide(said)).toBe("500 'SITE PSWD **** ****': not understood");
  expect(after("site chpass alice new-one").hide("500 new-one")).toBe("500 ****");
  expect(after("SITE CHMOD 0644 file", "SITE PSWD").hide("200 0644 file PSWD")).toBe("200 0644 file PSWD");
});

test("a secret is hidden where a sentence has made question marks of its bytes, too", () => {
  expect(after("PASS p\xc3\xa4ssw\xc3\xb6rt").hide("turned away: 421 p??ssw??rt")).toBe("turned away: 421 ****");
});

test("limit: a line takes time in proportion to its length, wherever its blanks are", () => {
  const blanks = " ".repeat(200_000);
  const startedAt = performance.now();
  for (const line of [
    `PASS a${blanks}b`,
    `PASS ${blanks}b`,
    `SITE ${"pass".repeat(50_000)}`,
    `${blanks}PASS a`,
    `OPEN ${":@".repeat(100_000)}`,
    `PAS ${blanks}`,
    `OASS${blanks}b`,
  ])
    after("USER u", line).hide(line);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test("whatever a password is, a text that quotes it does not show it", () => {
  const byte = fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code));
  const password = fc.string({ unit: byte, minLength: 4, maxLength: 12 }).filter((text) => !/^\*+$/.test(text));
  fc.assert(
    fc.property(password, fc.constantFrom("PASS ", "pass  ", "\xff\xf2PASS\t", "ACCT "), (secret, verb) => {
      const said = `530 <${secret}> is wrong`;
      expect(after(verb + secret).hide(said)).toBe(said.replaceAll(secret, "****"));
    }),
    { numRuns: 2000 },
  );
});
