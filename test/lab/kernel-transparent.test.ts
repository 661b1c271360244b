// The kernel plane of a transparent gateway: towards one peer it stands at the other's address.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EdgeRequest } from "./kernel/edge-process.ts";
import { obstacleTo, requireNone } from "./availability.ts";
import { activeRequest, createKernelLab, type Edge, type KernelLab, passiveRequest } from "./kernel/kernel-lab.ts";
import { addresses, type Family } from "./topology.ts";

const obstacle = await obstacleTo("nft", "conntrack");
const families: readonly Family[] = ["IPv4", "IPv6"];

let nextId = 1;
describe.each(families)("over %s", { timeout: 30_000 }, (family) => {
  let lab: KernelLab;
  let edge: Edge;

  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createKernelLab();
    edge = await lab.startEdge();
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  const at = (request: EdgeRequest, towardsClient: string, towardsServer: string): EdgeRequest => ({
    ...request,
    client: { ...request.client, bind: towardsClient, isForeign: true },
    server: { ...request.server, bind: towardsServer, isForeign: towardsServer !== addresses.edgeToServer[family] },
  });

  /** Both peers connected. */
  async function connect(mode: "passive" | "active", towardsClient: string, towardsServer: string): Promise<number> {
    const id = nextId++;
    const isPassive = mode === "passive";
    const [listener, dialler] = isPassive ? [lab.server, lab.client] : [lab.client, lab.server];
    const [here, there] = isPassive ? (["server", "client"] as const) : (["client", "server"] as const);
    const { port } = await listener.ask({ do: "listen", id, address: addresses[here][family] });
    const plain = (isPassive ? passiveRequest : activeRequest)(family, Number(port));
    await edge.ask({ do: "open", id, request: at(plain, towardsClient, towardsServer) });
    const opened = await edge.event(id, "opened");
    await dialler.ask({ do: "dial", id, ...opened[there]!, from: addresses[there][family] });
    await dialler.event(id, "connected");
    await listener.event(id, "connected");
    await edge.event(id, "joined");
    return id;
  }

  const { edgeToServer, server, client } = addresses;
  test.each([
    ["passive", "the server's address towards the client", edgeToServer[family]],
    ["active", "the server's address towards the client", edgeToServer[family]],
    ["passive", "each peer's address towards the other", client[family]],
    ["active", "each peer's address towards the other", client[family]],
  ] as const)("a %s transfer that is aborted is an RST to both peers, at %s", async (mode, _, towardsServer) => {
    const id = await connect(mode, server[family], towardsServer);
    await edge.ask({ do: "release", id });
    expect((await edge.event(id, "closed")).outcome).toBe("aborted");
    const ends = await Promise.all([lab.client.event(id, "ended"), lab.server.event(id, "ended")]);
    expect(ends.map(({ ended }) => ended)).toEqual(["reset", "reset"]);
  });
});
