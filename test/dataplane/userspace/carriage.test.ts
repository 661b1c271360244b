// Hostile and merely unlucky peers on a joined data connection, over both planes that carry it through this process.
// The attack, or the accident: a connection that is cut looks like a file that is complete, because in stream mode FIN
// means "the file is complete" (RFC 959 3.4.1). The peers here reset, vanish, stop reading and stop sending at any point;
// the other side must never see a clean end for what was cut, and must see every byte of what was not.
// Time is real: the splice thread and the kernel's acknowledgements take theirs.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { userSpacePlanes } from "../planes.ts";
import { activeTransfer, dialledPeer, listeningPeer, passiveTransfer, payload, received, sha1 } from "../loopback.ts";

const roles = ["client", "server"] as const;
const other = { client: "server", server: "client" } as const;
const rss = () => process.memoryUsage.rss() / 1024 / 1024;

describe.each(userSpacePlanes)("$name on $ground", (plane) => {
  afterAll(() => plane.stop());

  describe.each(["::1"])("over %s", (address) => {
    test.each([0, 1, 1000, 65_536, 4_000_000])(
      "a download of %i bytes arrives whole and ends with FIN (D4.81)",
      async (size) => {
        const { client, server, event } = await passiveTransfer(plane, {}, address);
        const data = payload(size);
        server.end(data);
        const got = await received(client);
        client.end();
        expect(got).toEqual({ bytes: size, sha1: sha1(data), end: "fin" });
        expect(await event("closed")).toMatchObject({ outcome: "complete", bytesUp: 0, bytesDown: size });
      },
    );

    test.each([0, 1, 1000, 65_536, 4_000_000])(
      "an upload of %i bytes arrives whole, and the other direction stays open after it (D4.77)",
      async (size) => {
        const { client, server, event } = await activeTransfer(plane, {}, address);
        const [data, answer] = [payload(size), payload(100_000)];
        client.end(data);
        expect(await received(server)).toEqual({ bytes: size, sha1: sha1(data), end: "fin" });
        server.end(answer);
        expect(await received(client)).toEqual({ bytes: answer.length, sha1: sha1(answer), end: "fin" });
        expect(await event("closed")).toMatchObject({ outcome: "complete", bytesUp: size, bytesDown: answer.length });
      },
    );
  });

  test("200 transfers at once, of random sizes up to 4 MB, both ways, arrive whole", async () => {
    const sizes = Array.from({ length: 200 }, (_, index) =>
      index < 20 ? index % 2 : Math.floor(Math.random() ** 3 * 4_000_000),
    );
    const results = await Promise.all(
      sizes.map(async (size, index) => {
        const isUpload = index % 2 === 1;
        const { client, server, outcome } = await (index % 4 < 2 ? passiveTransfer : activeTransfer)(plane);
        const [source, sink] = isUpload ? [client, server] : [server, client];
        const [data, answer] = [payload(size, index), payload(isUpload ? 100_000 : 0)];
        source.end(data);
        const got = await received(sink);
        sink.end(answer);
        const gotAnswer = await received(source);
        return { got, gotAnswer, outcome: await outcome(), data, answer };
      }),
    );
    for (const { got, gotAnswer, outcome, data, answer } of results) {
      expect([got, gotAnswer, outcome]).toEqual([whole(data), whole(answer), "complete"]);
    }
  }, 30_000);

  describe.each(roles)("the %s breaks it", (role) => {
    const transfers = { passive: passiveTransfer, active: activeTransfer };

    test.each(["passive", "active"] as const)(
      "20 of 20 resets at once reach the other side as a reset, never as a clean end, %s mode",
      async (mode) => {
        const ends = await Promise.all(
          Array.from({ length: 20 }, async () => {
            const open = await transfers[mode](plane);
            await open.event("joined");
            open[role].resetAndDestroy();
            return [(await received(open[other[role]])).end, await open.outcome()];
          }),
        );
        expect(ends).toEqual(Array.from({ length: 20 }, () => ["reset", `${role}-reset`]));
      },
    );

    test("100 resets at once, each right behind bytes that nobody has read yet, are never taken for an end", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const open = await passiveTransfer(plane);
          await open.event("joined");
          void received(open[other[role]]);
          open[role].write(payload(300_000), () => setTimeout(() => open[role].resetAndDestroy(), 20));
          return await open.outcome();
        }),
      );
      expect(outcomes).toEqual(Array.from({ length: 100 }, () => `${role}-reset`));
    });

    test("20 cuts at random points of a 4 MB transfer are resets for the other side, after a prefix of the data", async () => {
      const data = payload(4_000_000);
      const ends = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const open = await passiveTransfer(plane);
          const cut = Math.floor(Math.random() * data.length);
          const chunks: Buffer[] = [];
          open[other[role]].on("data", (chunk: Buffer) => chunks.push(chunk));
          open[role].write(data.subarray(0, cut), () => open[role].resetAndDestroy());
          const got = await received(open[other[role]]);
          const isPrefix = data.subarray(0, got.bytes).equals(Buffer.concat(chunks));
          return [got.end, got.bytes <= cut, isPrefix, await open.outcome()];
        }),
      );
      expect(ends).toEqual(Array.from({ length: 20 }, () => ["reset", true, true, `${role}-reset`]));
    });
  });

  test("a reset that follows data reaches a slow reader after that data", async () => {
    const { client, server, outcome, event } = await passiveTransfer(plane);
    await event("joined");
    const data = payload(300_000);
    server.write(data);
    // As much as the way to the client takes while nobody reads; then the rest is cut off.
    await sleep(50);
    server.resetAndDestroy();
    await sleep(50);
    const chunks: Buffer[] = [];
    client.on("data", (chunk: Buffer) => chunks.push(chunk));
    const got = await received(client);
    expect(got.end).toBe("reset");
    expect(got.bytes).toBeGreaterThan(0);
    expect(Buffer.concat(chunks).equals(data.subarray(0, got.bytes))).toBe(true);
    expect(await outcome()).toBe("server-reset");
  });

  test("a reader that stands still holds the sender up, and memory stays bounded", async () => {
    const { client, server, event } = await passiveTransfer(plane);
    const block = payload(1_000_000);
    const blocks = 150;
    let sent = 0;
    const before = rss();
    const sending = (async () => {
      for (; sent < blocks; sent++) {
        if (!server.write(block)) await new Promise((resolve) => server.once("drain", resolve));
      }
      server.end();
    })();
    await sleep(300);
    expect(sent).toBeLessThan(blocks / 2);
    expect(rss() - before).toBeLessThan(80);
    const got = await received(client);
    client.end();
    await sending;
    expect(got).toMatchObject({ bytes: blocks * block.length, end: "fin" });
    expect(await event("closed")).toMatchObject({ outcome: "complete", bytesDown: blocks * block.length });
  });

  describe("stall", () => {
    test("a receiver that takes little at a time does not", async () => {
      const { server, client, outcome } = await passiveTransfer(plane, { stallMs: 1000 });
      server.end(Buffer.alloc(30_000_000));
      let bytes = 0;
      client.on("end", () => client.end());
      // For longer than it takes to be a stall, less than the kernel waits for before it lets more be written.
      for (let count = 0; count < 110; count++) {
        await sleep(20);
        bytes += (client.read(8192) as Buffer | null)?.length ?? 0;
      }
      client.on("data", (chunk: Buffer) => (bytes += chunk.length));
      client.resume();
      expect(await outcome()).toBe("complete");
      expect(bytes).toBe(30_000_000);
    });

    test("a receiver that stands still behind a broken sender stalls it, whoever has the sender's descriptor by then", async () => {
      const { server, client, outcome, event } = await passiveTransfer(plane, { stallMs: 300 });
      await event("joined");
      const rival = await listeningPeer();
      server.write(payload(30_000_000));
      await sleep(50);
      server.resetAndDestroy();
      await sleep(50);
      // Nothing is read from the server now; what is written to it tells that it is gone.
      client.write("x");
      await sleep(50);
      const ends = [await dialledPeer(rival.endpoint), await rival.accepted];
      for (const end of ends) end.write(Buffer.alloc(30_000_000));
      // Of what each has written, there is always another part that has not been acknowledged.
      const taking = setInterval(() => ends.map((end): unknown => end.read(65_536)), 5);
      const limit = new AbortController();
      const ended = await Promise.race([outcome(), sleep(3000, "not at all", { signal: limit.signal })]);
      limit.abort();
      clearInterval(taking);
      for (const end of ends) end.destroy();
      expect(ended).toBe("server-reset");
      expect((await received(client)).end).toBe("reset");
    });

    test.each(["linger", "release"] as const)(
      "%s after the end was delivered takes nothing back from a slow client",
      async (word) => {
        const { pinhole, event, outcome, client, server } = await passiveTransfer(plane);
        // Less than the socket buffers hold: all of it is with the kernel while the client reads nothing.
        const data = payload(1_000_000);
        server.end(data);
        await event("delivered");
        if (word === "linger") pinhole.linger(30);
        else pinhole.release();
        expect(await outcome()).toBe(word === "linger" ? "stalled" : "aborted");
        expect(await received(client)).toEqual(whole(data));
        expect((await received(server)).end).toBe("reset");
      },
    );
  });
});

function whole(data: Buffer) {
  return { bytes: data.length, sha1: sha1(data), end: "fin" };
}
