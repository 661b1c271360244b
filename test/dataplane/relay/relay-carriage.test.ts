// What is particular to carrying by reads and writes of Node: whose memory the bytes pass through, and the way without it.
import { describe, expect, test } from "vitest";
import type { CarriageEnd } from "../../../src/dataplane/userspace/carriage.ts";
import { createReadBuffers, type ReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";
import type { Bulk } from "../../../src/dataplane/relay/bulk.ts";
import { relayCarry } from "../../../src/dataplane/relay/relay-carriage.ts";
import { dialledPeer, listeningPeer, payload, received, sha1 } from "../loopback.ts";

/** Two connections whose gateway's ends are carried; the peers' ends are returned. */
async function carried(
  buffers: ReadBuffers,
  { head, bulk, isDownHeld = false }: { head?: Buffer; bulk?: Bulk; isDownHeld?: boolean } = {},
) {
  const [first, second] = [await listeningPeer(), await listeningPeer()];
  const legs = { client: await dialledPeer(first.endpoint), server: await dialledPeer(second.endpoint) };
  const [client, server] = await Promise.all([first.accepted, second.accepted]);
  let ended: (end: CarriageEnd) => void;
  const end = new Promise<CarriageEnd>((resolve) => (ended = resolve));
  const held = { ...legs, isDownHeld, ...(head && { head }) };
  const carriage = relayCarry(buffers, bulk)(held, { delivered() {}, ended: (how) => ended(how) });
  return { client, server, end, carriage };
}

/** Counts the large buffers that are in use. */
function counted(options: Parameters<typeof createReadBuffers>[0] = {}) {
  const buffers = createReadBuffers(options);
  const count = { inUse: 0, most: 0 };
  const counting: ReadBuffers = {
    shared: buffers.shared,
    takeLarge() {
      const buffer = buffers.takeLarge();
      if (buffer) count.most = Math.max(count.most, ++count.inUse);
      return buffer;
    },
    returnLarge(buffer) {
      count.inUse--;
      buffers.returnLarge(buffer);
    },
  };
  return { buffers: counting, count };
}

describe("read buffers of a relayed connection", () => {
  test("bulk gets one large buffer, for the direction that carries it, and gives it back at the end", async () => {
    const { buffers, count } = counted();
    const { client, server, end } = await carried(buffers);
    const data = payload(6_000_000);
    server.end(data);
    expect(await received(client)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
    client.end();
    expect(await end).toBe("complete");
    expect(count).toEqual({ inUse: 0, most: 1 });
  });

  test("a small file takes none", async () => {
    const { buffers, count } = counted();
    const { client, server, end } = await carried(buffers);
    server.end(payload(30_000));
    await received(client);
    client.end();
    await end;
    expect(count.most).toBe(0);
  });

  test("transfers beyond the limit of large buffers go on without", async () => {
    const { buffers, count } = counted({ largeLimit: 2 });
    const data = payload(3_000_000);
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { client, server, end } = await carried(buffers);
        server.end(data);
        expect(await received(client)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
        client.end();
        await end;
      }),
    );
    expect(count.inUse).toBe(0);
    expect(count.most).toBeLessThanOrEqual(2);
  });

  test("a direction whose reads turn small gives its large buffer back", async () => {
    const { buffers, count } = counted();
    const { client, server, end } = await carried(buffers);
    const data = payload(3_000_000);
    server.write(data);
    let got = 0;
    const all = new Promise<void>((resolve) => {
      client.on("data", (chunk: Buffer) => {
        got += chunk.length;
        if (got === data.length + 40) resolve();
        else if (got >= data.length) server.write("x");
      });
    });
    client.resume();
    await all;
    expect(count).toEqual({ inUse: 0, most: 1 });
    server.end();
    client.end();
    expect(await end).toBe("complete");
  });

  test("bulk that can't be moved to the carrier for bulk, because the server's bytes are held, gets one meanwhile", async () => {
    const { buffers, count } = counted();
    const bulk = {
      fromBytes: 0,
      take() {
        throw new Error("moved");
      },
    };
    const { client, server, end, carriage } = await carried(buffers, { bulk, isDownHeld: true });
    const data = payload(6_000_000);
    client.end(data);
    expect(await received(server)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
    carriage.releaseHeld();
    server.end();
    client.resume();
    expect(await end).toBe("complete");
    expect(count).toEqual({ inUse: 0, most: 1 });
  });

  test("an aborted transfer gives it back too", async () => {
    const { buffers, count } = counted();
    const { server, client, end, carriage } = await carried(buffers);
    server.write(payload(30_000_000));
    await expect.poll(() => count.inUse).toBe(1);
    carriage.abort();
    expect(await end).toBe("aborted");
    expect(count.inUse).toBe(0);
    expect((await received(client)).end).toBe("reset");
  });
});

test("what was read before the legs were joined goes out first", async () => {
  const { client, server, end } = await carried(createReadBuffers(), { head: Buffer.from("head ") });
  server.end("and tail");
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  await received(client);
  client.end();
  expect(Buffer.concat(chunks).toString()).toBe("head and tail");
  expect(await end).toBe("complete");
});
