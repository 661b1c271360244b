// Passwords of health checks, before anything starts.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { examineHealthLogins } from "../../src/process/health-logins.ts";

const problemsOf = async (...healths: readonly string[]) => {
  const gateways = healths.map(
    (health, index) => `{ listen: ":${2100 + index}", route: { servers: [a], health: ${health} } }`,
  );
  const parsed = parseConfig(`gateways: [${gateways.join(", ")}]`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return examineHealthLogins(parsed.config);
};

test("a password that can't be read is told by the path of its key", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-health-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "password");
  await writeFile(file, "secret\nmore\n");
  expect(
    await problemsOf(
      "{ every: 1s }",
      "{ login: { user: a } }",
      "{ login: { user: a, passwordFile: /no/such/file } }",
      `{ login: { user: a, passwordFile: ${file} } }`,
    ),
  ).toEqual([
    { path: "gateways[2].route.health.login.passwordFile", message: "/no/such/file can't be read: ENOENT" },
    { path: "gateways[3].route.health.login.passwordFile", message: `${file} is more than one line` },
  ]);
  await writeFile(file, "secret\n");
  expect(await problemsOf(`{ login: { user: a, passwordFile: ${file} } }`)).toEqual([]);
});
