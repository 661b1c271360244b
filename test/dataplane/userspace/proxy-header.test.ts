// PROXY headers of data connections: read to the last byte and not one further.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { awaitProxyHeader } from "../../../src/dataplane/userspace/proxy-header.ts";
import { formatProxyHeader, type ProxyHeader, type ProxyVersion } from "../../../src/net/proxy-protocol.ts";
import { readingSocket } from "../../../src/sockets/reading-socket.ts";
import { dialledPeer } from "../loopback.ts";

const header: ProxyHeader = {
  kind: "proxied",
  source: { address: "192.0.2.7", port: 40_778 },
  destination: { address: "198.51.100.1", port: 50_010 },
};

/** What becomes of a connection, and the socket that is left. */
async function come(): Promise<{
  readonly peer: Socket;
  readonly outcome: Promise<{ readonly socket: Socket; readonly header?: ProxyHeader; readonly detail?: string }>;
}> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const peer = await dialledPeer({ address: "127.0.0.1", port: (server.address() as AddressInfo).port });
  const [socket] = await accepted;
  onTestFinished(() => {
    server.close();
    peer.destroy();
  });
  const outcome = new Promise<{ readonly socket: Socket; readonly header?: ProxyHeader; readonly detail?: string }>(
    (resolve) =>
      void awaitProxyHeader(socket, 300, {
        read: (read, found) => resolve({ socket: read, header: found }),
        failed: (failed, detail) => resolve({ socket: failed.on("error", () => {}), detail }),
      }),
  );
  void outcome.then(({ socket: left }) => onTestFinished(() => void left.destroy()));
  return { peer, outcome };
}

/** All that comes on a socket, as a carriage reads it. */
async function restOf(socket: Socket): Promise<string> {
  const memory = Buffer.alloc(65_536);
  let text = "";
  const reader = readingSocket(socket, {
    buffer: memory,
    callback(count, chunk) {
      text += Buffer.from(chunk.subarray(0, count)).toString("latin1");
      return true;
    },
  });
  await once(reader, "end");
  reader.destroy();
  return text;
}

const file = "\0\xff\r\nPROXY ".repeat(20_000);

describe.each<ProxyVersion>(["v1", "v2"])("version %s", (version) => {
  test("what follows in the same piece is left to whoever carries it", async () => {
    const { peer, outcome } = await come();
    peer.end(formatProxyHeader(version, header) + file, "latin1");
    const found = await outcome;
    expect(found.header).toEqual(header);
    // It stands still until somebody reads.
    await sleep(20);
    expect(await restOf(found.socket)).toBe(file);
  });

  test("it may come byte by byte, and an empty file behind it", async () => {
    const { peer, outcome } = await come();
    for (const byte of formatProxyHeader(version, header)) {
      peer.write(byte, "latin1");
      await new Promise(setImmediate);
    }
    peer.end();
    const found = await outcome;
    expect(found.header).toEqual(header);
    expect(await restOf(found.socket)).toBe("");
  });

  test("no client: LOCAL, UNKNOWN", async () => {
    const { peer, outcome } = await come();
    peer.end(formatProxyHeader(version, { kind: "local" }) + "x", "latin1");
    const found = await outcome;
    expect(found.header).toEqual({ kind: "local" });
    expect(await restOf(found.socket)).toBe("x");
  });

  test("a torn one, and one that comes too slowly, are none", async () => {
    const torn = await come();
    torn.peer.end(formatProxyHeader(version, header).slice(0, -3), "latin1");
    expect((await torn.outcome).detail).toBe("the header is cut off");
    const slow = await come();
    slow.peer.write(formatProxyHeader(version, header).slice(0, 14), "latin1");
    expect((await slow.outcome).detail).toBe("no whole header in time");
  });
});

test.each([
  ["a file without a header", "0123456789".repeat(1000)],
  ["an oversized line", `PROXY TCP4 ${"1".repeat(200)}\r\n`],
  ["an oversized header", `\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff${"x".repeat(5000)}`],
  ["a wrong version", `\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c${"x".repeat(12)}`],
])("%s is refused", async (_, bytes) => {
  const { peer, outcome } = await come();
  peer.write(bytes, "latin1");
  expect((await outcome).detail).toEqual(expect.stringMatching(/./));
});
