// Two processes with one configuration, as in a rolling upgrade: both listen, and no client is refused when the first one goes.
import { expect, onTestFinished, test, vi } from "vitest";
import { startFakeServer } from "../gateway/fake-server.ts";
import { openDialogue } from "../gateway/ftp-dialogue.ts";
import { type SpawnedGateway, spawnGateway } from "../gateway/spawned-gateway.ts";
import { freePort } from "../gateway/stage.ts";

// Whole programs are started for each test.
vi.setConfig({ testTimeout: 30_000 });

async function greeting(port: number): Promise<string> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  return client.reply();
}

function sessionsOf(gateway: SpawnedGateway): unknown[] {
  return gateway.lines().flatMap(({ msg, session }) => (msg === "session started" ? [session] : []));
}

test("both processes take clients, admin included; when the first is told to go, the second one serves whoever comes", async () => {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  const [port, admin] = [await freePort(), await freePort()];
  const route = { server: `127.0.0.1:${server.port}` };
  const config = [{ name: "one", listen: [`127.0.0.1:${port}`], route, dataPlane: "relay" }];
  const rest = { admin: { listen: `127.0.0.1:${admin}` } };

  const first = spawnGateway(config, { rest });
  expect(await first.logged("listening")).not.toHaveProperty("shared");
  await first.logged("admin listening");
  const second = spawnGateway(config, { rest });
  expect(await second.logged("listening")).toMatchObject({ endpoint: `127.0.0.1:${port}`, shared: true });
  // A second process that nobody meant to start is to be seen.
  expect(await second.logged("another process listens there too")).toMatchObject({ level: "warn" });
  await second.logged("admin listening");

  const everybody = await Promise.all(Array.from({ length: 40 }, () => greeting(port)));
  expect(new Set(everybody)).toEqual(new Set(["220 Fake server"]));
  const ids = () => [...sessionsOf(first), ...sessionsOf(second)];
  // The log is written a little later.
  await expect.poll(() => ids().length).toBe(40);
  expect(new Set(ids()).size).toBe(40);
  expect(sessionsOf(first).length).toBeGreaterThan(0);
  expect(sessionsOf(second).length).toBeGreaterThan(0);

  first.signal("SIGTERM");
  expect(await first.ended).toBe(0);
  const before = sessionsOf(second).length;
  for (let count = 0; count < 10; count += 1) expect(await greeting(port)).toBe("220 Fake server");
  await expect.poll(() => sessionsOf(second).length).toBe(before + 10);
  expect(await (await fetch(`http://127.0.0.1:${admin}/readyz`)).text()).toBe("ready\n");
});

test("another program that listens there without sharing is not pushed aside", async () => {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  const taken = `127.0.0.1:${server.port}`;
  const gateway = spawnGateway([{ listen: [taken], route: { server: "127.0.0.1:9" }, dataPlane: "relay" }]);
  expect(await gateway.ended).toBe(1);
  expect(await gateway.logged("could not start")).toMatchObject({
    detail: expect.stringContaining(`cannot listen on ${taken}: EADDRINUSE: another program has port`),
  });
});
