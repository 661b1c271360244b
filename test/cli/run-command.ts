// A command as the shell runs it, within the test's process: argv in, what it printed and its exit code out.
import { parseArguments } from "../../src/cli/arguments.ts";
import { commands } from "../../src/cli/commands.ts";
import type { Io } from "../../src/process/io.ts";

export type Printed = { readonly code: number; readonly out: string; readonly err: string };

export type Running = {
  /** So far. */
  readonly out: () => string;
  readonly stop: () => void;
  readonly ended: Promise<Printed>;
};

export function startCommand(argv: readonly string[], rest: Partial<Io> = {}): Running {
  const stop = new AbortController();
  let out = "";
  let err = "";
  const io: Io = {
    input: () => Promise.resolve(""),
    env: {},
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    stop: stop.signal,
    kill: new AbortController().signal,
    onReload() {},
    onReopen() {},
    hooks: {},
    ...rest,
  };
  const asked = parseArguments(argv, commands);
  const run = async (): Promise<Printed> => {
    if (asked.kind === "wrong-usage") return { code: 2, out, err: asked.message };
    if (asked.kind !== "command") throw new Error(`${argv.join(" ")}: ${asked.kind}`);
    const code = await asked.run(io);
    return { code, out, err };
  };
  return { out: () => out, stop: () => stop.abort(), ended: run() };
}

export function runCommand(argv: readonly string[], rest: Partial<Io> = {}): Promise<Printed> {
  return startCommand(argv, rest).ended;
}
