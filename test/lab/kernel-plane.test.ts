// The kernel plane in the kernel: three network namespaces, a plane in the middle one, and what its peers see.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { addresses, moreServerAddresses, type Family } from "./topology.ts";
import { activeRequest, createKernelLab, type Edge, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";

const obstacle = await obstacleTo("nft", "conntrack");
const families: readonly Family[] = ["IPv4", "IPv6"];

let nextId = 1;
describe("the kernel plane", { timeout: 30_000 }, () => {
  let lab: KernelLab;
  let edge: Edge;

  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab();
    edge = await lab.startEdge();
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  /** Both peers connected through a new pinhole. */
  async function passive(family: Family, changed = {}) {
    const id = nextId++;
    const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server[family] });
    await edge.ask({ do: "open", id, request: passiveRequest(family, Number(port), changed) });
    const { client: endpoint } = await edge.event(id, "opened");
    if (!endpoint) throw new Error("nothing to dial");
    await lab.client.ask({ do: "dial", id, ...endpoint });
    await lab.client.event(id, "connected");
    const { connected } = await lab.server.event(id, "connected");
    await edge.event(id, "joined");
    return { id, endpoint, seenByServer: connected, dialler: lab.client, listener: lab.server };
  }

  async function active(family: Family, fromPort = 20, changed = {}) {
    const id = nextId++;
    const { port } = await lab.client.ask({ do: "listen", id, address: addresses.client[family] });
    await edge.ask({ do: "open", id, request: activeRequest(family, Number(port), changed) });
    const { server: endpoint } = await edge.event(id, "opened");
    if (!endpoint) throw new Error("nothing to dial");
    await lab.server.ask({ do: "dial", id, ...endpoint, from: addresses.server[family], fromPort });
    await lab.server.event(id, "connected");
    const { connected } = await lab.client.event(id, "connected");
    await edge.event(id, "joined");
    return { id, endpoint, seenByClient: connected };
  }

  describe.each(families)("over %s", (family) => {
    test("a passive download arrives whole, each peer sees the edge's address of its side, and bytes are counted", async () => {
      const { id, seenByServer } = await passive(family);
      expect(seenByServer.address).toBe(addresses.edgeToServer[family]);
      await lab.server.ask({ do: "send", id, bytes: 3_000_000 });
      await lab.server.ask({ do: "fin", id });
      expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 3_000_000 });
      await edge.ask({ do: "linger", id, ms: 5000 });
      await edge.event(id, "delivered");
      await lab.client.ask({ do: "fin", id });
      const { outcome, bytesUp, bytesDown } = await edge.event(id, "closed");
      expect(outcome).toBe("complete");
      expect(bytesDown).toBeGreaterThanOrEqual(3_000_000);
      expect(bytesDown).toBeLessThan(3_300_000);
      expect(bytesUp).toBeLessThan(1_000_000);
      expect(edge.kinds(id)).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);
    });

    test("bytes are counted while a transfer runs, and the end reports no less", async () => {
      const { id } = await passive(family);
      const carried = async () =>
        (await edge.ask({ do: "carried", id }))["carried"] as { bytesUp: number; bytesDown: number };
      expect((await carried()).bytesDown).toBeLessThan(1000);
      await lab.server.ask({ do: "send", id, bytes: 1_000_000 });
      await expect.poll(async () => (await carried()).bytesDown).toBeGreaterThanOrEqual(1_000_000);
      const halfway = await carried();
      await lab.server.ask({ do: "send", id, bytes: 1_000_000 });
      await lab.server.ask({ do: "fin", id });
      await lab.client.ask({ do: "fin", id });
      const { outcome, bytesUp, bytesDown } = await edge.event(id, "closed");
      expect(outcome).toBe("complete");
      expect(bytesUp).toBeGreaterThanOrEqual(halfway.bytesUp);
      expect(bytesDown).toBeGreaterThanOrEqual(halfway.bytesDown + 1_000_000);
    });

    test("a passive upload counts upwards, and the client's FIN is half an end", async () => {
      const { id } = await passive(family);
      await lab.client.ask({ do: "send", id, bytes: 2_000_000 });
      await lab.client.ask({ do: "fin", id });
      expect(await lab.server.event(id, "ended")).toMatchObject({ ended: "fin", received: 2_000_000 });
      expect(edge.kinds(id)).not.toContain("delivered");
      await lab.server.ask({ do: "send", id, bytes: 1000 });
      await lab.server.ask({ do: "fin", id });
      expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 1000 });
      const { outcome, bytesUp } = await edge.event(id, "closed");
      expect(outcome).toBe("complete");
      expect(bytesUp).toBeGreaterThanOrEqual(2_000_000);
      expect(edge.kinds(id)).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);
    });

    test("in active mode the client sees the edge's address and the server's port 20", async () => {
      const { id, seenByClient } = await active(family);
      expect(seenByClient).toEqual({ address: addresses.edgeToClient[family], port: 20 });
      await lab.server.ask({ do: "send", id, bytes: 500_000 });
      await lab.server.ask({ do: "fin", id });
      expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 500_000 });
      await lab.client.ask({ do: "fin", id });
      const { outcome, bytesDown } = await edge.event(id, "closed");
      expect(outcome).toBe("complete");
      expect(bytesDown).toBeGreaterThanOrEqual(500_000);
      expect(edge.kinds(id)).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);
    });

    test("a server that does not come from port 20 is let in and told of", async () => {
      const { id } = await active(family, 40_123);
      expect(await edge.event(id, "other-source-port")).toMatchObject({ side: "client", wanted: 20 });
      await lab.server.ask({ do: "reset", id });
      expect((await edge.event(id, "closed")).outcome).toBe("server-reset");
    });

    test("an RST of either peer reaches the other, and it is known whose it was", async () => {
      const first = await passive(family);
      await lab.server.ask({ do: "send", id: first.id, bytes: 100_000 });
      await lab.server.ask({ do: "reset", id: first.id });
      expect((await lab.client.event(first.id, "ended")).ended).toBe("reset");
      expect((await edge.event(first.id, "closed")).outcome).toBe("server-reset");

      const second = await passive(family);
      await lab.client.ask({ do: "reset", id: second.id });
      expect((await lab.server.event(second.id, "ended")).ended).toBe("reset");
      expect((await edge.event(second.id, "closed")).outcome).toBe("client-reset");

      const third = await active(family);
      await lab.client.ask({ do: "reset", id: third.id });
      expect((await lab.server.event(third.id, "ended")).ended).toBe("reset");
      expect((await edge.event(third.id, "closed")).outcome).toBe("client-reset");
    });

    test("a server that resets at once behind its FIN has delivered, and one that resets instead of it has not", async () => {
      const first = await passive(family);
      await lab.server.ask({ do: "send", id: first.id, bytes: 1000 });
      await lab.server.ask({ do: "fin", id: first.id });
      await lab.server.ask({ do: "reset", id: first.id });
      expect((await edge.event(first.id, "closed")).outcome).toBe("server-reset");
      expect(edge.kinds(first.id)).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);

      const second = await passive(family);
      await lab.server.ask({ do: "send", id: second.id, bytes: 1000 });
      await lab.server.ask({ do: "reset", id: second.id });
      expect((await edge.event(second.id, "closed")).outcome).toBe("server-reset");
      expect(edge.kinds(second.id)).toEqual(["opened", "admitted", "joined", "closed"]);
    });

    test("a server that resets once the client has acknowledged its FIN has delivered, asked or not", async () => {
      const { id } = await passive(family);
      await lab.server.ask({ do: "send", id, bytes: 100_000 });
      await lab.server.ask({ do: "fin", id });
      expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 100_000 });
      // An acknowledgement may be delayed.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await lab.server.ask({ do: "reset", id });
      expect((await edge.event(id, "closed")).outcome).toBe("server-reset");
      expect(edge.kinds(id)).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);
    });

    test("a transfer that is aborted while nothing moves is an RST to both peers", async () => {
      const { id } = await passive(family);
      await edge.ask({ do: "release", id });
      expect((await edge.event(id, "closed")).outcome).toBe("aborted");
      expect((await lab.client.event(id, "ended")).ended).toBe("reset");
      expect((await lab.server.event(id, "ended")).ended).toBe("reset");
    });

    test("a transfer that is aborted in the middle of its data is an RST to both peers", async () => {
      const { id } = await passive(family);
      await lab.server.ask({ do: "flood", id, bytes: 2_000_000_000 });
      await edge.ask({ do: "release", id });
      const { outcome } = await edge.event(id, "closed");
      expect(outcome).toBe("aborted");
      expect((await lab.client.event(id, "ended")).ended).toBe("reset");
      expect((await lab.server.event(id, "ended")).ended).toBe("reset");
    });

    test("of 100 transfers that are aborted while their data floods, each is an RST to both peers", async () => {
      for (let transfer = 0; transfer < 100; transfer++) {
        const { id } = await passive(family);
        await lab.server.ask({ do: "flood", id, bytes: 2_000_000_000 });
        await edge.ask({ do: "release", id });
        const ends = await Promise.all([lab.client.event(id, "ended"), lab.server.event(id, "ended")]);
        expect(ends.map(({ ended }) => ended)).toEqual(["reset", "reset"]);
      }
    });

    test("nobody but the expected peer gets in, and the pinhole stays open for it", async () => {
      const id = nextId++;
      const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server[family] });
      await edge.ask({ do: "open", id, request: passiveRequest(family, Number(port)) });
      const { client: endpoint } = await edge.event(id, "opened");
      const stranger = nextId++;
      const from = moreServerAddresses[family === "IPv4" ? 0 : 1]!;
      await lab.server.ask({ do: "dial", id: stranger, ...endpoint!, from });
      expect(await lab.server.event(stranger, "failed")).toMatchObject({ failed: "ECONNREFUSED" });
      await lab.client.ask({ do: "dial", id, ...endpoint! });
      await lab.client.event(id, "connected");
      await edge.event(id, "joined");
      await edge.ask({ do: "release", id });
      expect((await edge.event(id, "closed")).outcome).toBe("aborted");
    });
  });

  test("of 32 connections raced to one pinhole exactly one gets in", async () => {
    const id = nextId++;
    const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port)) });
    const { client: endpoint } = await edge.event(id, "opened");
    const racers = Array.from({ length: 32 }, () => nextId++);
    await Promise.all(racers.map((racer) => lab.client.ask({ do: "dial", id: racer, ...endpoint! })));
    const ends = await Promise.all(
      racers.map((racer) =>
        Promise.race([
          lab.client.event(racer, "connected").then(() => "in"),
          lab.client.event(racer, "failed").then(({ failed }) => failed),
        ]),
      ),
    );
    expect(ends.toSorted()).toEqual([...Array.from({ length: 31 }, () => "ECONNREFUSED"), "in"]);
    await edge.ask({ do: "release", id });
    await edge.event(id, "closed");
  });

  test("a pinhole that nobody uses expires, in the kernel too, and its port rests", async () => {
    const before = (await edge.ask({ do: "counts" }))["counts"] as { open: number; resting: number };
    const id = nextId++;
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9, { expiryMs: 300 }) });
    const { client: endpoint } = await edge.event(id, "opened");
    expect((await edge.event(id, "closed")).outcome).toBe("expired");
    const late = nextId++;
    await lab.client.ask({ do: "dial", id: late, ...endpoint! });
    expect((await lab.client.event(late, "failed")).failed).toBe("ECONNREFUSED");
    const after = (await edge.ask({ do: "counts" }))["counts"] as { open: number; resting: number };
    expect(after).toMatchObject({ open: before.open, resting: before.resting + 1 });
  });

  // A server may connect so late once it has said that it will, so that is the time of the element in the kernel.
  test("the kernel itself closes a pinhole whose gateway is busy, after the longer of expiryMs and stallMs", async () => {
    const id = nextId++;
    const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port), { expiryMs: 300, stallMs: 300 }) });
    const { client: endpoint } = await edge.event(id, "opened");
    const busy = edge.ask({ do: "block", ms: 1500 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const late = nextId++;
    await lab.client.ask({ do: "dial", id: late, ...endpoint! });
    expect((await lab.client.event(late, "failed")).failed).toBe("ECONNREFUSED");
    await busy;
    expect((await edge.event(id, "closed")).outcome).toBe("expired");
  });

  test("a pinhole released before its use is closed, and after the SYN both peers are refused", async () => {
    const id = nextId++;
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9) });
    const { client: endpoint } = await edge.event(id, "opened");
    await edge.ask({ do: "release", id });
    expect((await edge.event(id, "closed")).outcome).toBe("released");
    await lab.client.ask({ do: "dial", id, ...endpoint! });
    expect((await lab.client.event(id, "failed")).failed).toBe("ECONNREFUSED");
  });

  test("a late packet of an older connection does not use a pinhole up", async () => {
    const id = nextId++;
    const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port)) });
    const { client: endpoint } = await edge.event(id, "opened");
    // From a raw socket, the acknowledgement of a connection that nobody knows.
    const script = `
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
a, b = socket.inet_aton("${addresses.client.IPv4}"), socket.inet_aton("${addresses.edgeToClient.IPv4}")
t = struct.pack("!HHLLBBHHH", 4444, ${endpoint!.port}, 1, 1, 80, 16, 1000, 0, 0)
p = a + b + struct.pack("!BBH", 0, 6, len(t)) + t
c = sum(struct.unpack("!%dH" % (len(p) // 2), p))
c = (c >> 16) + (c & 65535)
c = ~(c + (c >> 16)) & 65535
s.sendto(t[:16] + struct.pack("!H", c) + t[18:], ("${addresses.edgeToClient.IPv4}", 0))
`;
    const { status } = await lab.lab.run("client", ["python3", "-c", script]);
    expect(status).toBe(0);
    await lab.client.ask({ do: "dial", id, ...endpoint! });
    await lab.client.event(id, "connected");
    await edge.event(id, "joined");
    await edge.ask({ do: "release", id });
    expect((await edge.event(id, "closed")).outcome).toBe("aborted");
  });

  test("a connection that came through just before its pinhole was released is broken", async () => {
    const id = nextId++;
    const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port)) });
    const { client: endpoint } = await edge.event(id, "opened");
    const busy = edge.ask({ do: "block", ms: 1000, release: id });
    // It is to be busy by then.
    await sleep(200);
    await lab.client.ask({ do: "dial", id, ...endpoint! });
    await lab.client.event(id, "connected");
    await busy;
    expect((await edge.event(id, "closed")).outcome).toBe("released");
    expect((await lab.client.event(id, "ended")).ended).toBe("reset");
    expect((await lab.server.event(id, "ended")).ended).toBe("reset");
  });

  test("a server that refuses is unreachable, and the client is refused too", async () => {
    const id = nextId++;
    await edge.ask({ do: "open", id, request: passiveRequest("IPv4", 9) });
    const { client: endpoint } = await edge.event(id, "opened");
    await lab.client.ask({ do: "dial", id, ...endpoint! });
    expect((await lab.client.event(id, "failed")).failed).toBe("ECONNREFUSED");
    expect((await edge.event(id, "closed")).outcome).toBe("server-unreachable");
  });

  test("a client that refuses is unreachable, and the server is refused too", async () => {
    const id = nextId++;
    await edge.ask({ do: "open", id, request: activeRequest("IPv4", 9) });
    const { server: endpoint } = await edge.event(id, "opened");
    await lab.server.ask({ do: "dial", id, ...endpoint!, from: addresses.server.IPv4 });
    expect((await lab.server.event(id, "failed")).failed).toBe("ECONNREFUSED");
    expect(await edge.event(id, "closed")).toMatchObject({
      outcome: "client-unreachable",
      detail: "connection refused",
    });
  });

  test("a server that does not answer is unreachable after the time to connect", async () => {
    await lab.edgeOutput(
      "ip",
      "neigh",
      "replace",
      "10.0.0.99",
      "lladdr",
      "02:00:00:00:00:99",
      "dev",
      "wan",
      "nud",
      "permanent",
    );
    const id = nextId++;
    const request = passiveRequest("IPv4", 9, { connectMs: 300 });
    const server = { ...request.server, to: { address: "10.0.0.99", port: 9 } };
    await edge.ask({ do: "open", id, request: { ...request, server } });
    const { client: endpoint } = await edge.event(id, "opened");
    await lab.client.ask({ do: "dial", id, ...endpoint! });
    expect((await edge.event(id, "closed")).outcome).toBe("server-unreachable");
    // Its next SYN is refused.
    expect((await lab.client.event(id, "failed")).failed).toBe("ECONNREFUSED");
  });

  test("a transfer that does not move for the stall time is broken on both sides", async () => {
    const { id } = await passive("IPv4", { stallMs: 400 });
    expect((await edge.event(id, "closed")).outcome).toBe("stalled");
    expect((await lab.client.event(id, "ended")).ended).toBe("reset");
    expect((await lab.server.event(id, "ended")).ended).toBe("reset");
  });

  test("released after the client has been given the server's FIN, it leaves the client what it has not read", async () => {
    const { id } = await passive("IPv4");
    await lab.client.ask({ do: "pause", id });
    await lab.server.ask({ do: "send", id, bytes: 30_000 });
    await lab.server.ask({ do: "fin", id });
    await edge.ask({ do: "linger", id, ms: 5000 });
    await edge.event(id, "delivered");
    await edge.ask({ do: "release", id });
    expect((await edge.event(id, "closed")).outcome).toBe("aborted");
    await new Promise((resolve) => setTimeout(resolve, 400));
    await lab.client.ask({ do: "resume", id });
    expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 30_000 });
  });

  test("once the owner lingers, a transfer that does not move stalls within that time", async () => {
    const { id } = await passive("IPv4");
    await edge.ask({ do: "linger", id, ms: 200 });
    expect((await edge.event(id, "closed")).outcome).toBe("stalled");
    expect((await lab.client.event(id, "ended")).ended).toBe("reset");
  });

  describe("what it can't carry it leaves to another plane", () => {
    const passiveIPv4 = passiveRequest("IPv4", 6000);
    const listening = passiveIPv4.client;
    const dialled = passiveIPv4.server;
    test.each([
      ["both sides listen", { client: listening, server: listening }],
      ["both sides are dialled", { client: dialled, server: dialled }],
      [
        "its peer may come from more than one address",
        { client: { ...listening, expect: { match: "any" } } as typeof listening },
      ],
      ["its two sides are of different address families", { server: passiveRequest("IPv6", 6000).server }],
      [
        "10.0.0.1 is this machine itself",
        { server: { ...dialled, to: { address: "10.0.0.1", port: 6000 } } as typeof dialled },
      ],
      [
        "127.0.0.1 is this machine itself",
        { server: { ...dialled, to: { address: "127.0.0.1", port: 6000 } } as typeof dialled },
      ],
      [
        "there is no route to 198.51.100.1",
        { server: { ...dialled, to: { address: "198.51.100.1", port: 6000 } } as typeof dialled },
      ],
    ])("%s", async (reason, changed) => {
      expect((await edge.ask({ do: "unfit", request: { ...passiveIPv4, ...changed } }))["unfit"]).toBe(reason);
    });

    test("what it can carry is fit in either direction", async () => {
      for (const family of families) {
        expect((await edge.ask({ do: "unfit", request: passiveRequest(family, 6000) }))["unfit"]).toBeNull();
        expect((await edge.ask({ do: "unfit", request: activeRequest(family, 6000) }))["unfit"]).toBeNull();
      }
    });
  });
});
