import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { descriptorOf, plainDescriptorOf } from "../../src/sockets/socket-handle.ts";
import { lendDescriptor } from "../../src/sockets/socket-options.ts";
import { acceptedTransport } from "../../src/sockets/node-transport.ts";
import { send } from "../../src/sockets/transport.ts";

test("a protected connection shows the descriptor beneath it, and nothing is sent or lent past the encryption", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const raw = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [peer] = (await once(server, "connection")) as [Socket];
  const secured = new TLSSocket(raw, { isServer: true }).on("error", () => {});
  onTestFinished(() => {
    for (const socket of [secured, raw, peer]) socket.destroy();
    server.close();
  });
  const wire: Buffer[] = [];
  peer.on("data", (chunk: Buffer) => wire.push(chunk));

  expect(descriptorOf(secured)).toBe(descriptorOf(raw));
  expect(plainDescriptorOf(raw)).toBe(descriptorOf(raw));
  expect(plainDescriptorOf(secured)).toBe(-1);
  expect(lendDescriptor(secured)).toBeUndefined();
  // Before the handshake there is no way to protect it; it waits.
  send(acceptedTransport(secured, { keepaliveMs: 60_000 }), "230 Logged in.\r\n");
  raw.destroy();
  await once(peer, "close");
  expect(Buffer.concat(wire).toString("latin1")).toBe("");
});
