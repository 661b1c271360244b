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
