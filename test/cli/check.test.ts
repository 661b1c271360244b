import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { check } from "../../src/cli/check.ts";

const input = () => Promise.resolve('gateways: [{ listen: ["127.0.0.1:2121"], route: { server: ftp } }]');

async function run(path: string): Promise<{ code: number; output: string; file: string }> {
  const file = fileURLToPath(new URL(path, import.meta.url));
  let output = "";
  const code = await check(file, { out: (text) => (output += text), input, env: {} });
  return { code, output, file };
}

test("a right file is said to be so in one line", async () => {
  const { code, output, file } = await run("../../deploy/config/full.yml");
  expect({ code, output }).toEqual({ code: 0, output: `${file}: ok, 1 gateway\n` });
});

test("every problem of a wrong file is printed, one a line, and the code is 2", async () => {
  const { code, output, file } = await run("../config/invalid/unknown-key-near.yml");
  expect(code).toBe(2);
  expect(output).toBe(
    `gateways[0].clientSide.dataPort: unknown key; did you mean dataPorts? (${file}:4:19)\n` +
      `gateways[0].clientSide.advertice: unknown key; did you mean advertise? (${file}:4:42)\n`,
  );
});

test("open door: it is warned of behind a file that is right", async () => {
  const folder = await mkdtemp(join(tmpdir(), "check-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "open.yml");
  await writeFile(file, 'gateways: [{ listen: ["0.0.0.0:2121"], route: { login: { allow: ["*"] } } }]');
  let output = "";
  expect(await check(file, { out: (text) => (output += text), input, env: {} })).toBe(0);
  expect(output).toMatch(/ok, 1 gateway\nwarning: gateways\[0\]\.route\.login\.allow: .* \(.*open\.yml:1:65\)\n$/);
});

test("a file that can't be read is a problem of its own name", async () => {
  const { code, output, file } = await run("missing.yml");
  const instead =
    "ftp-alg run --listen ADDRESS:PORT --server HOST:PORT needs none, and deploy/README.md begins with one";
  expect({ code, output }).toEqual({ code: 2, output: `${file}: no such file; ${instead}\n` });
});

test("a file that is not there: the one beside it that was meant is named, and a folder that is not there", async () => {
  const near = await run("../../deploy/config/ful.yaml");
  expect(near.output).toBe(`${near.file}: no such file; did you mean ${near.file.replace("ful.yaml", "full.yml")}?\n`);
  const nowhere = await run("nowhere/gateway.yml");
  expect(nowhere.output).toBe(`${nowhere.file}: no such file, and no folder ${dirname(nowhere.file)}\n`);
  const folder = await run("../../deploy/config");
  expect(folder.output).toMatch(/^.*deploy\/config: it is a folder; /);
});

test("the file - is standard input", async () => {
  let output = "";
  expect(await check("-", { out: (text) => (output += text), input, env: {} })).toBe(0);
  expect(output).toBe("standard input: ok, 1 gateway\n");
});

test("a value that can't work is warned of, with its line", async () => {
  const text = "gateways:\n  - listen: ':21'\n    route: { server: ftp }\n    clientSide: { advertise: 127.0.0.1 }\n";
  let output = "";
  const io = { out: (part: string) => (output += part), input: () => Promise.resolve(text), env: {} };
  expect(await check("-", io)).toBe(0);
  expect(output).toMatch(
    /warning: gateways\[0\]\.clientSide\.advertise: 127\.0\.0\.1 is the loopback .* \(<stdin>:4:30\)\n$/,
  );
});
