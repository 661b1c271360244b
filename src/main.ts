#!/usr/bin/env node
// The program: the command line, the signals and the exit code. The only file that names `process`.
import { fstatSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { parseArguments } from "./cli/arguments.ts";
import { commands } from "./cli/commands.ts";
import { inheritedDescriptors } from "./cli/inherited-descriptors.ts";
import { managedBy } from "./cli/managed-by.ts";
import { isJournal } from "./cli/journal-stream.ts";
import type { Io } from "./process/io.ts";
import { channelToParent } from "./process/workers/worker-io.ts";
import { workerVariable } from "./process/workers/spawned-worker.ts";
import { createTerminal } from "./process/terminal.ts";

// Else Node opens its inspector on it, and with that the process to whoever may send signals or reach the port.
process.on("SIGUSR1", () => {});
// One that came before that line has opened it already.
setImmediate(() => void closeInspector());
// Else one that comes before the gateway hears it, or to another command, ends the process.
process.on("SIGUSR2", () => {});

const stop = new AbortController();
const kill = new AbortController();

let input: Promise<string> | undefined;

const terminal = createTerminal(process.stdin, process.stdout);
// However the process ends, the shell gets its screen and its keyboard back.
process.on("exit", () => terminal?.close());
const { _tickCallback: runTicks } = process as unknown as { _tickCallback?: () => void };

const hooks = { runTicks: runTicks?.bind(process) };

const io: Io = {
  hooks,
  input: () => (input ??= textOf(process.stdin)),
  env: process.env,
  ...(process.stdout.isTTY && { columns: process.stdout.columns }),
  ...(terminal && { terminal }),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stop: stop.signal,
  kill: kill.signal,
  inherited: inheritedDescriptors(process.env, process.pid),
  managedBy: managedBy(process.env, process.pid),
  onReload: (listener) => void process.on("SIGHUP", listener),
  onReopen: (listener) => void process.on("SIGUSR1", listener),
  program: { executable: process.execPath, args: [...process.execArgv, import.meta.filename], env: process.env },
  onReplace: (listener) => void process.on("SIGUSR2", listener),
  startedAs: { file: process.execPath, args: [...process.execArgv, ...process.argv.slice(1)], pid: process.pid },
};

/** Started by a process that supervises this one and others, and that tells it what to do. */
const isWorker = process.env[workerVariable] !== undefined && process.send !== undefined;

// A reader of our output that has gone does not end the gateway.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Whoever tells all processes of a terminal or of a unit tells the supervisor, too.
    if (isWorker && process.connected) return;
    if (!isWorker && !stop.signal.aborted) return stop.abort();
    kill.abort();
    // Whatever still holds the event loop had its chance.
    setTimeout(() => process.exit(1), 500).unref();
  });
}

/** Unless Node was started with it. */
async function closeInspector(): Promise<void> {
  const options = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  if (!process.features.inspector || options.some((option) => /^--inspect(-brk|-wait)?(=|$)/.test(option))) return;
  const inspector = await import("node:inspector");
  if (inspector.url() !== undefined) inspector.close();
}

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2), commands, io.columns);
  switch (asked.kind) {
    case "help":
      io.out(asked.text);
      return 0;
    case "wrong-usage":
      io.err(asked.message);
      return 2;
    case "version":
      io.out(`${(await import("./process/version.ts")).readVersion()}\n`);
      return 0;
    case "command":
      return asked.run(io);
  }
}

async function work(): Promise<never> {
  process.on("SIGHUP", () => {});
  const { runWorker } = await import("./process/workers/worker.ts");
  const isRead = isJournal(process.env["JOURNAL_STREAM"], fstatSync(1));
  await runWorker({ channel: channelToParent(process), isJournal: isRead, kill: kill.signal, hooks });
  // Nothing of it is of use to anybody any more.
  process.exit(0);
}

process.exitCode = isWorker ? await work() : await main();
