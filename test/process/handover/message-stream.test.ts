import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readMessages } from "../../../src/process/handover/message-stream.ts";

async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = await accepted;
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return { near, far };
}

test("lines come one at a time, however they are torn, and then the end", async () => {
  const { near, far } = await pair();
  const stream = readMessages(near, (line) => line);
  far.write("one\ntw");
  expect(await stream.next(5000)).toBe("one");
  far.end("o\nthree\nhalf of a li");
  expect([await stream.next(5000), await stream.next(), await stream.next()]).toEqual(["two", "three", undefined]);
  expect(await stream.next()).toBeUndefined();
});

test("who says nothing is given up after the time", async () => {
  const { near } = await pair();
  await expect(readMessages(near, String).next(50)).rejects.toThrow("nothing came for 50 ms");
});

test.each([
  ["a line without end", "x".repeat(2000), "a message is too long"],
  ["a line that is too long", `${"x".repeat(2000)}\n`, "a message is too long"],
  ["a flood of lines", "\n".repeat(1000), "too many messages"],
])("%s closes the connection", async (_, bytes, why) => {
  const { near, far } = await pair();
  const stream = readMessages(near, String, 1000);
  far.on("error", () => {}).write(bytes);
  await once(near, "close");
  await expect(stream.next(5000)).rejects.toThrow(why);
});
