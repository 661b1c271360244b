// As whom health checks log in.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readHealthLogin } from "../../../src/gateway/servers/health-login.ts";

const checks = { rise: 2, timeoutMs: 1000, isListing: false };

test("nobody, anonymous, or a user with the first line of a file, byte by byte", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-health-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const passwordFile = path.join(folder, "password");
  await writeFile(passwordFile, Buffer.from(" p\xe4ss \r\n", "latin1"));
  expect(await readHealthLogin(checks)).toBe(undefined);
  expect(await readHealthLogin({ ...checks, login: { user: "ftp" } })).toEqual({
    user: "ftp",
    password: "ftp-alg-health@",
  });
  expect(await readHealthLogin({ ...checks, login: { user: "m", passwordFile } })).toEqual({
    ...{ user: "m", password: " p\xe4ss " },
  });
});

test.each(["/no/such/file", "/"])("a file that can't be read is named: %s", async (passwordFile) => {
  await expect(readHealthLogin({ ...checks, login: { user: "m", passwordFile } })).rejects.toThrow(
    `${passwordFile} can't be read: E`,
  );
});
