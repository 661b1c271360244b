import { readdirSync } from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { CarriageEnd } from "../../../src/dataplane/userspace/carriage.ts";
import { loadSpliceCalls } from "../../../src/dataplane/splice/splice-calls.ts";
import { lentSockets } from "../../../src/dataplane/relay/lent-sockets.ts";
import { createSplicePlane } from "../../../src/dataplane/splice/splice.ts";
import { createSpliceThread, type SpliceThread } from "../../../src/dataplane/splice/splice-thread.ts";
import {
  dialledPeer,
  listeningPeer,
  listenLeg,
  openPinhole,
  passiveTransfer,
  payload,
  received,
  sha1,
} from "../loopback.ts";

const folders: string[] = [];
const threads: SpliceThread[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** With another program than its own: one that dies when it is told anything. */
function threadThat(program?: string): SpliceThread {
  const loaded = loadSpliceCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  let url: URL | undefined;
  if (program !== undefined) {
    const folder = mkdtempSync(join(tmpdir(), "ftp-alg-splice-"));
    folders.push(folder);
    writeFileSync(join(folder, "worker.mjs"), program);
    url = pathToFileURL(join(folder, "worker.mjs"));
  }
  const thread = createSpliceThread(loaded.calls, url);
  threads.push(thread);
  return thread;
}

const diesWhenTold = `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", () => { throw new Error("out of order"); });`;

async function lend(thread: SpliceThread) {
  const [first, second] = [await listeningPeer(), await listeningPeer()];
  const legs = { client: await dialledPeer(first.endpoint), server: await dialledPeer(second.endpoint) };
  const [client, server] = await Promise.all([first.accepted, second.accepted]);
  let tell: (end: { end: CarriageEnd; detail?: string }) => void;
  const ended = new Promise<{ end: CarriageEnd; detail?: string }>((resolve) => (tell = resolve));
  const lent = lentSockets(legs);
  if (lent === undefined) throw new Error("nothing to lend");
  const carriage = thread.lend(lent, {
    delivered() {},
    ended: (end, _counts, detail) => tell(detail === undefined ? { end } : { end, detail }),
  });
  return { client, server, carriage, ended, legs };
}

describe("splice thread", () => {
  test("it carries what it is lent, and tells how that ended", async () => {
    const { client, server, ended, carriage } = await lend(threadThat());
    const data = payload(1_000_000);
    server.end(data);
    expect(await received(client)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
    expect(carriage?.counts()).toEqual({ bytesUp: 0, bytesDown: data.length });
    client.end();
    expect(await ended).toEqual({ end: "complete" });
  });

  test("one that dies resets both sides of what it carried, and is out of use", async () => {
    const thread = threadThat(diesWhenTold);
    const { client, server, ended } = await lend(thread);
    expect((await received(client)).end).toBe("reset");
    expect((await received(server)).end).toBe("reset");
    expect(await ended).toEqual({ end: "aborted", detail: "the splice thread has died: out of order" });
    expect(thread.failure()).toBe("the splice thread has died: out of order");
    const { carriage, legs } = await lend(thread);
    expect(carriage).toBeUndefined();
    expect(legs.client.destroyed).toBe(false);
    legs.client.destroy();
    legs.server.destroy();
  });

  test("one that can't even start is out of use", async () => {
    const thread = threadThat("throw new Error('no such thing')");
    thread.start();
    while (thread.failure() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(thread.failure()).toBe("the splice thread has died: no such thing");
  });

  test("its plane refuses then, and goes on with what it had opened by relaying", async () => {
    const plane = createSplicePlane(threadThat("throw new Error('gone')"), { fromBytes: 0 });
    const open = await passiveTransfer(plane);
    await open.event("joined");
    const request = { client: listenLeg(), server: listenLeg(), expiryMs: 1, connectMs: 1, stallMs: 1 };
    while (plane.unfit(request) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    const data = payload(3_000_000);
    open.server.end(data);
    expect(await received(open.client)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
    open.client.end();
    expect(await open.outcome()).toBe("complete");
    expect(await openPinhole(plane, request).event("refused")).toMatchObject({ reason: "plane-unavailable" });
    await plane.stop();
  });

  test("stop leaves no descriptor open, and a thread that never ran needs none", async () => {
    const before = readdirSync("/proc/self/fd").length;
    const thread = threadThat();
    await thread.stop();
    const { client, server, ended, carriage } = await lend(threadThat());
    server.write(payload(100_000));
    await new Promise((resolve) => client.once("readable", resolve));
    carriage?.abort();
    expect(await ended).toEqual({ end: "aborted" });
    await threads.at(-1)?.stop();
    client.destroy();
    server.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });
});
