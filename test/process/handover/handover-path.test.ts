import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { handoverPath, openRuntimeDirectory, runtimeDirectory } from "../../../src/process/handover/handover-path.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "ftp-alg-path-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

const user = process.geteuid?.() ?? 0;

test("the runtime directory is the unit's, root's or the user's", () => {
  expect(runtimeDirectory({ RUNTIME_DIRECTORY: "/run/a:/run/b" }, 5)).toBe("/run/a");
  expect(runtimeDirectory({}, 0)).toBe("/run/ftp-alg");
  expect(runtimeDirectory({ XDG_RUNTIME_DIR: "/run/user/5" }, 5)).toBe("/run/user/5/ftp-alg");
  expect(runtimeDirectory({ RUNTIME_DIRECTORY: "relative", XDG_RUNTIME_DIR: "" }, 5)).toBe(join(tmpdir(), "ftp-alg-5"));
});

test("a file has the same path under each of its names, another one and another instance another, short enough for a socket", async () => {
  const made = folder();
  for (const name of ["a.yml", "b.yml"]) writeFileSync(join(made, name), "");
  symlinkSync("a.yml", join(made, "link.yml"));
  const pathOf = (name: string, instance?: string) => handoverPath({ file: join(made, name), instance }, {}, 0);
  const path = await pathOf("a.yml");
  expect(await pathOf("link.yml")).toBe(path);
  expect(await pathOf("../" + made.split("/").at(-1) + "/a.yml")).toBe(path);
  const all = [path, await pathOf("b.yml"), await pathOf("a.yml", "0/2"), await pathOf("a.yml", "1/2")];
  expect(new Set(all).size).toBe(4);
  expect(path).toMatch(/^\/run\/ftp-alg\/handover-[0-9a-f]{20}\.sock$/);
});

test("what a command line describes is found by its endpoints; standard input by nothing", async () => {
  const one = await handoverPath({ listen: ["0.0.0.0:21"] }, {}, 0);
  expect(await handoverPath({ listen: ["0.0.0.0:21"] }, {}, 0)).toBe(one);
  expect(await handoverPath({ listen: ["0.0.0.0:2121"] }, {}, 0)).not.toBe(one);
  await expect(handoverPath({ file: "-" }, {}, 0)).rejects.toThrow("a configuration from standard input");
  await expect(handoverPath({ file: "/missing.yml" }, {}, 0)).rejects.toThrow("ENOENT");
});

test("the folder is made for its user alone, and one that is not his is not used", async () => {
  const made = folder();
  const own = join(made, "own");
  await openRuntimeDirectory(own, user);
  expect(statSync(own).mode & 0o777).toBe(0o700);
  await openRuntimeDirectory(own, user);
  await expect(openRuntimeDirectory(own, user + 1)).rejects.toThrow(`${own}: it belongs to user ${user}`);
  chmodSync(own, 0o770);
  await expect(openRuntimeDirectory(own, user)).rejects.toThrow("other users may write to it");
  symlinkSync(own, join(made, "link"));
  await expect(openRuntimeDirectory(join(made, "link"), user)).rejects.toThrow("it is no folder");
  const file = join(made, "file");
  writeFileSync(file, "");
  await expect(openRuntimeDirectory(join(file, "below"), user)).rejects.toThrow(file);
  mkdirSync(join(made, "deep"));
  await openRuntimeDirectory(join(made, "deep/er"), user);
});
