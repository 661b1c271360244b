import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { check } from "../../src/cli/check.ts";

async function run(path: string): Promise<{ code: number; output: string; file: string }> {
  const file = fileURLToPath(new URL(path, import.meta.url));
  let output = "";
  const code = await check(file, { out: (text) => (output += text) });
  return { code, output, file };
}

test("a right file is said to be so in one line", async () => {
  const { code, output, file } = await run("../../deploy/config/full.yml");
  expect({ code, output }).toEqual({ code: 0, output: `${file}: ok, 1 gateway\n` });
});

test("every problem of a wrong file is printed, one a line, and the code is 2", async () => {
  const { code, output } = await run("../config/invalid/unknown-key-near.yml");
  expect(code).toBe(2);
  expect(output).toBe(
    "gateways[0].clientSide.dataPort: unknown key; did you mean dataPorts?\n" +
      "gateways[0].clientSide.advertice: unknown key; did you mean advertise?\n",
  );
});

test("a file that can't be read is a problem of its own name", async () => {
  const { code, output, file } = await run("missing.yml");
  expect({ code, output }).toEqual({ code: 2, output: `${file}: ENOENT: no such file or directory\n` });
});
