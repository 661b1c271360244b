import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import { isOpenToAll, readAdminToken } from "../../src/process/admin-token.ts";
import { temporaryFile } from "../gateway/spawned-gateway.ts";

test("the token is the word in the file, without the line end that editors leave", async () => {
  expect(await readAdminToken(temporaryFile("token", "correct-horse-battery\n"))).toBe("correct-horse-battery");
});

test("a file that is not there, a short token and more than one word are errors that name the file and quote nothing of it", async () => {
  const rejected = (file: string) =>
    readAdminToken(file).then(
      () => "",
      (error: Error) => error.message,
    );
  expect(await rejected("/nowhere/token")).toBe("admin.token.file: can't read /nowhere/token: no such file");
  expect(await rejected("/")).toBe("admin.token.file: can't read /: it is a folder");
  for (const [text, problem] of [
    ["", "needs at least 16 characters"],
    ["hunter2", "needs at least 16 characters"],
    ["hunter2 hunter2 hunter2", "holds more than one word of ASCII"],
  ] as const) {
    const file = temporaryFile("token", text);
    expect(await rejected(file)).toContain(file);
    expect(await rejected(file)).toContain(problem);
    expect(await rejected(file)).not.toContain("hunter2");
  }
});

test("open door: a token file that every user may read or change is told from one that is its owner's and its group's", async () => {
  const file = temporaryFile("token", "correct-horse-battery\n");
  for (const [mode, isOpen] of [
    [0o600, false],
    [0o440, false],
    [0o644, true],
    [0o602, true],
  ] as const) {
    chmodSync(file, mode);
    expect(await isOpenToAll(file), mode.toString(8)).toBe(isOpen);
  }
});
