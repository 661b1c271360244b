// Ends of a data connection that only this process can bring about, beside what the conformance suite asks of every plane.
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { userSpacePlanes } from "../planes.ts";
import {
  activeTransfer,
  dialledPeer,
  listeningPeer,
  listenLeg,
  openPinhole,
  passiveTransfer,
  received,
} from "../loopback.ts";

/** A port on which nobody listens. */
async function deafEndpoint(): Promise<Endpoint> {
  const { endpoint, close } = await listeningPeer();
  close();
  return endpoint;
}

/** How a connection ends, be it before its own process has noticed that it was there. */
async function endOfDialled({ address, port }: Endpoint): Promise<string> {
  return (await received(connect({ host: address, port, allowHalfOpen: true }))).end;
}

describe.each(userSpacePlanes)("$name on $ground", (plane) => {
  afterAll(() => plane.stop());

  test("a client that resets before the server was reached resets the server", async () => {
    const server = await listeningPeer();
    const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
    const client = await dialledPeer(await open.endpoint("client"));
    client.resetAndDestroy();
    expect((await received(await server.accepted)).end).toBe("reset");
    expect(await open.outcome()).toBe("client-reset");
  });

  test("released while the server is dialled: the client is reset", async () => {
    const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: await deafEndpoint() } });
    const client = endOfDialled(await open.endpoint("client"));
    await open.event("admitted");
    open.pinhole.release();
    expect(await client).toBe("reset");
    expect(await open.outcome()).toBe("released");
  });

  test("released in the owner's answer to joined: both sides are reset, nothing is carried", async () => {
    const server = await listeningPeer();
    const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
    const releasing = open.event("joined").then(() => open.pinhole.release());
    const client = endOfDialled(await open.endpoint("client"));
    await releasing;
    expect(await client).toBe("reset");
    expect((await received(await server.accepted)).end).toBe("reset");
    expect(await open.outcome()).toBe("aborted");
  });

  test("linger after the end starts no timer", async () => {
    const { client, server, outcome, pinhole } = await activeTransfer(plane);
    server.end();
    client.end();
    await outcome();
    await sleep(20);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    pinhole.linger(60_000);
    expect(timers()).toBe(before);
  });

  test("no descriptor stays open after transfers of every kind of end", async () => {
    const countDescriptors = async () => (await readdir("/proc/self/fd")).length;
    async function everyEnd() {
      const complete = await passiveTransfer(plane);
      // Enough to be spliced, where that is done.
      complete.server.end(Buffer.alloc(300_000));
      complete.client.resume().end();
      const broken = await passiveTransfer(plane);
      broken.server.resetAndDestroy();
      const aborted = await activeTransfer(plane);
      aborted.pinhole.release();
      const dismissed = await activeTransfer(plane);
      dismissed.pinhole.dismiss();
      const unused = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      unused.pinhole.release();
      await Promise.all([complete, broken, aborted, dismissed, unused].map((open) => open.outcome()));
      for (const peer of [complete, broken, aborted, dismissed]) {
        peer.client.destroy();
        peer.server.destroy();
      }
    }
    // Pipes are kept for the next.
    for (let round = 0; round < 5; round++) await everyEnd();
    await sleep(20);
    const before = await countDescriptors();
    for (let round = 0; round < 20; round++) await everyEnd();
    // The last of them are closed a moment after their ends were told.
    await expect.poll(countDescriptors).toBeLessThanOrEqual(before);
  });
});
