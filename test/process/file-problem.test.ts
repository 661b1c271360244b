import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fileProblem } from "../../src/process/file-problem.ts";

test("why a file can't be read is said in words, and else by the system's code or the message", async () => {
  const why = (file: string) => readFile(file).then(() => "read", fileProblem);
  expect(await why("/nowhere/at/all")).toBe("no such file");
  expect(await why("/")).toBe("it is a folder");
  expect(await why("/etc/passwd/x")).toBe("no such file: a part of the path is not a folder");
  expect(fileProblem(Object.assign(new Error("read EIO"), { code: "EIO" }))).toBe("EIO");
  expect(fileProblem("torn")).toBe("torn");
});
