import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readMachinePorts } from "../../src/cli/port-ranges.ts";

async function readFrom(range: string | undefined, reserved: string | undefined) {
  const folder = await mkdtemp(join(tmpdir(), "ftp-alg-ports-"));
  try {
    if (range !== undefined) await writeFile(join(folder, "ip_local_port_range"), range);
    if (reserved !== undefined) await writeFile(join(folder, "ip_local_reserved_ports"), reserved);
    return await readMachinePorts(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the files of Linux are read as it writes them", async () => {
  expect(await readFrom("32768\t60999\n", "8080,9148-9150\n")).toEqual({
    ephemeral: { first: 32_768, last: 60_999 },
    reserved: [
      { first: 8080, last: 8080 },
      { first: 9148, last: 9150 },
    ],
  });
  expect(await readFrom("32768\t60999\n", "\n")).toMatchObject({ reserved: [] });
});

test("a machine without these files, or with others, is not judged", async () => {
  expect(await readFrom(undefined, "\n")).toBeUndefined();
  expect(await readFrom("32768\t60999\n", undefined)).toBeUndefined();
  expect(await readFrom("high\n", "\n")).toBeUndefined();
});
