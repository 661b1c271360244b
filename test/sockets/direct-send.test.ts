import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { directDescriptorOf, sendDirectly } from "../../src/sockets/direct-send.ts";

const open: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) (each.destroy ?? each.close)?.call(each);
});

async function pair(): Promise<readonly [from: Socket, to: Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const from = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [to] = (await once(server, "connection")) as [Socket];
  if (from.connecting) await once(from, "connect");
  open.push(server, from, to);
  return [from, to];
}

async function read(socket: Socket, length: number): Promise<string> {
  let text = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString("latin1");
    if (text.length >= length) break;
  }
  return text;
}

const send = (to: Socket, text: string): string => sendDirectly(to, directDescriptorOf(to), text);

test("a short text is with the kernel at once, and each byte of it survives", async () => {
  const [from, to] = await pair();
  const text = `150 ${String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))}\r\n`;
  expect(send(from, text)).toBe("");
  expect(await read(to, text.length)).toBe(text);
});

test("what the kernel does not take is returned, and follows by the stream in order", async () => {
  const [from, to] = await pair();
  const sent: string[] = [];
  let rest = "";
  for (let line = 0; rest === ""; line++) {
    const text = `${line}`.padStart(16_000, ".");
    sent.push(text);
    rest = send(from, text);
  }
  from.write(rest, "latin1");
  const all = sent.join("");
  expect((await read(to, all.length)) === all).toBe(true);
});

test("a socket that is closed takes nothing, whoever has its descriptor now", async () => {
  const [from] = await pair();
  const descriptor = directDescriptorOf(from);
  from.destroy();
  expect(sendDirectly(from, descriptor, "221 Goodbye.\r\n")).toBe("221 Goodbye.\r\n");
  expect(directDescriptorOf(from)).toBe(-1);
  expect(send(from, "221 Goodbye.\r\n")).toBe("221 Goodbye.\r\n");
});

test("a text of more than 16 KiB goes by the stream", async () => {
  const [from] = await pair();
  const text = ".".repeat(16_385);
  expect(send(from, text)).toBe(text);
});
