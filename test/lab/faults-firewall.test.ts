// Faults of the firewall around the kernel plane: a chain that is loaded later and drops, and drops.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { type Edge, createKernelLab, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";
import { program } from "./programs.ts";
import { addresses } from "./topology.ts";

const obstacle = await obstacleTo("nft", "conntrack");
let lab: KernelLab;
let nextId = 1;

async function join(edge: Edge, changed = {}) {
  const id = nextId++;
  const { port } = await lab.server.ask({ do: "listen", id, address: addresses.server.IPv4 });
  await edge.ask({ do: "open", id, request: passiveRequest("IPv4", Number(port), changed) });
  const { client: endpoint } = await edge.event(id, "opened");
  await lab.client.ask({ do: "dial", id, ...endpoint! });
  await lab.client.event(id, "connected");
  await lab.server.event(id, "connected");
  await edge.event(id, "joined");
  return id;
}

async function complete(edge: Edge, id: number) {
  await lab.server.ask({ do: "send", id, bytes: 1000 });
  await lab.server.ask({ do: "fin", id });
  await lab.client.ask({ do: "fin", id });
  expect((await edge.event(id, "closed")).outcome).toBe("complete");
}

const noteText = (note: unknown) => (typeof note === "string" ? note : "");
const notes = (edge: Edge) => edge.told.map(({ note }) => noteText(note));
const unfit = async (edge: Edge) => (await edge.ask({ do: "unfit", request: passiveRequest("IPv4", 9) }))["unfit"];
const load = (...rule: string[]) => lab.edgeOutput("nft", ...rule);
const dropping = ["add chain inet late forward { type filter hook forward priority 0; policy drop; }"];
const accepting = "ct mark & 0xff000000 == 0x46000000 accept";

describe("a firewall that changes while the kernel plane runs", { timeout: 30_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab();
  }, 60_000);
  afterEach(async () => {
    await lab?.clearEdge();
    await lab?.lab.run("edge", ["nft", "delete", "table", "inet", "late"]);
  });
  afterAll(() => lab?.remove(), 30_000);

  test("a chain with policy drop that is loaded later is told within 3 s, with the rule that it needs", async () => {
    const edge = await lab.startEdge();
    await complete(edge, await join(edge));
    expect(notes(edge).filter((note) => note.includes("drops"))).toEqual([]);
    const began = performance.now();
    await load("add table inet late");
    await load(...dropping);
    await edge.line(({ note }) => noteText(note).includes("chain forward of table inet late drops"), "the warning");
    expect(performance.now() - began).toBeLessThan(3000);
    expect(notes(edge)).toContain(
      "chain forward of table inet late drops what is forwarded, the kernel plane's transfers too unless a rule " +
        `accepts them: nft insert rule inet late forward ${accepting}`,
    );
    await load("insert rule inet late forward", accepting);
    await edge.line(({ note }) => noteText(note).startsWith("no chain drops"), "the end of it");
    await complete(edge, await join(edge));
  });

  test("a chain that comes behind changes of sets in one transaction is told too", async () => {
    const edge = await lab.startEdge();
    await load("add table inet late");
    await sleep(1500);
    const steps = [
      "add set inet late hosts { type ipv4_addr; }",
      "add element inet late hosts { 192.0.2.7, 192.0.2.8 }",
      "add chain inet late forward { type filter hook forward priority 0; policy drop; }",
    ];
    await load(steps.join("; "));
    await edge.line(({ note }) => noteText(note).includes("chain forward of table inet late drops"), "the warning");
  });

  test("a plane that yields to such a chain stands back while it is there, and carries again when it is gone", async () => {
    const edge = await lab.startEdge({ yieldsToDropPolicy: true });
    await load("add table inet late");
    await load(...dropping);
    await expect.poll(() => unfit(edge), { timeout: 5000 }).toMatch(/^chain forward of table inet late drops /);
    await load("delete table inet late");
    await expect.poll(() => unfit(edge), { timeout: 5000 }).toBeNull();
    await complete(edge, await join(edge));
  });

  test("a table of connections that is emptied (conntrack -F) ends the transfer that runs within its time, and the next is whole", async () => {
    const edge = await lab.startEdge();
    const id = await join(edge, { stallMs: 3000 });
    await lab.server.ask({ do: "send", id, bytes: 100_000 });
    const { path: conntrack, env } = await program("conntrack");
    expect((await lab.lab.run("edge", [conntrack, "-F"], { env })).status).toBe(0);
    void lab.server.ask({ do: "send", id, bytes: 100_000 });
    const { outcome } = await edge.event(id, "closed");
    expect(["aborted", "stalled", "client-reset", "server-reset"]).toContain(outcome);
    await complete(edge, await join(edge));
    const { open } = (await edge.ask({ do: "counts" }))["counts"] as { open: number };
    expect(open).toBe(0);
  });

  test("peers that fall silent in the middle of a transfer end it when it has stalled for its time, and it holds no port", async () => {
    const edge = await lab.startEdge();
    const id = await join(edge, { stallMs: 2000 });
    await lab.server.ask({ do: "send", id, bytes: 100_000 });
    await load("add table inet late");
    await load("add chain inet late silence { type filter hook prerouting priority -300; policy drop; }");
    const began = performance.now();
    expect((await edge.event(id, "closed")).outcome).toBe("stalled");
    expect(performance.now() - began).toBeLessThan(10_000);
    const { open } = (await edge.ask({ do: "counts" }))["counts"] as { open: number };
    expect(open).toBe(0);
  });

  test("with one packet of twenty lost on the way, transfers are whole and complete", async () => {
    const edge = await lab.startEdge();
    await load("add table inet late");
    await load("add chain inet late loss { type filter hook prerouting priority -300; }");
    await load('add rule inet late loss iifname { "lan", "wan" } ip protocol tcp numgen random mod 20 == 0 drop');
    const id = await join(edge);
    await lab.server.ask({ do: "send", id, bytes: 1_000_000 });
    await lab.server.ask({ do: "fin", id });
    expect(await lab.client.event(id, "ended")).toMatchObject({ ended: "fin", received: 1_000_000, isIntact: true });
    await lab.client.ask({ do: "fin", id });
    expect((await edge.event(id, "closed")).outcome).toBe("complete");
  });
});
