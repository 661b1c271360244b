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
});

test("the last four secrets of a session are remembered", () => {
  const secrets = after(...["first", "second", "third", "fourth", "fifth"].map((word) => `PASS ${word}`));
  expect(secrets.hide("first second fifth")).toBe("first **** ****");
});
