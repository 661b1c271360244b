import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../../src/config/parse.ts";
import { createSharedSockets, type SharedSockets } from "../../../src/process/workers/shared-sockets.ts";
import { freePort } from "../../gateway/stage.ts";

function config(...gateways: (readonly string[])[]) {
  const entries = gateways.map((listen, index) => ({ name: `g${index}`, listen, route: { server: "ftp" } }));
  const parsed = parseConfig(JSON.stringify({ gateways: entries }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

function setSockets(): SharedSockets {
  const sockets = createSharedSockets([]);
  onTestFinished(() => sockets.close());
  return sockets;
}

test("port 0 becomes the port that was taken, another one for each place, and stays the same in a reload", async () => {
  const sockets = setSockets();
  const wanted = config(["127.0.0.1:0", "127.0.0.1:0"], ["127.0.0.1:0"]);
  const first = await sockets.prepare(wanted);
  first.commit();
  const ports = first.config.gateways.flatMap(({ listen }) => listen.map(({ port }) => port));
  expect(new Set(ports).size).toBe(3);
  expect(ports).not.toContain(0);
  const second = await sockets.prepare(wanted);
  second.commit();
  expect(second.added).toEqual([]);
  expect(second.config).toEqual(first.config);
});

test("a gateway under another name keeps the socket of the endpoint", async () => {
  const sockets = setSockets();
  const port = await freePort();
  (await sockets.prepare(config([`127.0.0.1:${port}`]))).commit();
  const [before] = sockets.all();
  const renamed = config(["127.0.0.1:0"], [`127.0.0.1:${port}`]);
  const next = await sockets.prepare(renamed);
  expect(next.added.map(({ endpoint }) => endpoint.port)).not.toContain(port);
  next.commit();
  expect(sockets.all()).toContain(before);
});

test("where one endpoint can't be had none is bound, and those that are open stay", async () => {
  const sockets = setSockets();
  const [kept, wanted] = [await freePort(), await freePort()];
  (await sockets.prepare(config([`127.0.0.1:${kept}`]))).commit();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port: taken } = other.address() as AddressInfo;
  await expect(
    sockets.prepare(config([`127.0.0.1:${kept}`], [`127.0.0.1:${wanted}`, `127.0.0.1:${taken}`])),
  ).rejects.toThrow(`cannot listen on 127.0.0.1:${taken}: EADDRINUSE`);
  expect(sockets.all().map(({ endpoint }) => endpoint.port)).toEqual([kept]);
  // Nobody holds it any more.
  (await sockets.prepare(config([`127.0.0.1:${wanted}`]))).rollback();
});

test("a socket that this process was started with and that is none ends the start with the reason", () => {
  expect(() => createSharedSockets([9999])).toThrow("cannot use the inherited descriptor 9999: ");
});
