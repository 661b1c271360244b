import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";

function parse(line: string) {
  return parseArguments(line === "" ? [] : line.split(" "));
}

describe("run", () => {
  test("takes a file", () => {
    expect(parse("run --config a.yml")).toEqual({ command: "run", source: { kind: "file", file: "a.yml" } });
  });

  test("takes the simple case from flags", () => {
    const flags = "--advertise 203.0.113.7 --data-ports 50000-50999 --admin 127.0.0.1:9121 --log-format pretty";
    expect(parse(`run --listen 0.0.0.0:2121 --server 10.0.0.5:21 ${flags}`)).toEqual({
      command: "run",
      source: {
        kind: "simple",
        options: {
          listen: ["0.0.0.0:2121"],
          server: "10.0.0.5:21",
          advertise: "203.0.113.7",
          dataPorts: "50000-50999",
          admin: "127.0.0.1:9121",
          logFormat: "pretty",
        },
      },
    });
  });

  test("listens wherever it is told to", () => {
    const source = { kind: "simple", options: { listen: ["0.0.0.0:21", "[::]:21"], server: "h" } };
    expect(parse("run --listen 0.0.0.0:21 --listen [::]:21 --server h")).toEqual({ command: "run", source });
    expect(parse("run --listen 0.0.0.0:21 [::]:21 --server h")).toEqual({ command: "run", source });
  });
});

test.each(["check", "doctor", "ruleset"])("%s takes a file", (command) => {
  expect(parse(`${command} --config a.yml`)).toEqual({ command, file: "a.yml" });
});

test("the demo ends by itself unless told to stay", () => {
  expect(parse("demo")).toEqual({ command: "demo", stay: false });
  expect(parse("demo --stay")).toEqual({ command: "demo", stay: true });
});

test.each(["--version", "-V"])("%s asks for the version", (flag) => {
  expect(parse(flag)).toEqual({ command: "version" });
});

test.each([
  ["--help", "Usage: ftp-alg [options] [command]"],
  ["-h", "Usage: ftp-alg [options] [command]"],
  ["help", "Usage: ftp-alg [options] [command]"],
  ["run --help", "Usage: ftp-alg run [options]"],
  ["help check", "Usage: ftp-alg check [options]"],
])("%s asks for help", (line, first) => {
  const asked = parse(line);
  expect(asked.command === "help" && asked.text.split("\n")[0]).toBe(first);
});

test.each([
  ["", "Usage: ftp-alg"],
  ["serve", "unknown command 'serve'"],
  ["runn", "Did you mean run?"],
  ["run", "run needs either --config, or --listen and --server"],
  ["run --listen 0.0.0.0:21", "run needs either --config, or --listen and --server"],
  ["run --server 10.0.0.5", "run needs either --config, or --listen and --server"],
  ["run --config a.yml --listen 0.0.0.0:21", "--config stands alone"],
  ["run --config a.yml --server 10.0.0.5", "--config stands alone"],
  ["run --config a.yml --admin 127.0.0.1:1", "--config stands alone"],
  ["run --config", "argument missing"],
  ["run --port 21", "unknown option '--port'"],
  ["check", "required option '--config <file>' not specified"],
  ["check --config a.yml b.yml", "too many arguments"],
  ["doctor", "required option '--config <file>' not specified"],
  ["demo now", "too many arguments"],
])("wrong usage is explained: ftp-alg %s", (line, message) => {
  const asked = parse(line);
  expect(asked.command === "wrong-usage" && asked.message).toContain(message);
});
