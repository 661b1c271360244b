// In which order the legs of a data connection come about, and how one ends that never carried anything.
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { userSpacePlanes } from "../planes.ts";
import {
  type OpenPinhole,
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

const kinds = ({ events }: OpenPinhole) => events.map(({ kind }) => kind);

describe.each(userSpacePlanes)("$name", (plane) => {
  afterAll(() => plane.stop());

  describe("listen/dial", () => {
    test("the server is dialled only when the client has come (D4.65)", async () => {
      const server = await listeningPeer();
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
      const endpoint = await open.endpoint("client");
      await sleep(20);
      expect(kinds(open)).toEqual(["opened"]);
      const client = await dialledPeer(endpoint);
      await server.accepted;
      await open.event("joined");
      expect(kinds(open)).toEqual(["opened", "admitted", "joined"]);
      expect(await open.event("admitted")).toMatchObject({ side: "client", from: { port: client.localPort } });
      open.pinhole.release();
      expect(await open.outcome()).toBe("aborted");
    });

    test("no event comes during the call, nor during release", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: await deafEndpoint() } });
      expect(open.events).toEqual([]);
      await open.event("opened");
      open.pinhole.release();
      expect(kinds(open)).toEqual(["opened"]);
      expect(await open.outcome()).toBe("released");
    });

    test("a server that refuses resets the client, and says so", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: await deafEndpoint() } });
      const client = await dialledPeer(await open.endpoint("client"));
      expect((await received(client)).end).toBe("reset");
      expect(await open.event("closed")).toMatchObject({ outcome: "server-unreachable", durationMs: 0 });
      expect((await open.event("closed")).detail).toContain("ECONNREFUSED");
    });

    test("the client's end that came before the server was reached is passed on (D4.81)", async () => {
      const server = await listeningPeer();
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
      const client = await dialledPeer(await open.endpoint("client"));
      client.end("early");
      expect(await received(await server.accepted)).toMatchObject({ bytes: 5, end: "fin" });
      (await server.accepted).end();
      expect(await open.outcome()).toBe("complete");
    });

    test("a client that resets before the server was reached resets the server", async () => {
      const server = await listeningPeer();
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
      const client = await dialledPeer(await open.endpoint("client"));
      client.resetAndDestroy();
      expect((await received(await server.accepted)).end).toBe("reset");
      expect(await open.outcome()).toBe("client-reset");
    });

    test("nobody comes: it expires, and the port is closed", async () => {
      const open = openPinhole(plane, {
        client: listenLeg(),
        server: { kind: "dial", to: await deafEndpoint() },
        expiryMs: 30,
      });
      const endpoint = await open.endpoint("client");
      expect(await open.outcome()).toBe("expired");
      await expect(dialledPeer(endpoint)).rejects.toThrow("ECONNREFUSED");
    });

    test("linger shortens the wait for somebody to come", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: await deafEndpoint() } });
      open.pinhole.linger(30);
      expect(await open.outcome()).toBe("expired");
    });
  });

  describe("dial/listen", () => {
    test("the client is dialled only when the server has come", async () => {
      const client = await listeningPeer();
      const open = openPinhole(plane, { client: { kind: "dial", to: client.endpoint }, server: listenLeg() });
      const endpoint = await open.endpoint("server");
      await sleep(20);
      expect(kinds(open)).toEqual(["opened"]);
      const server = await dialledPeer(endpoint);
      server.end("data");
      expect(await received(await client.accepted)).toMatchObject({ bytes: 4, end: "fin" });
      expect(kinds(open)).toEqual(["opened", "admitted", "joined", "delivered"]);
      (await client.accepted).end();
      expect(await open.outcome()).toBe("complete");
    });

    test("a client that refuses resets the server", async () => {
      const open = openPinhole(plane, { client: { kind: "dial", to: await deafEndpoint() }, server: listenLeg() });
      const server = await dialledPeer(await open.endpoint("server"));
      expect((await received(server)).end).toBe("reset");
      expect(await open.outcome()).toBe("client-unreachable");
    });
  });

  describe("listen/listen", () => {
    test.each(["client", "server"] as const)("it is joined when both have come, the %s first", async (first) => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      const second = first === "client" ? "server" : "client";
      const early = await dialledPeer(await open.endpoint(first));
      early.end("hello");
      await open.event("admitted");
      expect(kinds(open)).toEqual(["opened", "admitted"]);
      const late = await dialledPeer(await open.endpoint(second));
      expect(await received(late)).toMatchObject({ bytes: 5, end: "fin" });
      late.end();
      expect(await open.outcome()).toBe("complete");
    });

    test("it expires when only one has come, and that one is reset", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg(), expiryMs: 50 });
      const client = await dialledPeer(await open.endpoint("client"));
      expect((await received(client)).end).toBe("reset");
      expect(await open.outcome()).toBe("expired");
    });
  });

  describe("dial/dial", () => {
    async function dialDial(request: { expiryMs?: number; stallMs?: number } = {}) {
      const [clientPeer, serverPeer] = [await listeningPeer(), await listeningPeer()];
      const client = { kind: "dial", to: clientPeer.endpoint } as const;
      const server = { kind: "dial", to: serverPeer.endpoint } as const;
      return { ...openPinhole(plane, { client, server, ...request }), clientPeer, serverPeer };
    }

    test("the server is dialled on start, the client on confirm", async () => {
      const open = await dialDial();
      expect(await open.event("opened")).toEqual({ kind: "opened", plane: plane.name });
      open.pinhole.start();
      const server = await open.serverPeer.accepted;
      await sleep(20);
      expect(kinds(open)).toEqual(["opened"]);
      open.pinhole.confirm();
      const client = await open.clientPeer.accepted;
      client.end("up");
      expect(await received(server)).toMatchObject({ bytes: 2, end: "fin" });
      server.end();
      expect(await open.outcome()).toBe("complete");
    });

    test("start and confirm count whenever they are said", async () => {
      const open = await dialDial();
      open.pinhole.confirm();
      open.pinhole.start();
      open.pinhole.start();
      open.pinhole.confirm();
      const [client, server] = await Promise.all([open.clientPeer.accepted, open.serverPeer.accepted]);
      server.end();
      client.end();
      expect(await open.outcome()).toBe("complete");
    });

    test.each(["", "early data"])("the server's end after %j stands for confirm", async (data) => {
      const open = await dialDial();
      open.pinhole.start();
      const server = await open.serverPeer.accepted;
      server.end(data);
      const client = await open.clientPeer.accepted;
      expect(await received(client)).toMatchObject({ bytes: data.length, end: "fin" });
      client.end();
      expect(await open.event("closed")).toMatchObject({ outcome: "complete", bytesDown: data.length });
    });

    test("a server that resets before confirm leaves the client alone", async () => {
      const open = await dialDial();
      open.pinhole.start();
      (await open.serverPeer.accepted).resetAndDestroy();
      expect(await open.outcome()).toBe("server-reset");
      expect(kinds(open)).toEqual(["opened", "closed"]);
      open.clientPeer.close();
    });

    test("never started, it expires", async () => {
      const open = await dialDial({ expiryMs: 30 });
      expect(await open.outcome()).toBe("expired");
      open.clientPeer.close();
      open.serverPeer.close();
    });

    test("never confirmed, it stalls", async () => {
      const open = await dialDial({ stallMs: 40 });
      open.pinhole.start();
      expect((await received(await open.serverPeer.accepted)).end).toBe("reset");
      expect(await open.outcome()).toBe("stalled");
      open.clientPeer.close();
    });
  });

  describe("release", () => {
    test("before it is opened: opened and closed are still reported, in that order", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      open.pinhole.release();
      open.pinhole.release();
      expect(await open.outcome()).toBe("released");
      expect(kinds(open)).toEqual(["opened", "closed"]);
      await expect(dialledPeer(await open.endpoint("client"))).rejects.toThrow("ECONNREFUSED");
    });

    test("while one side has come: it is reset", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      const client = await dialledPeer(await open.endpoint("client"));
      await open.event("admitted");
      open.pinhole.release();
      expect((await received(client)).end).toBe("reset");
      expect(await open.outcome()).toBe("released");
    });

    test("while the server is dialled: the client is reset", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: await deafEndpoint() } });
      const client = await dialledPeer(await open.endpoint("client"));
      await open.event("admitted");
      open.pinhole.release();
      expect((await received(client)).end).toBe("reset");
      expect(await open.outcome()).toBe("released");
    });

    test("while it carries data: both sides are reset", async () => {
      const { pinhole, client, server, outcome } = await passiveTransfer(plane);
      server.write("part");
      await new Promise((resolve) => client.once("readable", resolve));
      pinhole.release();
      expect((await received(client)).end).toBe("reset");
      expect((await received(server)).end).toBe("reset");
      expect(await outcome()).toBe("aborted");
    });

    test("in the owner's answer to joined: both sides are reset, nothing is carried", async () => {
      const server = await listeningPeer();
      const events: string[] = [];
      const open = openPinhole(plane, { client: listenLeg(), server: { kind: "dial", to: server.endpoint } });
      const releasing = open.event("joined").then(() => open.pinhole.release());
      const client = await dialledPeer(await open.endpoint("client"));
      await releasing;
      expect((await received(client)).end).toBe("reset");
      expect((await received(await server.accepted)).end).toBe("reset");
      events.push(await open.outcome());
      expect(events).toEqual(["aborted"]);
    });

    test("after the end: nothing more is reported", async () => {
      const { client, server, outcome, pinhole, events } = await activeTransfer(plane);
      server.end();
      client.end();
      await outcome();
      const count = events.length;
      pinhole.release();
      pinhole.linger(1);
      pinhole.start();
      pinhole.confirm();
      await sleep(20);
      expect(events.length).toBe(count);
    });
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

  describe("dismissal of a refused transfer (D4.71)", () => {
    test("before anybody has come: nobody gets in", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      const endpoint = await open.endpoint("client");
      open.pinhole.dismiss();
      expect(await open.outcome()).toBe("released");
      await expect(dialledPeer(endpoint)).rejects.toThrow("ECONNREFUSED");
    });

    test("while one side has come: its connection ends in order", async () => {
      const open = openPinhole(plane, { client: listenLeg(), server: listenLeg() });
      const client = await dialledPeer(await open.endpoint("client"));
      await open.event("admitted");
      open.pinhole.dismiss();
      expect((await received(client)).end).toBe("fin");
      expect(await open.outcome()).toBe("released");
    });

    test("with both sides there and nothing carried: both end in order", async () => {
      const { pinhole, client, server, event, outcome } = await passiveTransfer(plane);
      await event("joined");
      const peers = Promise.all([received(client), received(server)]);
      pinhole.dismiss();
      expect((await peers).map(({ end }) => end)).toEqual(["fin", "fin"]);
      expect(await outcome()).toBe("aborted");
    });

    test.each(["client", "server"] as const)("after a byte of the %s's: the other side is reset", async (from) => {
      const { pinhole, client, server, outcome } = await passiveTransfer(plane);
      const [sender, receiver] = from === "client" ? [client, server] : [server, client];
      sender.write("part");
      await new Promise((resolve) => receiver.once("readable", resolve));
      pinhole.dismiss();
      expect((await received(receiver)).end).toBe("reset");
      expect(await outcome()).toBe("aborted");
    });
  });

  test("no descriptor stays open after transfers of every kind of end", async () => {
    const countDescriptors = async () => (await readdir("/proc/self/fd")).length;
    async function everyEnd() {
      const complete = await passiveTransfer(plane);
      complete.server.end("x");
      complete.client.end();
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
    await everyEnd();
    await sleep(20);
    const before = await countDescriptors();
    for (let round = 0; round < 20; round++) await everyEnd();
    await sleep(20);
    expect(await countDescriptors()).toBeLessThanOrEqual(before);
  });
});
