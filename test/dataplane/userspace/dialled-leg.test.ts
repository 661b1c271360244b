import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { performance as realPerformance } from "node:perf_hooks";
import { afterEach, describe, expect, test } from "vitest";
import { dialLeg } from "../../../src/dataplane/userspace/dialled-leg.ts";
import type { DialLeg } from "../../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { silentEndpoint } from "../../silent-endpoint.ts";
import { passUntil, quiet } from "../../virtual-time.ts";
import { dialledPeer, listeningPeer, listenLeg, openPinhole } from "../loopback.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = { socket: Socket; refusal?: string } | { failed: string; wasReached: boolean };

function dial(leg: Omit<DialLeg, "kind">, connectMs = 1000): Promise<Answer> {
  return new Promise((resolve) => {
    dialLeg({ kind: "dial", ...leg }, connectMs, {
      connected(socket, refusal) {
        closing.push(() => socket.destroy());
        resolve({ socket, ...(refusal !== undefined && { refusal }) });
      },
      failed: (failed, wasReached) => resolve({ failed, wasReached }),
    });
  });
}

async function serving(address = "127.0.0.1") {
  const peers: Socket[] = [];
  const server = createServer((socket) => peers.push(socket.on("error", () => {}))).listen(0, address);
  await once(server, "listening");
  closing.push(() => {
    server.close();
    for (const peer of peers) peer.destroy();
  });
  return { address, port: (server.address() as AddressInfo).port };
}

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const { endpoint, close } = await listeningPeer();
  close();
  return endpoint.port;
}

describe("source port", () => {
  test.each(["127.0.0.1", "::1"])("the preferred one is used at %s (D4.75)", async (address) => {
    const fromPort = await freePort();
    const answer = await dial({ to: await serving(address), bind: address, fromPort });
    expect(answer).toMatchObject({ socket: { localAddress: address, localPort: fromPort } });
    expect(answer).not.toHaveProperty("refusal");
  });

  test("another one serves where somebody listens on it, and the reason is told (D4.75)", async () => {
    const { port } = await serving();
    const answer = await dial({ to: await serving(), bind: "127.0.0.1", fromPort: port });
    expect(answer).toMatchObject({ refusal: expect.stringContaining("EADDRINUSE") as string });
  });

  test("another one serves while a connection from it to the same endpoint is open (D4.75)", async () => {
    const leg = { to: await serving(), bind: "127.0.0.1", fromPort: await freePort() };
    expect(await dial(leg)).not.toHaveProperty("refusal");
    expect(await dial(leg)).toMatchObject({ refusal: expect.stringContaining("EADDRNOTAVAIL") as string });
  });

  test("many connections to different endpoints share it (D4.75)", async () => {
    const fromPort = await freePort();
    for (let count = 0; count < 5; count++) {
      const answer = await dial({ to: await serving(), bind: "127.0.0.1", fromPort });
      expect(answer).toMatchObject({ socket: { localPort: fromPort } });
    }
  });

  test("the pinhole reports other-source-port, and is joined all the same", async () => {
    const plane = createRelayPlane();
    const [taken, client] = [await serving(), await listeningPeer()];
    const open = openPinhole(plane, {
      client: { kind: "dial", to: client.endpoint, bind: "127.0.0.1", fromPort: taken.port },
      server: listenLeg(),
    });
    const server = await dialledPeer(await open.endpoint("server"));
    expect(await open.event("other-source-port")).toMatchObject({ side: "client", wanted: taken.port });
    await open.event("joined");
    server.resetAndDestroy();
    expect(await open.outcome()).toBe("server-reset");
    await plane.stop();
  });
});

describe("failure", () => {
  test("nobody listens, which is said without the address that it was bound to", async () => {
    const to = { address: "127.0.0.1", port: await freePort() };
    const failed = `connect ECONNREFUSED 127.0.0.1:${to.port}`;
    expect(await dial({ to })).toEqual({ failed, wasReached: false });
    expect(await dial({ to, bind: "127.0.0.1", fromPort: await freePort() })).toEqual({ failed, wasReached: false });
  });

  test("an address to bind that is not ours, with a preferred port or without", async () => {
    const to = await serving();
    const failed = { failed: expect.stringContaining("EADDRNOTAVAIL") as string };
    expect(await dial({ to, bind: "192.0.2.77" })).toMatchObject(failed);
    expect(await dial({ to, bind: "192.0.2.77", fromPort: 20 })).toMatchObject(failed);
  });

  test("a peer that does not answer is given up after connectMs", async () => {
    const to = await silentEndpoint();
    const startedAt = performance.now();
    const failed = `no answer from 127.0.0.1:${to.port} within 200 ms`;
    expect(await passUntil(dial({ to }, 200))).toEqual({ failed, wasReached: false });
    // A deadline may strike 25 ms late.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(200);
    expect(performance.now() - startedAt).toBeLessThanOrEqual(225);
  });

  test("a cancelled attempt is a reset to a peer that has taken the connection already", async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => server.close());
    const ended = new Promise<string>((resolve) => {
      server.on("connection", (peer) => {
        peer.on("error", () => resolve("reset")).on("end", () => resolve("fin"));
        peer.resume();
      });
    });
    const { port } = server.address() as AddressInfo;
    const ignore = () => {};
    const attempt = dialLeg({ kind: "dial", to: { address: "127.0.0.1", port } }, 1000, {
      connected: ignore,
      failed: ignore,
    });
    // The kernel completes the handshake while this thread is busy.
    process.nextTick(() => {
      for (const startedAt = realPerformance.now(); realPerformance.now() < startedAt + 30;);
      attempt.cancel();
    });
    expect(await ended).toBe("reset");
  });

  test("a cancelled attempt tells nothing", async () => {
    let told = 0;
    const tell = () => told++;
    const attempt = dialLeg({ kind: "dial", to: await serving() }, 1000, { connected: tell, failed: tell });
    attempt.cancel();
    await quiet();
    expect(told).toBe(0);
  });
});
