import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createPipePool } from "../../../src/dataplane/splice/pipe-pool.ts";
import { handleOf } from "../../../src/sockets/socket-handle.ts";
import { loadSpliceCalls } from "../../../src/dataplane/splice/splice-calls.ts";
import { createLane, freePipe, pumpLane } from "../../../src/dataplane/splice/splice-lane.ts";
import { dialledPeer, listeningPeer, payload, received } from "../loopback.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function laned() {
  const loaded = loadSpliceCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  const { calls } = loaded;
  const [first, second] = [await listeningPeer(), await listeningPeer()];
  const legs = [await dialledPeer(first.endpoint), await dialledPeer(second.endpoint)] as const;
  const [source, destination] = await Promise.all([first.accepted, second.accepted]);
  const end = (socket: Socket) => ({ fd: handleOf(socket)?.fd ?? -1, isReadable: true, isWritable: true });
  const lane = createLane(end(legs[0]), end(legs[1]));
  const pipes = createPipePool(calls);
  closing.push(() => {
    freePipe(lane, pipes);
    pipes.close();
    for (const socket of [...legs, source, destination]) socket.destroy();
  });
  const pump = (pool = pipes) => pumpLane(lane, pool, calls);
  return { lane, source, destination, pump };
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 15));

describe("one direction of a spliced connection", () => {
  test("with nothing to read it waits, and keeps no pipe", async () => {
    const { lane, pump } = await laned();
    expect(pump()).toBe("waiting");
    expect(lane).toMatchObject({ from: { isReadable: false }, pipe: undefined, held: 0 });
  });

  test("bytes are handed on at once", async () => {
    const { lane, source, destination, pump } = await laned();
    source.write("some bytes");
    await quiet();
    expect(pump()).toBe("waiting");
    expect(lane).toMatchObject({ moved: new Float64Array([10]), held: 0, pipe: undefined });
    expect(await new Promise((resolve) => destination.once("data", resolve).resume())).toEqual(
      Buffer.from("some bytes"),
    );
  });

  test("the end follows the last byte", async () => {
    const { lane, source, destination, pump } = await laned();
    source.end("last");
    await quiet();
    expect(pump()).toBe("done");
    expect(lane.isDone).toBe(true);
    expect(await received(destination)).toMatchObject({ bytes: 4, end: "fin" });
  });

  test("a destination that takes nothing more holds bytes in the pipe until it does", async () => {
    const { lane, source, destination, pump } = await laned();
    source.write(payload(30_000_000));
    for (let count = 0; count < 200 && lane.to.isWritable; count++) {
      lane.from.isReadable = true;
      if (pump() === "waiting") await quiet();
    }
    expect(lane.to.isWritable).toBe(false);
    expect(lane.held).toBeGreaterThan(0);
    const held = lane.held;
    destination.resume();
    const [bytes = 0] = lane.moved;
    const handedOn = () => {
      lane.to.isWritable = true;
      pump();
      return lane.moved[0] ?? 0;
    };
    await expect.poll(handedOn).toBeGreaterThanOrEqual(bytes + held);
  });

  test("a source that has broken is told only after what it sent is handed on", async () => {
    const { lane, source, pump } = await laned();
    source.write("its last words");
    await quiet();
    source.resetAndDestroy();
    await quiet();
    expect(pump()).toBe("source-broken");
    expect(lane).toMatchObject({ failure: "ECONNRESET", moved: new Float64Array([14]), held: 0, isDone: false });
  });

  test("a destination that has broken is told with the first byte for it", async () => {
    const { lane, source, destination, pump } = await laned();
    destination.resetAndDestroy();
    await quiet();
    expect(pump()).toBe("waiting");
    source.write("too late");
    await quiet();
    lane.from.isReadable = true;
    expect(pump()).toEqual({ destinationBroken: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) as string });
  });

  test("without a pipe it is starved", async () => {
    const { pump } = await laned();
    expect(pump({ take: () => undefined, giveBack() {}, close() {} })).toBe("starved");
  });

  test("four pipefuls are a turn", async () => {
    const { lane, source, destination, pump } = await laned();
    const loaded = loadSpliceCalls();
    if (!loaded.ok) throw new Error(loaded.reason);
    destination.resume();
    source.write(payload(1_000_000));
    await quiet();
    const small = createPipePool(loaded.calls, 0);
    expect(pump(small)).toBe("more");
    expect(lane.moved[0]).toBeLessThanOrEqual(4 * 65_536);
    if (lane.pipe) for (const fd of [lane.pipe.readEnd, lane.pipe.writeEnd]) closeSync(fd);
    lane.pipe = undefined;
  });
});
