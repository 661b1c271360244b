// Hostile: connections to a data port by somebody who was not asked for. The attacks: a port thief that connects to the
// announced port before the client does and is served its file (RFC 2577 section 5); a scanner or a load balancer's health
// check that uses the pinhole up, so that the real transfer fails or ends empty. The strangers here connect first, connect
// many times, send data, and vanish at once; each is reset, told of, and leaves the pinhole as it was.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import type { ListeningLeg } from "../../../src/dataplane/userspace/ground.ts";
import { openListeningLeg } from "../../../src/dataplane/userspace/listening-leg.ts";
import type { ExpectedPeer, OpenRefusal } from "../../../src/dataplane/pinhole.ts";
import { createPortTable, type PortPool } from "../../../src/dataplane/port-pool.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { anyPort, dialledPeer, type Received, received } from "../loopback.ts";

const legs: ListeningLeg[] = [];
const others: Server[] = [];
const admittedSockets: Socket[] = [];
afterEach(() => {
  for (const leg of legs.splice(0)) leg.release();
  for (const server of others.splice(0)) server.close();
  for (const socket of admittedSockets.splice(0)) socket.destroy();
});

type Told = { strangers: Endpoint[]; admitted: Endpoint[] };

async function listen(expected: ExpectedPeer, bind = "127.0.0.1", ports: PortPool = anyPort) {
  const told: Told = { strangers: [], admitted: [] };
  const answer = await new Promise<{ endpoint: Endpoint } | { reason: OpenRefusal }>((resolve) => {
    const leg = openListeningLeg(
      { kind: "listen", bind, ports, expect: expected },
      {
        opened: (endpoint) => resolve({ endpoint }),
        refused: (reason) => resolve({ reason }),
        stranger: (from) => told.strangers.push(from),
        admitted(socket, from) {
          told.admitted.push(from);
          admittedSockets.push(socket);
        },
      },
    );
    legs.push(leg);
  });
  return { told, answer };
}

async function listening(expected: ExpectedPeer, bind?: string) {
  const { told, answer } = await listen(expected, bind);
  if ("reason" in answer) throw new Error(answer.reason);
  return { told, endpoint: answer.endpoint };
}

/** Connects, says something, and tells what came of it. The reset of a stranger may meet the connection attempt itself. */
function knock({ address, port }: Endpoint, localAddress?: string): Promise<Received> {
  const socket = connect({ host: address, port, ...(localAddress !== undefined && { localAddress }) });
  socket.write("RETR secret\r\n");
  return received(socket);
}

/** While this thread stands still, so that the listener sees the connection only when it is dead. */
function connectAndResetMeanwhile({ address, port }: Endpoint) {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const body = `
    const done = require("node:worker_threads").workerData;
    const socket = require("node:net").connect(${port}, "${address}", () => {
      socket.resetAndDestroy();
      Atomics.store(done, 0, 1);
      Atomics.notify(done, 0);
    });`;
  void new Worker(body, { eval: true, workerData: done });
  expect(Atomics.wait(done, 0, 0, 5000)).toBe("ok");
}

const fromMe: ExpectedPeer = { match: "address", address: "127.0.0.1" };

describe("hostile: strangers at a data port", () => {
  test("a stranger is reset and told of, and does not use the pinhole up (D4.72)", async () => {
    const { told, endpoint } = await listening(fromMe);
    expect(await knock(endpoint, "127.0.0.2")).toMatchObject({ bytes: 0, end: "reset" });
    expect(told).toMatchObject({ strangers: [{ address: "127.0.0.2" }], admitted: [] });
    await dialledPeer(endpoint);
    await expect.poll(() => told.admitted).toMatchObject([{ address: "127.0.0.1" }]);
  });

  test("a hundred strangers that send data neither tire it out nor get a byte", async () => {
    const { told, endpoint } = await listening(fromMe);
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          expect(await knock(endpoint, "127.0.0.2")).toMatchObject({ bytes: 0, end: "reset" });
        }),
      );
    }
    await dialledPeer(endpoint);
    await expect.poll(() => told.admitted.length).toBe(1);
    expect(told.strangers.length).toBe(100);
  });

  test("a burst of strangers does not keep the peer waiting for a second attempt (D4.72)", async () => {
    const { told, endpoint } = await listening(fromMe);
    const knocks = Array.from({ length: 60 }, () => knock(endpoint, "127.0.0.2"));
    // The kernel's second attempt comes after a second, and that is as long as this pinhole lives.
    const expiry = sleep(950).then(() => "expired");
    expect(await Promise.race([dialledPeer(endpoint).then(() => "connected"), expiry])).toBe("connected");
    await expect.poll(() => told.admitted.length).toBe(1);
    await Promise.all(knocks);
    expect(told.strangers.length).toBe(60);
  });

  test("a connection that was reset before it was accepted is a stranger's, because nobody can say whose it was", async () => {
    const { told, endpoint } = await listening({ match: "any" });
    connectAndResetMeanwhile(endpoint);
    await expect.poll(() => told).toEqual({ strangers: [{ address: "0.0.0.0", port: 0 }], admitted: [] });
    await dialledPeer(endpoint);
    await expect.poll(() => told.admitted.length).toBe(1);
  });

  test("the second connection of the expected peer is refused", async () => {
    const { told, endpoint } = await listening(fromMe);
    await dialledPeer(endpoint);
    await expect.poll(() => told.admitted.length).toBe(1);
    await expect(dialledPeer(endpoint)).rejects.toThrow("ECONNREFUSED");
    expect(told.admitted.length).toBe(1);
  });

  test("of many connections at once from the expected peer exactly one is admitted", async () => {
    const { told, endpoint } = await listening(fromMe);
    const peers = await Promise.allSettled(Array.from({ length: 12 }, () => dialledPeer(endpoint)));
    await expect.poll(() => told.admitted.length + told.strangers.length).toBeGreaterThan(0);
    await sleep(20);
    expect(peers.length).toBe(12);
    expect(told.admitted.length).toBe(1);
  });
});

