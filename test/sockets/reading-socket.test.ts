import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { hasTrulyEnded, readAsStream, readingSocket } from "../../src/sockets/reading-socket.ts";
import { dialledPeer, listeningPeer } from "../dataplane/loopback.ts";
import { quiet } from "../virtual-time.ts";

describe.each([
  ["into memory that we choose", true],
  ["as streams do, where there is no handle", false],
])("reading %s", (_title, hasHandle) => {
  async function reading(accept: (count: number) => boolean) {
    const peer = await listeningPeer();
    const ours = await dialledPeer(peer.endpoint);
    const memory = Buffer.alloc(16);
    const read: string[] = [];
    const callback = (count: number, source: Uint8Array) => {
      read.push(Buffer.from(source.subarray(0, count)).toString());
      expect(source === memory).toBe(hasHandle);
      return accept(count);
    };
    const socket = (hasHandle ? readingSocket : readAsStream)(ours, { buffer: () => memory, callback });
    return { socket, read, theirs: await peer.accepted };
  }

  const isClosed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

  test("every byte comes to the callback, then the end", async () => {
    const { socket, read, theirs } = await reading(() => true);
    const ended = new Promise((resolve) => socket.once("end", resolve));
    theirs.end("a line longer than sixteen bytes");
    await ended;
    expect(read.join("")).toBe("a line longer than sixteen bytes");
    socket.end();
    await isClosed(socket);
  });

  test("false stops the reading until resume", async () => {
    let isWanted = false;
    const { socket, read, theirs } = await reading(() => isWanted);
    theirs.write("one");
    await quiet();
    theirs.write("two");
    await quiet();
    expect(read).toEqual(["one"]);
    isWanted = true;
    socket.resume();
    await quiet();
    expect(read.join()).toBe("one,two");
    socket.destroy();
  });

  test("a reset is an error", async () => {
    const { socket, theirs } = await reading(() => true);
    const error = new Promise((resolve) => socket.once("error", resolve));
    theirs.resetAndDestroy();
    expect(await error).toMatchObject({ code: "ECONNRESET" });
  });
});

test("an end is told from a reset, whatever the stream took it for", async () => {
  const [ending, resetting] = [await listeningPeer(), await listeningPeer()];
  const ours = [await dialledPeer(ending.endpoint), await dialledPeer(resetting.endpoint)] as const;
  (await ending.accepted).end();
  (await resetting.accepted).resetAndDestroy();
  await quiet();
  expect(ours.map(hasTrulyEnded)).toEqual([true, false]);
  for (const socket of ours) socket.destroy();
});
