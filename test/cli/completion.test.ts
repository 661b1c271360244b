import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { flagOf } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { completionScript, shells } from "../../src/cli/completion.ts";

const isInstalled = (shell: string): boolean => spawnSync(shell, ["-c", ":"]).error === undefined;

/** What bash would complete the last word to, in a folder with two files. */
function completedByBash(...words: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "completion-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["config.yml", "two words.yml"]) writeFileSync(join(folder, name), "");
  const list = ["ftp-alg", ...words].map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _ftp_alg; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = `${completionScript("bash", commands)}\n${ask}\n`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { cwd: folder, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

test.each(shells.filter(isInstalled))("the script for %s is one that the shell can read", (shell) => {
  const folder = mkdtempSync(join(tmpdir(), "completion-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "script");
  writeFileSync(file, completionScript(shell, commands));
  const { status, stderr } = spawnSync(shell, [shell === "fish" ? "--no-execute" : "-n", file], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test.each(shells)("the script for %s knows every command and each of its options", (shell) => {
  const script = completionScript(shell, commands);
  for (const { name, options } of commands) {
    expect(script).toContain(name);
    for (const key of Object.keys(options))
      expect(script).toContain(shell === "fish" ? `-l ${flagOf(key).slice(2)} ` : flagOf(key));
  }
});

test("bash: commands, options, words and files, each in its place", () => {
  expect(completedByBash("")).toEqual([...commands.map(({ name }) => name), "help", "--help", "--version"]);
  expect(completedByBash("do")).toEqual(["doctor"]);
  expect(completedByBash("run", "--da")).toEqual(["--data-ports"]);
  expect(completedByBash("run", "--log-format", "")).toEqual(["json", "pretty", "journal"]);
  expect(completedByBash("run", "--config", "").toSorted()).toEqual(["config.yml", "two words.yml"]);
  expect(completedByBash("check", "tw")).toEqual(["two words.yml"]);
  expect(completedByBash("completion", "f")).toEqual(["fish"]);
  expect(completedByBash("help", "ru")).toEqual(["run", "ruleset"]);
  expect(completedByBash("run", "--listen", "")).toEqual([]);
});