describe("the expected peer", () => {
  test.each([
    ["an address, over IPv6", { match: "address", address: "::1" }, "::1", undefined, true],
    ["an IPv4 address at a listener that serves both families", fromMe, "::", "127.0.0.1", true],
    ["another IPv4 address at such a listener", fromMe, "::", "127.0.0.2", false],
    [
      "an address written as IPv4-mapped",
      { match: "address", address: "::ffff:127.0.0.1" },
      "127.0.0.1",
      undefined,
      true,
    ],
    [
      "a network, from within",
      { match: "network", network: { base: "127.0.0.0", bits: 30 } },
      "127.0.0.1",
      "127.0.0.2",
      true,
    ],
    [
      "a network, from outside",
      { match: "network", network: { base: "127.0.0.0", bits: 30 } },
      "127.0.0.1",
      "127.0.0.9",
      false,
    ],
    ["anybody", { match: "any" }, "127.0.0.1", "127.0.0.9", true],
  ] as const)("is %s (D4.73)", async (_title, expected, bind, from, isAdmitted) => {
    const { told, endpoint } = await listening(expected, bind);
    void knock({ address: bind === "::" ? "127.0.0.1" : bind, port: endpoint.port }, from);
    await expect.poll(() => [told.admitted.length, told.strangers.length]).toEqual(isAdmitted ? [1, 0] : [0, 1]);
  });
});

describe("the data port", () => {
  /** A port, and its neighbours, that other programs hold. */
  async function takenPorts(count: number): Promise<{ first: number; last: number }> {
    for (;;) {
      const servers: Server[] = [];
      // Below those that the system gives: nobody else takes their neighbours.
      const first = 12_000 + Math.floor(Math.random() * 7000);
      try {
        for (let index = 0; index < count; index++) {
          const server = createServer().listen({ host: "127.0.0.1", port: first + index });
          servers.push(server);
          await once(server, "listening");
        }
        others.push(...servers);
        return { first, last: first + count - 1 };
      } catch {
        for (const server of servers) server.close();
      }
    }
  }

  test("one that another program holds is put to rest, and another is taken", async () => {
    const { first } = await takenPorts(1);
    let picks = 0;
    const ports = createPortTable({ restMs: 1000, random: () => (picks++ === 0 ? 0 : 0.5) }).pool(first, first + 4);
    const { answer } = await listen(fromMe, "127.0.0.1", ports);
    expect(answer).not.toEqual({ endpoint: { address: "127.0.0.1", port: first } });
    expect(answer).toHaveProperty("endpoint");
    expect(ports.counts()).toEqual({ free: 3, open: 1, resting: 1 });
  });

  test("a range held by other programs is exhausted (D5.91)", async () => {
    const { first, last } = await takenPorts(2);
    const ports = createPortTable({ restMs: 1000 }).pool(first, last);
    expect((await listen(fromMe, "127.0.0.1", ports)).answer).toEqual({ reason: "ports-exhausted" });
    expect(ports.counts()).toEqual({ free: 0, open: 0, resting: 2 });
  });

  test("no more than eight are tried", async () => {
    const { first, last } = await takenPorts(10);
    const ports = createPortTable({ restMs: 1000 }).pool(first, last);
    expect((await listen(fromMe, "127.0.0.1", ports)).answer).toEqual({ reason: "ports-exhausted" });
    expect(ports.counts()).toEqual({ free: 2, open: 0, resting: 8 });
  });

  test("it stays taken while the admitted connection lives, and rests after", async () => {
    const ports = createPortTable({ restMs: 1000 }).pool(42_000, 42_999);
    const { told, answer } = await listen(fromMe, "127.0.0.1", ports);
    if ("reason" in answer) throw new Error(answer.reason);
    await dialledPeer(answer.endpoint);
    await expect.poll(() => told.admitted.length).toBe(1);
    expect(ports.counts().open).toBe(1);
    legs[0]?.release();
    legs[0]?.release();
    expect(ports.counts()).toMatchObject({ open: 0 });
    expect(ports.counts().resting).toBeGreaterThanOrEqual(1);
  });

  test("an address that is not ours is unavailable", async () => {
    const ports = createPortTable({ restMs: 1000 }).pool(42_000, 42_001);
    expect((await listen(fromMe, "192.0.2.77", ports)).answer).toEqual({ reason: "address-unavailable" });
    expect(ports.counts()).toMatchObject({ open: 0, resting: 1 });
  });
});
