import { writeSync } from "node:fs";
import { closeSync, readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { handleOf } from "../../../src/sockets/socket-handle.ts";
import { loadSpliceCalls, type SpliceCalls } from "../../../src/dataplane/splice/splice-calls.ts";
import { createSplicer, type SpliceReport } from "../../../src/dataplane/splice/splicer.ts";
import { dialledPeer, listeningPeer, payload, received, sha1 } from "../loopback.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A splicer that is driven by this thread, a turn now and then. */
function splicing(replaced: Partial<SpliceCalls> = {}) {
  const loaded = loadSpliceCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  const wakeFd = loaded.calls.eventfd(0, 0o4000);
  const reports: SpliceReport[] = [];
  const splicer = createSplicer({ ...loaded.calls, ...replaced }, wakeFd, (report) => reports.push(report));
  const turns = setInterval(() => splicer.turn(0), 1);
  closing.push(() => {
    clearInterval(turns);
    splicer.close();
    closeSync(wakeFd);
  });
  const ended = async () => {
    for (;;) {
      const report = reports.find(({ kind }) => kind === "ended");
      if (report) return report;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return { splicer, reports, ended, wakeFd };
}

async function pair(id = 1) {
  const [first, second] = [await listeningPeer(), await listeningPeer()];
  const legs = [await dialledPeer(first.endpoint), await dialledPeer(second.endpoint)] as const;
  const [client, server] = await Promise.all([first.accepted, second.accepted]);
  const fd = (socket: Socket) => handleOf(socket)?.fd ?? -1;
  const close = () => {
    for (const leg of legs) leg.destroy();
  };
  closing.push(close);
  const counters = new Float64Array(2);
  return { client, server, close, spliced: { id, client: fd(legs[0]), server: fd(legs[1]), counters } };
}

describe("splicer", () => {
  test("both directions are carried and counted, and each end is passed on", async () => {
    const { splicer, reports, ended } = splicing();
    const { client, server, spliced, close } = await pair(7);
    splicer.add(spliced);
    const [up, down] = [payload(500_000), payload(700_000)];
    client.end(up);
    const gotUp = await received(server);
    expect(splicer.size()).toBe(1);
    server.end(down);
    const gotDown = await received(client);
    const hasFin = { client: true, server: true };
    expect(await ended()).toEqual({ kind: "ended", id: 7, end: "complete", hasFin });
    close();
    expect([gotUp, gotDown]).toEqual([up, down].map((data) => ({ bytes: data.length, sha1: sha1(data), end: "fin" })));
    expect([...spliced.counters]).toEqual([up.length, down.length]);
    expect(reports[0]).toEqual({ kind: "delivered", id: 7 });
    expect(splicer.size()).toBe(0);
  });

  test("what was already waiting in the sockets is carried, an end included", async () => {
    const { splicer, ended } = splicing();
    const { client, server, spliced } = await pair();
    client.end("before");
    server.end("as well");
    await new Promise((resolve) => setTimeout(resolve, 10));
    splicer.add(spliced);
    expect(await received(server)).toMatchObject({ bytes: 6, end: "fin" });
    expect(await received(client)).toMatchObject({ bytes: 7, end: "fin" });
    expect(await ended()).toMatchObject({ end: "complete" });
  });

  test.each(["client", "server"] as const)("a %s that resets is named, with the reason", async (side) => {
    const { splicer, ended } = splicing();
    const peers = await pair();
    splicer.add(peers.spliced);
    peers[side].resetAndDestroy();
    expect(await ended()).toMatchObject({ end: `${side}-reset`, detail: "ECONNRESET" });
  });

  test("abort ends it, and says who has had his end by then", async () => {
    const { splicer, reports, ended } = splicing();
    const { client, server, spliced } = await pair();
    splicer.add(spliced);
    server.end("all");
    await received(client);
    splicer.abort(spliced.id);
    expect(await ended()).toEqual({ kind: "ended", id: 1, end: "aborted", hasFin: { client: true, server: false } });
    splicer.abort(spliced.id);
    expect(reports.filter(({ kind }) => kind === "ended").length).toBe(1);
  });

  test("a descriptor that can't be watched ends it as aborted", async () => {
    const { splicer, ended } = splicing();
    const { spliced } = await pair();
    splicer.add({ ...spliced, server: 99_999 });
    expect(await ended()).toMatchObject({ end: "aborted", detail: "epoll: EBADF" });
  });

  test("where no descriptor is free for a pipe it waits until one is", async () => {
    let refusals = 0;
    const loaded = loadSpliceCalls();
    if (!loaded.ok) throw new Error(loaded.reason);
    const { pipe } = loaded.calls;
    const { splicer, ended } = splicing({ pipe: (...args) => (refusals++ < 3 ? -1 : pipe(...args)) });
    const { client, server, spliced } = await pair();
    splicer.add(spliced);
    server.end(payload(100_000));
    client.end();
    expect(await received(client)).toMatchObject({ bytes: 100_000, end: "fin" });
    expect(await ended()).toMatchObject({ end: "complete" });
    expect(refusals).toBeGreaterThan(3);
  });

  test("a write to wakeFd is told of once", () => {
    const { splicer, wakeFd } = splicing();
    expect(splicer.turn(0)).toBe(false);
    writeSync(wakeFd, new BigUint64Array([1n]));
    expect(splicer.turn(0)).toBe(true);
    expect(splicer.turn(0)).toBe(false);
  });

  test("close leaves no descriptor open, also with bytes on their way", async () => {
    const loaded = loadSpliceCalls();
    if (!loaded.ok) throw new Error(loaded.reason);
    const { server, spliced } = await pair();
    server.write(payload(20_000_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = readdirSync("/proc/self/fd").length;
    const wakeFd = loaded.calls.eventfd(0, 0o4000);
    const reports: SpliceReport[] = [];
    const splicer = createSplicer(loaded.calls, wakeFd, (report) => reports.push(report));
    splicer.add(spliced);
    for (let count = 0; count < 50; count++) splicer.turn(0);
    splicer.close();
    closeSync(wakeFd);
    expect(reports).toMatchObject([{ kind: "ended", end: "aborted" }]);
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });
});
