import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { descriptorShares, descriptorShortage, parseDescriptorLimit } from "../../src/process/descriptors.ts";
import { configFrom } from "../../src/config/parse.ts";
import { openDialogue } from "../gateway/ftp-dialogue.ts";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { freePort, setServer, until } from "../gateway/stage.ts";

test("the soft limit is read out of /proc/self/limits", () => {
  const line = "Max open files            1024                 524288               files     ";
  expect(parseDescriptorLimit(`Max processes  1 1 processes\n${line}\n`)).toBe(1024);
  expect(
    parseDescriptorLimit("Max open files            unlimited            unlimited            files"),
  ).toBeUndefined();
  expect(parseDescriptorLimit("")).toBeUndefined();
});

test.each([
  [1024, 176, 973],
  [256, 42, 240],
  [64, 5, 48],
  [40, 1, 24],
  [131_072, 32_688, 124_519],
])("%i descriptors suffice for %i sessions, and newcomers get the first %i", (limit, sessions, newcomers) => {
  expect(descriptorShares(limit)).toEqual({ sessions, newcomers });
});

test("an operator is told what is needed where it does not suffice, and nothing where it does", () => {
  const config = configFrom({
    gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5:21" }, limits: { sessions: 200 } }],
  });
  if (!config.ok) throw new Error("no configuration");
  expect(descriptorShortage(1024, config.config)).toBe(
    "1024 suffice for 176 sessions; for the 200 of limits.sessions the process needs 1120 (LimitNOFILE, ulimit -Hn)",
  );
  expect(descriptorShortage(2048, config.config)).toBeUndefined();
});

test("a process with few descriptors admits no more sessions than they suffice for, tells the others why, and goes on", async () => {
  const server = await setServer();
  const port = await freePort();
  const gateway = spawnGateway([{ listen: [`127.0.0.1:${port}`], route: { server: `127.0.0.1:${server.port}` } }], {
    by: ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"],
  });
  expect(await gateway.logged("too few descriptors")).toMatchObject({
    level: "warn",
    detail: expect.stringContaining("256 suffice for 42 sessions") as string,
  });
  const replies: string[] = [];
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  for (let count = 0; count < 200; count += 1) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    sockets.push(socket);
    void once(socket, "data").then(
      ([data]) => replies.push(String(data).slice(0, 3)),
      () => {},
    );
  }
  await until(() => replies.length >= 200, 15_000);
  expect(replies.filter((code) => code === "220")).toHaveLength(42);
  expect(replies.filter((code) => code === "421")).toHaveLength(158);
  sockets.forEach((socket) => socket.destroy());
  await until(async () => {
    const client = await openDialogue(port);
    const greeting = await client.reply();
    client.close();
    return greeting.startsWith("220");
  });
}, 40_000);
