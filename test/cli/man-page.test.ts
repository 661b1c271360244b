import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { flagOf } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { readVersion } from "../../src/process/version.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "deploy/man/ftp-alg.1");
const isInstalled = (program: string): boolean => spawnSync(program, ["--help"]).error === undefined;

test("deploy/man/ftp-alg.1 is what the commands say of themselves (vitest -u writes it)", async () => {
  await expect(manPage(commands, readVersion())).toMatchFileSnapshot(file);
});

test("npm installs the page: it takes a list alone", () => {
  const { man } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { man: unknown };
  expect(man).toEqual([relative(root, file)]);
});

describe.skipIf(!isInstalled("man"))("as man shows it", () => {
  const environment = { ...process.env, MANWIDTH: "80", MAN_KEEP_FORMATTING: "", LC_ALL: "C.UTF-8", MANPAGER: "cat" };
  const { stdout, stderr } = spawnSync("man", ["--warnings", "-l", file], { encoding: "utf8", env: environment });

  test("there is nothing to warn of", () => {
    expect(stderr).toBe("");
  });

  test("every command stands there with each of its options", () => {
    for (const { name, options } of commands) {
      const from = stdout.search(new RegExp(`^ +ftp-alg ${name}\\b`, "m"));
      expect(from, name).toBeGreaterThan(0);
      for (const key of Object.keys(options)) expect(stdout.slice(from), name).toContain(flagOf(key));
    }
  });
});

test.skipIf(!isInstalled("mandoc"))("mandoc finds no error in the page", () => {
  const { stdout } = spawnSync("mandoc", ["-Tlint", "-Wwarning", file], { encoding: "utf8" });
  // Pages are dated by their release.
  expect(stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"))).toEqual([]);
});
