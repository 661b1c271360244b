import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { sendDirectly } from "../../src/gateway/direct-send.ts";

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

test("a short text is with the kernel at once, and each byte of it survives", async () => {
  const [from, to] = await pair();
  const text = `150 ${String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))}\r\n`;
  expect(sendDirectly(from, text)).toBe("");
  expect(await read(to, text.length)).toBe(text);
});

test("what the kernel does not take is returned, and follows by the stream in order", async () => {
  const [from, to] = await pair();
  const sent: string[] = [];
  let rest = "";
  for (let line = 0; rest === ""; line++) {
    const text = `${line}`.padStart(16_000, ".");
    sent.push(text);
    rest = sendDirectly(from, text);
  }
  from.write(rest, "latin1");
  // While something is queued, nothing may overtake it.
  expect(sendDirectly(from, "last")).toBe("last");
  from.write("last", "latin1");
  const all = `${sent.join("")}last`;
  expect((await read(to, all.length)) === all).toBe(true);
});

test("a socket that is closed, or not connected yet, takes nothing", async () => {
  const [from, to] = await pair();
  from.destroy();
  expect(sendDirectly(from, "221 Goodbye.\r\n")).toBe("221 Goodbye.\r\n");
  const early = connect(to.localPort ?? 0, "127.0.0.1");
  open.push(early);
  early.on("error", () => {});
  expect(sendDirectly(early, "USER a\r\n")).toBe("USER a\r\n");
});

test("a text of more than 16 KiB goes by the stream", async () => {
  const [from] = await pair();
  const text = ".".repeat(16_385);
  expect(sendDirectly(from, text)).toBe(text);
});
