import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import {
  dialForData,
  listenForData,
  parseExtendedArgument,
  parsePortArgument,
  receiveBytes,
  sendBytes,
} from "../../src/demo/data-connection.ts";

test.each([
  ["192,168,1,100,10,21", { address: "192.168.1.100", port: 2581 }],
  ["10,0,0,5,157,23", { address: "10.0.0.5", port: 40215 }],
  ["10,0,0,5,157", undefined],
  ["10,0,0,5,157,256", undefined],
  ["10, 0,0,5,157,23", undefined],
  ["", undefined],
])("PORT %s is read as %j", (text, endpoint) => {
  expect(parsePortArgument(text)).toEqual(endpoint);
});

test.each([
  ["|1|192.168.1.100|2581|", { protocol: "1", address: "192.168.1.100", port: 2581 }],
  ["|2|fd00::1|2581|", { protocol: "2", address: "fd00::1", port: 2581 }],
  ["!1!192.168.1.100!2581!", { protocol: "1", address: "192.168.1.100", port: 2581 }],
  ["|2|192.168.1.100|2581|", undefined],
  ["|1|192.168.1.100|2581", undefined],
  ["|1|192.168.1.100|70000|", undefined],
  ["|1|host|2581|", undefined],
  ["", undefined],
])("EPRT %s is read as %j", (text, endpoint) => {
  expect(parseExtendedArgument(text)).toEqual(endpoint);
});

async function pair(): Promise<[Socket, Socket]> {
  const { port, source } = await listenForData("127.0.0.1", "127.0.0.1");
  const dialled = dialForData({ address: "127.0.0.1", port }, "127.0.0.1");
  return Promise.all([source.connect(1000), dialled.connect(1000)]);
}

test("bytes arrive unchanged, and both ends see the end of the transfer", async () => {
  const [a, b] = await pair();
  const bytes = Buffer.alloc(1_000_000, "x");
  const [received] = await Promise.all([receiveBytes(b, bytes.length), sendBytes(a, bytes)]);
  expect(received.equals(bytes)).toBe(true);
});

test("more bytes than the receiver takes break the connection on both ends", async () => {
  const [a, b] = await pair();
  const sent = sendBytes(a, Buffer.alloc(50_000_000));
  sent.catch(() => {});
  await expect(receiveBytes(b, 1000)).rejects.toThrow("more than 1000 bytes");
  await expect(sent).rejects.toThrow();
});

test("nobody connecting within the time given is an error, and the listener is closed", async () => {
  const { port, source } = await listenForData("127.0.0.1", "127.0.0.1");
  await expect(source.connect(20)).rejects.toThrow("nobody connected");
  const late = connect({ host: "127.0.0.1", port });
  expect(await new Promise((resolve) => late.once("error", resolve))).toMatchObject({ code: "ECONNREFUSED" });
});

test("a prepared data connection that is given up rejects whoever waits for it", async () => {
  const { source } = await listenForData("127.0.0.1", "127.0.0.1");
  const waiting = source.connect(10_000);
  source.close();
  await expect(waiting).rejects.toThrow("nobody connected");
});
