// Faults of the firewall around the kernel plane: a chain that is loaded later and drops, and drops.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { type Edge, createKernelLab, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";
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

  test("a plane that yields to such a chain stands back while it is there, and carries again when it is gone", async () => {
    const edge = await lab.startEdge({ yieldsToDropPolicy: true });
    await load("add table inet late");
    await load(...dropping);
    await expect.poll(() => unfit(edge), { timeout: 5000 }).toMatch(/^chain forward of table inet late drops /);
    await load("delete table inet late");
    await expect.poll(() => unfit(edge), { timeout: 5000 }).toBeNull();
    await complete(edge, await join(edge));
  });
});
