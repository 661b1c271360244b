import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { bindForeign, connectForeign } from "../../src/sockets/foreign-socket.ts";

/** Whether this process may speak as another machine; everything that is said here holds where it may. */
function mayBeForeign(): boolean {
  try {
    const server = createServer();
    server.listen({ fd: bindForeign({ address: "127.0.0.1", port: 0 }) }).close();
    return true;
  } catch {
    return false;
  }
}

describe("a connection from a chosen address", () => {
  test("is what the peer sees, half-open allowed, nothing read before it is wanted", async () => {
    const server = createServer((socket) => socket.end("hello"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const seen = mayBeForeign() ? once(server, "connection") : undefined;
    const socket = connectForeign({ address: "127.0.0.77", port: 0 }, server.address() as AddressInfo);
    socket.pause();
    if (seen === undefined) {
      const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("EPERM");
    } else {
      const [peer] = (await seen) as [Socket];
      expect(peer.remoteAddress).toBe("127.0.0.77");
      socket.resume();
      const [data] = (await once(socket, "data")) as [Buffer];
      expect(data.toString()).toBe("hello");
      await once(socket, "end");
      expect(socket.writable).toBe(true);
    }
    socket.destroy();
    server.close();
  });

  test("fails with an error event, whether it is the address or the peer that does not answer", async () => {
    const refused = connectForeign({ address: "127.0.0.77", port: 0 }, { address: "127.0.0.1", port: 1 });
    const [first] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(first.code).toBe(mayBeForeign() ? "ECONNREFUSED" : "EPERM");
    const server = createServer().listen(0, "127.0.0.77");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const taken = connectForeign({ address: "127.0.0.77", port }, { address: "127.0.0.1", port: 1 });
    const [second] = (await once(taken, "error")) as [NodeJS.ErrnoException];
    expect(second.code).toBe(mayBeForeign() ? "EADDRINUSE" : "EPERM");
    server.close();
  });
});
