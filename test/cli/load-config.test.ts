import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { loadConfig, withConfig } from "../../src/cli/load-config.ts";

const simple = { kind: "simple", options: { listen: ["127.0.0.1:0"], server: "10.0.0.5" } } as const;

const input = () => Promise.reject(new Error("nobody reads it"));

test("a folder is no configuration", async () => {
  expect(await loadConfig({ kind: "file", file: tmpdir() }, { input, env: {} })).toEqual({
    ok: false,
    problems: [{ path: tmpdir(), message: expect.stringMatching(/^it is a folder; /) }],
  });
});

test("a command is given the configuration, and its exit code is the answer", async () => {
  let errors = "";
  const code = await withConfig(simple, { err: (text) => (errors += text), input, env: {} }, ({ gateways }) =>
    Promise.resolve(gateways.length + 40),
  );
  expect({ code, errors }).toEqual({ code: 41, errors: "" });
});

test("a command is not started on a wrong configuration; the problems go to standard error", async () => {
  let errors = "";
  const wrong = { kind: "simple", options: { listen: ["x"], server: "10.0.0.5:0" } } as const;
  const code = await withConfig(wrong, { err: (text) => (errors += text), input, env: {} }, () =>
    Promise.reject(new Error("started")),
  );
  expect(code).toBe(2);
  expect(errors.split("\n").map((line) => line.split(":", 1)[0])).toEqual(["--listen", "--server", ""]);
});

test("the level of the command line holds, whatever the configuration says", async () => {
  const text = "log: { level: error }\ngateways: [{ listen: ':0', log: { level: warn }, route: { server: ftp } }]";
  const io = { input: () => Promise.resolve(text), env: {} };
  expect(await loadConfig({ kind: "file", file: "-" }, io)).toMatchObject({
    config: { log: { level: "error" }, gateways: [{ logLevel: "warn" }] },
  });
  const asked = { kind: "file", file: "-", logLevel: "debug" } as const;
  const loaded = await loadConfig(asked, io);
  expect(loaded).toMatchObject({ config: { log: { level: "debug", format: "json" } } });
  expect(loaded.ok && loaded.config.gateways[0]?.logLevel).toBe(undefined);
});

test("an instance has its part of the configuration; where there is none for each, the problem is located", async () => {
  const text = "gateways: [{ listen: ':0', route: { server: ftp }, clientSide: { dataPorts: 50000-50009 } }]";
  const io = { input: () => Promise.resolve(text), env: {} };
  const source = { kind: "file", file: "-" } as const;
  expect(await loadConfig({ ...source, instance: { index: 1, of: 2 } }, io)).toMatchObject({
    config: {
      kernel: { table: "ftp_alg_1" },
      gateways: [{ clientSide: { dataPorts: { first: 50_005, last: 50_009 } } }],
    },
  });
  expect(await loadConfig({ ...source, instance: { index: 3, of: 11 } }, io)).toEqual({
    ok: false,
    problems: [
      {
        path: "gateways[0].clientSide.dataPorts",
        message: expect.stringMatching(/^50000-50009 has 10 ports, fewer than --instance 3\/11 takes: /),
        at: { line: 1, column: 77, file: "<stdin>" },
      },
    ],
  });
});

test("an instance has no workers", async () => {
  const io = {
    input: () => Promise.resolve("workers: auto\ngateways: [{ listen: ':0', route: { server: ftp } }]"),
    env: {},
  };
  expect(await loadConfig({ kind: "file", file: "-", instance: { index: 0, of: 2 } }, io)).toMatchObject({
    ok: false,
    problems: [{ path: "workers", message: expect.stringMatching(/^does not go with --instance 0\/2: /) }],
  });
});
