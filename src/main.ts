#!/usr/bin/env node
// The program: the command line, the signals and the exit code. The only file that names `process`.
import { parseArguments } from "./cli/arguments.ts";
import { inheritedDescriptors } from "./cli/inherited-descriptors.ts";
import type { Io } from "./process/io.ts";
import { loadConfig, withConfig } from "./cli/load-config.ts";

// Else Node opens its inspector on it, and with that the process to whoever may send signals or reach the port.
process.on("SIGUSR1", () => {});

const stop = new AbortController();
const kill = new AbortController();

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stop: stop.signal,
  kill: kill.signal,
  inherited: inheritedDescriptors(process.env, process.pid),
  onReload: (listener) => void process.on("SIGHUP", listener),
};

// A reader of our output that has gone does not end the gateway.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) return stop.abort();
    kill.abort();
    // Whatever still holds the event loop had its chance.
    setTimeout(() => process.exit(1), 500).unref();
  });
}

// The commands are imported when asked for, so that `check` loads no socket and `run` no demonstration.
async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  switch (asked.command) {
    case "help":
      io.out(asked.text);
      return 0;
    case "wrong-usage":
      io.err(asked.message);
      return 2;
    case "version":
      io.out(`${(await import("./process/version.ts")).readVersion()}\n`);
      return 0;
    case "check":
      return (await import("./cli/check.ts")).check(asked.file, io);
    case "demo":
      return (await import("./demo/demo.ts")).demo({ stay: asked.stay }, io);
    case "run":
      return withConfig(asked.source, io, async (config) =>
        (await import("./cli/run.ts")).runGateway(config, io, () => loadConfig(asked.source)),
      );
    case "doctor": {
      const { doctor } = await import("./cli/doctor.ts");
      return withConfig({ kind: "file", file: asked.file }, io, (config) => doctor(config, io));
    }
    case "ruleset": {
      const { printRuleset } = await import("./cli/ruleset.ts");
      return withConfig({ kind: "file", file: asked.file }, io, async (config) => printRuleset(config, io));
    }
  }
}

process.exitCode = await main();
