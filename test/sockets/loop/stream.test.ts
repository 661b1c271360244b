// Streams on the loop, and how they come about: listening, accepting, connecting.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import type { Loop } from "../../../src/sockets/loop/loop.ts";
import { interests } from "../../../src/sockets/loop/poller.ts";
import {
  closeStream,
  endStream,
  failureOf,
  guardStream,
  notNow,
  peekStream,
  readStream,
  resetStream,
  setInterest,
  type Stream,
  unacknowledgedOfStream,
  watchStream,
  writeStream,
} from "../../../src/sockets/loop/stream.ts";
import { dialStream } from "../../../src/sockets/loop/stream-dial.ts";
import { listenForStreams } from "../../../src/sockets/loop/stream-listener.ts";
import { loopMissing, loopSockets } from "../tested-sockets.ts";

let loop: Loop;
beforeAll(() => {
  if (loopSockets?.loop === undefined) throw new Error(loopMissing);
  ({ loop } = loopSockets);
});

const address = "127.0.0.1";

function listen(accepted: (stream: Stream, from: Endpoint) => void, port = 0) {
  const listener = listenForStreams(loop, { at: { address, port }, isForeign: false, backlog: 8 }, accepted);
  onTestFinished(() => listener.close());
  return listener;
}

/** A stream, and the socket at its other end. */
async function connected(): Promise<{ stream: Stream; peer: Socket; from: Endpoint }> {
  const { promise, resolve } = Promise.withResolvers<{ stream: Stream; from: Endpoint }>();
  const { endpoint } = listen((stream, from) => resolve({ stream, from }));
  const peer = connect({ host: address, port: endpoint.port, allowHalfOpen: true }).on("error", () => {});
  const { stream, from } = await promise;
  onTestFinished(() => {
    closeStream(stream);
    peer.destroy();
  });
  return { stream, peer, from };
}

function ready(stream: Stream, interest: number): Promise<{ isBroken: boolean; hasEnded: boolean }> {
  return new Promise((resolve) =>
    watchStream(stream, interest, stream, (_, __, ___, isBroken, hasEnded) => {
      setInterest(stream, interests.none);
      resolve({ isBroken, hasEnded });
    }),
  );
}

const memory = Buffer.alloc(64);

describe("a stream", () => {
  test("is read and written, nothing there is no end, and the end is 0", async () => {
    const { stream, peer } = await connected();
    expect(readStream(stream, memory)).toBe(notNow);
    peer.write("hello");
    await ready(stream, interests.read);
    expect(peekStream(stream)).toBe(1);
    expect(memory.toString("latin1", 0, readStream(stream, memory))).toBe("hello");
    expect(writeStream(stream, Buffer.from("and back"), 3, false)).toBe(3);
    expect(String((await once(peer, "data"))[0])).toBe("and");
    peer.end();
    expect(await ready(stream, interests.read | interests.end)).toEqual({ isBroken: false, hasEnded: true });
    expect(readStream(stream, memory)).toBe(0);
  });

  test("says its last bytes and its end in one, and goes on hearing", async () => {
    const { stream, peer } = await connected();
    guardStream(stream, false);
    writeStream(stream, Buffer.from("last"), 4, true);
    endStream(stream);
    const ended = once(peer, "end");
    expect(String((await once(peer, "data"))[0])).toBe("last");
    await ended;
    peer.write("still here");
    await ready(stream, interests.read);
    expect(readStream(stream, memory)).toBe(10);
  });

  test("resets its peer however it is closed, until it is told not to", async () => {
    for (const isGuarded of [true, false]) {
      const { stream, peer } = await connected();
      const how = new Promise<string>((resolve) => {
        peer.once("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? ""));
        peer.once("end", () => resolve("end"));
      });
      peer.resume();
      if (!isGuarded) guardStream(stream, false);
      closeStream(stream);
      expect(await how).toBe(isGuarded ? "ECONNRESET" : "end");
    }
  });

  test("that its peer has reset says so when it is read", async () => {
    const { stream, peer } = await connected();
    peer.resetAndDestroy();
    expect(await ready(stream, interests.read)).toMatchObject({ isBroken: true });
    expect(failureOf(readStream(stream, memory))).toBe("ECONNRESET");
  });

  test("that is closed twice, or reset then, is closed once", async () => {
    const { stream } = await connected();
    closeStream(stream);
    closeStream(stream);
    resetStream(stream);
    expect(unacknowledgedOfStream(stream)).toBe(0);
  });
});

describe("a listener", () => {
  test("tells who has connected", async () => {
    const { peer, from } = await connected();
    expect(from).toEqual({ address, port: peer.localPort });
  });

  test("that can't have its port, or its address, says why", () => {
    const { endpoint } = listen(() => {});
    expect(() => listen(() => {}, endpoint.port)).toThrow(/EADDRINUSE/);
    const elsewhere = { at: { address: "192.0.2.7", port: 0 }, isForeign: false, backlog: 1 };
    expect(() => listenForStreams(loop, elsewhere, () => {})).toThrow("bind EADDRNOTAVAIL");
  });

  test("of IPv6 listens too", async () => {
    const at = { address: "::1", port: 0 };
    const accepted = new Promise<Endpoint>((resolve) => {
      const listener = listenForStreams(loop, { at, isForeign: false, backlog: 8 }, (stream, from) => {
        closeStream(stream);
        resolve(from);
      });
      onTestFinished(() => listener.close());
      connect(listener.endpoint.port, "::1").on("error", () => {});
    });
    expect(await accepted).toMatchObject({ address: "::1" });
  });
});

describe("dialling", () => {
  async function listening(): Promise<Endpoint & { readonly accepted: Promise<Socket> }> {
    const server = createServer();
    server.on("connection", (socket) => socket.on("error", () => {}));
    const accepted = once(server, "connection").then(([socket]) => socket as Socket);
    server.listen(0, address);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    return { address, port: (server.address() as AddressInfo).port, accepted };
  }

  const dialled = (to: Endpoint, from?: Endpoint): Promise<Stream | string> =>
    new Promise((resolve) => {
      dialStream(
        loop,
        { to, from, isForeign: false },
        {
          connected(stream) {
            onTestFinished(() => closeStream(stream));
            resolve(stream);
          },
          failed: resolve,
        },
      );
    });

  test("connects, from a port of our choice if there is one", async () => {
    const to = await listening();
    const { endpoint, close } = listen(() => {});
    close();
    const free = endpoint.port;
    expect(await dialled({ address: to.address, port: to.port }, { address, port: free })).toMatchObject({
      interest: interests.none,
    });
    const accepted = await to.accepted;
    expect(accepted.remotePort).toBe(free);
    accepted.destroy();
  });

  test("that is refused, or from a port that is taken, says so after the call", async () => {
    const { endpoint, close } = listen(() => {});
    close();
    expect(await dialled(endpoint)).toBe("ECONNREFUSED");
    const taken = listen(() => {});
    expect(await dialled(await listening(), taken.endpoint)).toBe("EADDRINUSE");
  });

  test("that is cancelled tells nothing", async () => {
    const to = await listening();
    let told = 0;
    const count = (): void => void (told += 1);
    const attempt = dialStream(loop, { to, isForeign: false }, { connected: count, failed: count });
    attempt.cancel();
    attempt.cancel();
    await dialled(to);
    expect(told).toBe(0);
  });
});
