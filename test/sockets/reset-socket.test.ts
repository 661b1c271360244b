import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { resetConnecting, resetSocket } from "../../src/sockets/reset-socket.ts";

async function pair(): Promise<readonly [ours: Socket, theirs: Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const theirs = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  const [ours] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    for (const each of [ours, theirs]) each.destroy();
    server.close();
  });
  return [ours, theirs];
}

function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code))).on("end", () => resolve("end"));
    socket.resume();
  });
}

test("a peer is reset, also while our own end is still under way", async () => {
  for (const isEnding of [false, true]) {
    const [ours, theirs] = await pair();
    const end = endOf(theirs);
    if (isEnding) ours.end("last words");
    resetSocket(ours);
    await once(ours, "close");
    expect(isEnding ? ["end", "ECONNRESET"] : ["ECONNRESET"]).toContain(await end);
    expect(() => resetSocket(ours)).not.toThrow();
  }
});

/** A protected connection needs no certificate where both know a key. */
const identity = { identity: "test", psk: Buffer.alloc(16, 7) };
const pskOptions = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2" } as const;

test("a protected connection is reset beneath TLS, which itself refuses to, and would end in order", async () => {
  for (const how of ["reset", "destroy"] as const) {
    const [raw, theirs] = await pair();
    const options = { isServer: true, pskCallback: () => identity.psk, ...pskOptions };
    const secured = new TLSSocket(raw, options);
    secured.on("error", () => {});
    const peer = connectTls({
      socket: theirs,
      pskCallback: () => identity,
      checkServerIdentity: () => undefined,
      ...pskOptions,
    });
    peer.on("error", () => {});
    await once(peer, "secureConnect");
    secured.write("half a file");
    await once(peer, "data");
    const end = endOf(peer);
    if (how === "reset") {
      expect(() => secured.resetAndDestroy()).toThrow(/ERR_INVALID_HANDLE_TYPE|handle type/);
      resetSocket(secured, raw);
    } else secured.destroy();
    expect(await end).toBe(how === "reset" ? "ECONNRESET" : "end");
    expect(secured.destroyed).toBe(true);
  }
});

test("a connection that is given up while it is being made is a reset to a peer that has taken it already", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const taken = once(server, "connection") as Promise<[Socket]>;
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  // The kernel has connected by then, and Node has not heard of it.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(socket.connecting).toBe(true);
  resetConnecting(socket);
  const [theirs] = await taken;
  expect(await endOf(theirs)).toBe("ECONNRESET");
});
