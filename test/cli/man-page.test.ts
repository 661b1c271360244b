import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { flagOf } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { readVersion } from "../../src/process/version.ts";
import { programObstacle } from "../lab/availability.ts";
import { program } from "../lab/programs.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "deploy/man/ftp-alg.1");

test("deploy/man/ftp-alg.1 is what the commands say of themselves (vitest -u writes it)", async () => {
  await expect(manPage(commands, readVersion())).toMatchFileSnapshot(file);
});

test("npm installs the page: it takes a list alone", () => {
  const { man } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { man: unknown };
  expect(man).toEqual([relative(root, file)]);
});

// Where the machine has none, it is unpacked from Debian's package as the programs of the lab are.
const obstacle = await programObstacle("mandoc");

describe.skipIf(obstacle !== undefined)("as a reader of manual pages shows it", () => {
  const mandoc = async (...args: string[]): Promise<string> => {
    const { path, env } = await program("mandoc");
    return spawnSync(path, [...args, file], { encoding: "utf8", env: { ...process.env, ...env } }).stdout;
  };

  test("there is no error in it", async () => {
    // Pages are dated by their release.
    const complaints = (await mandoc("-Tlint", "-Wwarning")).split("\n").filter((line) => line !== "");
    expect(complaints.filter((line) => !line.includes("missing date"))).toEqual([]);
  });

  test("every command stands there with each of its options", async () => {
    // Bold and underlined letters are written over others.
    const struck = (await mandoc("-Tascii")).split("\b");
    const shown = struck.map((piece, at) => (at < struck.length - 1 ? piece.slice(0, -1) : piece)).join("");
    for (const { name, options } of commands) {
      const from = shown.search(new RegExp(`^ +ftp-alg ${name}\\b`, "m"));
      expect(from, name).toBeGreaterThan(0);
      for (const key of Object.keys(options)) expect(shown.slice(from), name).toContain(flagOf(key));
    }
  });
});
