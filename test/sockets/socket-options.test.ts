import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readingSocket } from "../../src/sockets/reading-socket.ts";
import {
  lendDescriptor,
  originalDestination,
  resetWhenClosed,
  unsentBytes,
  watchUnacknowledged,
} from "../../src/sockets/socket-options.ts";
import { quiet } from "../virtual-time.ts";

async function pair(): Promise<readonly [ours: Socket, theirs: Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const ours = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [theirs] = (await once(server, "connection")) as [Socket];
  if (ours.connecting) await once(ours, "connect");
  onTestFinished(() => {
    for (const each of [ours, theirs]) each.destroy();
    server.close();
  });
  return [ours, theirs];
}

test("a connection that resets when it is closed is a reset to its peer, and else an end", async () => {
  for (const isOn of [true, false]) {
    const [ours, theirs] = await pair();
    const met = new Promise((resolve) => {
      theirs.on("error", (error: NodeJS.ErrnoException) => resolve(error.code)).on("end", () => resolve("end"));
    });
    resetWhenClosed(ours, true);
    resetWhenClosed(ours, isOn);
    theirs.resume();
    ours.destroy();
    expect(await met).toBe(isOn ? "ECONNRESET" : "end");
  }
});

test("what a peer does not read is unsent or unacknowledged, also when another socket has taken the connection over", async () => {
  const [ours, theirs] = await pair();
  theirs.pause();
  const unacknowledged = watchUnacknowledged(ours);
  const taker = readingSocket(ours, { buffer: Buffer.alloc(16), callback: () => true });
  onTestFinished(() => void taker.destroy());
  expect([unacknowledged(), unsentBytes(taker)]).toEqual([0, 0]);
  taker.write(Buffer.alloc(32_000_000));
  await quiet();
  expect(unacknowledged()).toBeGreaterThan(0);
  expect(unsentBytes(taker)).toBeGreaterThan(0);
  taker.destroy();
  await once(taker, "close");
  expect([unacknowledged(), unsentBytes(taker)]).toEqual([0, 0]);
});

test("a closed connection has no descriptor to lend", async () => {
  const [ours] = await pair();
  expect(lendDescriptor(ours)).toBeGreaterThan(0);
  ours.destroy();
  expect(lendDescriptor(ours)).toBeUndefined();
});

test("the kernel has no record of another destination of a connection that nobody redirected", async () => {
  const [ours] = await pair();
  expect(originalDestination(ours, 4) ?? "none").toEqual(
    expect.toSatisfy(
      (found: unknown) => found === "none" || (found as { address: string }).address === "127.0.0.1",
      "none, or its own where conntrack runs",
    ),
  );
});
