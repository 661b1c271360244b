import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { commands } from "../../src/cli/commands.ts";

function parse(line: string) {
  return parseArguments(line === "" ? [] : line.split(" "), commands);
}

/** The flags that were given, and the operand. */
function given(line: string) {
  const asked = parse(line);
  if (asked.kind !== "command") throw new Error(JSON.stringify(asked));
  const { command, flags, operand } = asked;
  const set = Object.entries(flags).filter(([, value]) => ![undefined, false].includes(value as boolean | undefined));
  return { command, flags: Object.fromEntries(set), ...(operand !== undefined && { operand }) };
}

describe("run", () => {
  test("takes a file", () => {
    expect(given("run --config a.yml")).toEqual({ command: "run", flags: { config: "a.yml" } });
  });

  test("takes the simple case from flags", () => {
    const flags = "--advertise 203.0.113.7 --data-ports 50000-50999 --admin 127.0.0.1:9121 --log-format pretty";
    expect(given(`run --listen 0.0.0.0:2121 --server 10.0.0.5:21 ${flags}`)).toEqual({
      command: "run",
      flags: {
        listen: ["0.0.0.0:2121"],
        server: "10.0.0.5:21",
        advertise: "203.0.113.7",
        dataPorts: "50000-50999",
        admin: "127.0.0.1:9121",
        logFormat: "pretty",
      },
    });
  });

  test("listens wherever it is told to", () => {
    const flags = { listen: ["0.0.0.0:21", "[::]:21"], server: "h" };
    expect(given("run --listen 0.0.0.0:21 --listen [::]:21 --server h")).toEqual({ command: "run", flags });
    expect(given("run --listen 0.0.0.0:21 [::]:21 --server h")).toEqual({ command: "run", flags });
  });
});

test.each(["run", "check", "doctor", "ruleset", "advise"])("%s takes a file, with and without --config", (command) => {
  expect(given(`${command} --config a.yml`)).toEqual({ command, flags: { config: "a.yml" } });
  expect(given(`${command} -c a.yml`)).toEqual({ command, flags: { config: "a.yml" } });
  expect(given(`${command} a.yml`)).toEqual({ command, flags: {}, operand: "a.yml" });
  expect(given(`${command} -`)).toEqual({ command, flags: {}, operand: "-" });
});

test("the log's level stands on the command line, in words or as -v", () => {
  const flags = { config: "a.yml" };
  expect(given("run --config a.yml --log-level warn").flags).toEqual({ ...flags, logLevel: "warn" });
  expect(given("run --config a.yml -v").flags).toEqual({ ...flags, verbose: true });
  expect(given("run -v --listen :0 --server ftp").flags).toEqual({ verbose: true, listen: [":0"], server: "ftp" });
});

test("the demo ends by itself unless told to stay", () => {
  expect(given("demo")).toEqual({ command: "demo", flags: {} });
  expect(given("demo --stay")).toEqual({ command: "demo", flags: { stay: true } });
});

test.each(["--version", "-V"])("%s asks for the version", (flag) => {
  expect(parse(flag)).toEqual({ kind: "version" });
});

test.each([
  ["--help", "Usage: ftp-alg [options] [command]"],
  ["-h", "Usage: ftp-alg [options] [command]"],
  ["help", "Usage: ftp-alg [options] [command]"],
  ["run --help", "Usage: ftp-alg run [options] [FILE]"],
  ["help check", "Usage: ftp-alg check [options] [FILE]"],
])("%s asks for help", (line, first) => {
  const asked = parse(line);
  expect(asked.kind === "help" && asked.text.split("\n")[0]).toBe(first);
});

test.each(commands.map((command) => [command.name, command] as const))(
  "ftp-alg %s -h tells what it does, every option, an example and the exit codes",
  (name, { text, options, examples }) => {
    const asked = parse(`${name} -h`);
    const help = asked.kind === "help" ? asked.text : "";
    const words = help.replace(/\s+/g, " ");
    expect(text.length).toBeGreaterThan(0);
    for (const paragraph of text) expect(words).toContain(paragraph);
    for (const { what } of Object.values(options)) expect(words).toContain(what);
    expect(examples.length).toBeGreaterThan(0);
    for (const [line] of examples) expect(help).toContain(`\n  ftp-alg ${line}\n`);
    expect(help).toMatch(/\nExit codes:\n {2}0 {2}done\n( {2}1 {2}.*\n)? {2}2 {2}wrong usage or configuration\n$/);
    expect(help.split("\n").filter((line) => line.length > 80 && !line.startsWith("  ftp-alg "))).toEqual([]);
  },
);

test("every example of the help is a command line", () => {
  for (const [line] of commands.flatMap(({ examples }) => examples)) {
    expect(parse(line.replace(/ [|<>].*/, "")), line).toMatchObject({ kind: "command" });
  }
});

test.each([
  ["", "Usage: ftp-alg"],
  ["serve", "unknown command 'serve'"],
  ["runn", "Did you mean run?"],
  ["run", "run needs either --config, or --listen and --server"],
  ["run --listen 0.0.0.0:21", "run needs either --config, or --listen and --server; --server is missing"],
  ["run --server 10.0.0.5", "run needs either --config, or --listen and --server; --listen is missing"],
  ["run --config a.yml --listen 0.0.0.0:21", "--config stands alone: the file says what --listen would say"],
  ["run --config a.yml --server 10.0.0.5", "--config stands alone: the file says what --server would say"],
  ["run --config a.yml --admin 127.0.0.1:1 --data-ports 5", "the file says what --data-ports, --admin would say"],
  ["run --config", "argument missing"],
  ["run --port 21", "unknown option '--port'"],
  ["run --advertize 192.0.2.1", "Did you mean --advertise?"],
  ["run --port 21", "(ftp-alg run --help tells more)"],
  ["run --listen :0 --server h --log-format text", "Allowed choices are json, pretty"],
  ["run --config a.yml --log-level debgu", "Allowed choices are trace, debug, info"],
  ["run --config a.yml -v --log-level info", "--verbose and --log-level: which of them?"],
  ["run --config a.yml --instance 4/4", "--instance 4/4: expected a number from 0 on and how many there are"],
  ["run --config a.yml --instance 1", "--instance 1: expected a number from 0 on and how many there are"],
  ["run a.yml b.yml", "too many arguments"],
  ["run a.yml --config b.yml", "the configuration is named twice"],
  ["run a.yml --listen :21", "--config stands alone: the file says what --listen would say"],
  ["run a.yml --log-level debgu", "(Did you mean debug?)"],
  ["completion fisch", "(Did you mean fish?)"],
  ["--config a.yml", "(It belongs behind a command: run, check, doctor, probe, ruleset, advise)"],
  ["--stay", "(It belongs behind a command: demo)"],
  ["run --config a.yml --verbos", "Did you mean --verbose?"],
  ["completion tcsh", "Allowed choices are bash, zsh, fish"],
  ["completion", "missing required argument 'SHELL'"],
  ["schema x", "too many arguments"],
  ["check", "which configuration? --config FILE"],
  ["check --config a.yml b.yml", "the configuration is named twice"],
  ["check a.yml b.yml", "too many arguments"],
  ["doctor", "which configuration? --config FILE"],
  ["demo now", "too many arguments"],
])("wrong usage is explained: ftp-alg %s", (line, message) => {
  const asked = parse(line);
  expect(asked.kind === "wrong-usage" && asked.message).toContain(message);
});
