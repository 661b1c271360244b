import { describe, expect, test } from "vitest";
import { createFlow } from "../../../src/dataplane/relay/flow.ts";
import { createReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";
import { dialledPeer, listeningPeer, payload, received, sha1 } from "../loopback.ts";

const sharedBytes = 1000;

async function flowing() {
  const peer = await listeningPeer();
  const to = await dialledPeer(peer.endpoint);
  const buffers = createReadBuffers({ sharedBytes, largeBytes: 1_000_000, largeLimit: 1 });
  let flushes = 0;
  const flow = createFlow(buffers, () => to, { readOn: () => true, flushed: () => flushes++ });
  /** As if so much of `data` had been read from the other side. */
  const read = (data: Buffer): boolean => {
    const memory = flow.reads.buffer();
    data.copy(memory);
    return flow.reads.callback(data.length, memory);
  };
  return { flow, buffers, to, receiver: await peer.accepted, read, flushes: () => flushes };
}

describe("one direction of a relayed connection", () => {
  test("reading goes on while the kernel takes everything", async () => {
    const { flow, read, to, receiver, flushes } = await flowing();
    expect(read(Buffer.from("abc"))).toBe(true);
    expect(read(Buffer.from("defg"))).toBe(true);
    to.end();
    expect(await received(receiver)).toMatchObject({ bytes: 7, sha1: sha1(Buffer.from("abcdefg")) });
    expect([flow.bytes, flow.isBlocked, flushes()]).toEqual([7, false, 0]);
  });

  test("reading stops when the kernel takes no more, and flushed tells when it has", async () => {
    const { flow, read, to, receiver, flushes } = await flowing();
    const block = payload(sharedBytes);
    let blocks = 1;
    while (read(block)) blocks++;
    expect(flow.isBlocked).toBe(true);
    // What was read into the shared memory is safe from the next reader of it.
    flow.reads.buffer().fill(0);
    const receiving = received(receiver);
    await expect.poll(() => flow.isBlocked).toBe(false);
    expect(flushes()).toBe(1);
    to.end();
    const all = Buffer.concat(Array.from({ length: blocks }, () => block));
    expect(await receiving).toEqual({ bytes: all.length, sha1: sha1(all), end: "fin" });
  });

  test("a read that fills the shared memory makes it bulk, and enlarge gives it memory of its own", async () => {
    const { flow, buffers, read, to, receiver } = await flowing();
    void received(receiver);
    read(payload(sharedBytes - 1));
    expect(flow.isBulk).toBe(false);
    read(payload(sharedBytes));
    expect(flow.isBulk).toBe(true);
    flow.enlarge();
    expect(flow.reads.buffer().length).toBe(1_000_000);
    expect(buffers.takeLarge()).toBeUndefined();
    flow.close();
    expect(buffers.takeLarge()).toBeDefined();
    to.destroy();
  });

  test("sixteen small reads in a row give the large memory back, fifteen do not", async () => {
    const { flow, buffers, read, to, receiver } = await flowing();
    void received(receiver);
    flow.enlarge();
    for (let count = 0; count < 15; count++) read(payload(10));
    read(payload(sharedBytes + 1));
    for (let count = 0; count < 15; count++) read(payload(10));
    expect(flow.reads.buffer()).not.toBe(buffers.shared);
    read(payload(10));
    expect(flow.reads.buffer()).toBe(buffers.shared);
    to.destroy();
  });
});
