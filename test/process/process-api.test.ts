// The API of a real process: the token from its file, reload and drain.
import { chmodSync, writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { statusSchema } from "../../src/observe/api/schemas.ts";
import { parseEndpoint } from "../../src/net/endpoint.ts";
import { openDialogue } from "../gateway/ftp-dialogue.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { setServer } from "../gateway/stage.ts";

// A whole program is started.
vi.setConfig({ testTimeout: 20_000 });

test("the token is read again with a reload, and a drain ends the process when the last session has", async () => {
  const server = await setServer();
  const file = temporaryFile("token", "the-first-token-of-all\n");
  chmodSync(file, 0o644);
  const gateway = spawnGateway([{ listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${server.port}` } }], {
    rest: { admin: { listen: "127.0.0.1:0", token: { file } } },
  });
  const portOf = async (message: string): Promise<number> =>
    parseEndpoint(String((await gateway.logged(message))["endpoint"]))?.port ?? expect.fail();
  const admin = `http://127.0.0.1:${await portOf("admin listening")}`;
  const ask = (path: string, token: string, method = "GET") =>
    fetch(admin + path, { method, headers: { authorization: `Bearer ${token}` } });
  expect(await gateway.logged("admin token open to every user")).toMatchObject({ level: "warn", file });
  const client = await openDialogue(await portOf("listening"));
  await client.login();

  expect((await ask("/api/status", "x")).status).toBe(401);
  expect(await gateway.logged("wrong admin token")).toMatchObject({ level: "warn", client: "127.0.0.1" });
  writeFileSync(file, "short");
  const failed = await ask("/api/reload", "the-first-token-of-all", "POST");
  expect([failed.status, await failed.text()]).toEqual([422, expect.stringContaining("at least 16 characters")]);
  writeFileSync(file, "another-token-altogether");
  expect((await ask("/api/reload", "the-first-token-of-all", "POST")).status).toBe(200);
  expect((await ask("/api/status", "the-first-token-of-all")).status).toBe(401);
  const status = statusSchema.parse(await (await ask("/api/status", "another-token-altogether")).json());
  expect(status).toMatchObject({ state: "running", lastReload: { result: "success" }, gateways: [{ sessions: 1 }] });

  for (let wrong = 2; wrong < 10; wrong += 1) expect((await ask("/api/status", "x")).status).toBe(401);
  expect((await ask("/api/status", "x")).status).toBe(429);
  const drained = await ask("/api/drain", "another-token-altogether", "POST");
  expect([drained.status, await drained.json()]).toEqual([200, { state: "draining" }]);
  await gateway.logged("draining");
  expect(await client.rest()).toBe("421 The gateway is shutting down.\r\n");
  expect(await gateway.ended).toBe(0);
});
