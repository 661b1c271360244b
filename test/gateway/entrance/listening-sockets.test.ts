// Listening sockets of a process: handed from one gateway to another, and closed when nobody claims them.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createListeningSockets, type Claimant } from "../../../src/gateway/entrance/listening-sockets.ts";
import { abortTransport, listenTo, type Transport } from "../../../src/sockets/transport.ts";
import { testedSockets } from "../../sockets/tested-sockets.ts";
import { createOwnEndpoints } from "../../../src/gateway/own-endpoints.ts";

const anyPort = { address: "127.0.0.1", port: 0 };

function setUp() {
  const ownEndpoints = createOwnEndpoints();
  const sockets = createListeningSockets(ownEndpoints, { sockets: testedSockets });
  const claimant = () => {
    const accepted: Transport[] = [];
    const events: Claimant = {
      accepted(transport) {
        onTestFinished(() => abortTransport(transport));
        accepted.push(transport);
      },
      failed: (detail) => expect.unreachable(detail),
    };
    return { accepted, events };
  };
  const claim = async ({ events }: { events: Claimant }, wanted = anyPort) => {
    const claimed = await sockets.claim(wanted, { keepaliveMs: 60_000 }, events);
    onTestFinished(() => claimed.release());
    return claimed;
  };
  return { ownEndpoints, claimant, claim };
}

async function client({ port }: { port: number }): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** A connection may still be in the kernel's queue. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

test("a client that comes before the socket is taken waits, with what it has said, and is the claimant's then", async () => {
  const { claimant, claim } = setUp();
  const first = claimant();
  const claimed = await claim(first);
  const early = await client(claimed.endpoint);
  early.write("USER early\r\n");
  await pause();
  expect(first.accepted).toHaveLength(0);
  claimed.take();
  const transport = first.accepted[0];
  expect(first.accepted).toHaveLength(1);
  await new Promise<void>((resolve) => {
    const nothing = () => {};
    const events = { arrived: resolve, ended: nothing, failed: nothing, drained: nothing, closed: nothing };
    if (transport) listenTo(transport, undefined, events);
  });
  expect(transport?.to).toBe("USER early\r\n".length);
});

test("a second claimant gets the clients from when it has taken the socket, and the first one's release closes nothing", async () => {
  const { claimant, claim, ownEndpoints } = setUp();
  const [first, second] = [claimant(), claimant()];
  const before = await claim(first);
  before.take();
  const after = await claim(second, before.endpoint);
  expect([after.endpoint, before.isTaken(), after.isTaken()]).toEqual([before.endpoint, true, false]);
  await client(before.endpoint);
  await expect.poll(() => first.accepted.length).toBe(1);
  after.take();
  before.release();
  expect([before.isTaken(), after.isTaken()]).toEqual([false, true]);
  await client(before.endpoint);
  await expect.poll(() => second.accepted.length).toBe(1);
  expect(ownEndpoints.listensAt(before.endpoint)).toBe(true);
});

test("a claim that is given up leaves the socket to whom it belonged", async () => {
  const { claimant, claim } = setUp();
  const first = claimant();
  const before = await claim(first);
  before.take();
  (await claim(claimant(), before.endpoint)).release();
  await client(before.endpoint);
  await expect.poll(() => first.accepted.length).toBe(1);
});

test("once nobody claims it the socket is closed, and so are those who were never taken", async () => {
  const { claimant, claim, ownEndpoints } = setUp();
  const claimed = await claim(claimant());
  const waiting = await client(claimed.endpoint);
  const closed = once(waiting, "close");
  waiting.resume();
  await pause();
  claimed.release();
  claimed.release();
  await closed;
  expect(ownEndpoints.listensAt(claimed.endpoint)).toBe(false);
  await expect(client(claimed.endpoint)).rejects.toThrow("ECONNREFUSED");
});

test("port 0 is a socket of its own for each claimant, and the same one for the same", async () => {
  const { claimant, claim } = setUp();
  const [first, second] = [claimant(), claimant()];
  const claimed = await claim(first);
  expect((await claim(second)).endpoint).not.toEqual(claimed.endpoint);
  expect((await claim(first)).endpoint).toEqual(claimed.endpoint);
});
