// The conformance suite's harness for the kernel plane: the plane in the edge's process, the peers in the client's and the server's
// network namespaces.
import type { PinholeEvent, Side } from "../../../src/dataplane/pinhole.ts";
import {
  type Harness,
  type LegWish,
  type ListeningPeer,
  type Owner,
  type Peer,
  type PeerEnd,
  realClock,
  type Traits,
  type Wish,
  type Word,
} from "../../dataplane/conformance/harness.ts";
import { addresses, type Family, moreServerAddresses } from "../topology.ts";
import type { EdgeRequest } from "./edge-process.ts";
import type { Edge, KernelLab, Peer as PeerProcess } from "./kernel-lab.ts";

export const kernelTraits: Traits = {
  plane: "kernel",
  modes: ["passive", "active"],
  tellsOfStrangers: false,
  holdsServerBytes: false,
  dismissesByFin: false,
  countsPayload: false,
  deliversUnasked: false,
};

/** Of nobody (RFC 5737, RFC 3849). */
const foreign = { IPv4: "192.0.2.77", IPv6: "2001:db8::77" };
const ourSide = { client: "edgeToClient", server: "edgeToServer" } as const;

let lastId = 1_000_000;

export async function kernelHarness(lab: KernelLab, family: Family): Promise<Harness> {
  const edge = await lab.startEdge();
  const request = (wish: Wish) => requestOf(wish, family);
  return {
    clock: realClock,
    open: (wish, ...words) => openOwner(edge, request(wish), wish.hasNoPort === true, words),
    async unfit(wish) {
      return ((await edge.ask({ do: "unfit", request: request(wish) }))["unfit"] as string | null) ?? undefined;
    },
    async dial(side, endpoint, { isStranger = false } = {}) {
      const id = ++lastId;
      const process = isStranger ? lab.server : lab[side];
      const from = isStranger ? moreServerAddresses[family === "IPv4" ? 0 : 1]! : addresses[side][family];
      await process.ask({ do: "dial", id, ...endpoint, from });
      return peerOf(process, id);
    },
    listen: (side) => listenAt(lab[side], addresses[side][family]),
    async openPorts() {
      return ((await edge.ask({ do: "counts" }))["counts"] as { open: number }).open;
    },
    async stop() {
      await edge.ask({ do: "stop plane" });
    },
    close: () => lab.clearEdge(),
  };
}

function requestOf(
  { client, server, isElsewhere = false, hasNoPort: _, port, ...times }: Wish,
  family: Family,
): EdgeRequest {
  const leg = (side: Side, wish: LegWish): EdgeRequest["client"] => {
    const own = addresses[ourSide[side]][family];
    if (wish !== "listen") return { kind: "dial", to: wish, bind: own };
    const bind = isElsewhere ? foreign[family] : own;
    const expect = { match: "address", address: addresses[side][family] } as const;
    return port === undefined ? { kind: "listen", bind, expect } : { kind: "listen", bind, port, expect };
  };
  const { expiryMs = 20_000, connectMs = 5000, stallMs = 20_000 } = times;
  return { client: leg("client", client), server: leg("server", server), expiryMs, connectMs, stallMs };
}

async function openOwner(edge: Edge, request: EdgeRequest, hasNoPort: boolean, words: readonly Word[]): Promise<Owner> {
  const id = ++lastId;
  await edge.ask({ do: "open", id, request, words, hasNoPort });
  const carried = async () => await edge.ask({ do: "carried", id });
  return {
    get events() {
      return edge.told.flatMap((line) => (line["id"] === id ? (line["event"] as PinholeEvent) : []));
    },
    event: (kind) => edge.event(id, kind),
    async say(...said) {
      await edge.ask({ do: "say", id, words: said });
    },
    eventsDuringCalls: async () => Number((await carried())["duringCalls"]),
    counts: async () => (await carried())["carried"] as Awaited<ReturnType<Owner["counts"]>>,
  };
}

async function listenAt(process: PeerProcess, address: string): Promise<ListeningPeer> {
  const id = ++lastId;
  const { port } = await process.ask({ do: "listen", id, address });
  return {
    endpoint: { address, port: Number(port) },
    accepted: process.once(id, "connected").then(() => peerOf(process, id)),
    async close() {
      await process.ask({ do: "unlisten", id });
    },
  };
}

function peerOf(process: PeerProcess, id: number): Peer {
  const failed = process.once(id, "failed").then(() => "failed" as const);
  const connected = process.once(id, "connected").then(() => "connected" as const);
  const refused: PeerEnd = { end: "refused", bytes: 0, isIntact: true };
  const tell = async (what: "fin" | "reset" | "pause" | "resume") => void (await process.ask({ do: what, id }));
  return {
    connected: async () => (await Promise.race([connected, failed])) === "connected",
    async send(bytes) {
      await process.ask({ do: "send", id, bytes });
    },
    fin: () => tell("fin"),
    reset: () => tell("reset"),
    pause: () => tell("pause"),
    resume: () => tell("resume"),
    received: async () => Number((await process.ask({ do: "received", id }))["received"]),
    async ended() {
      const ended = process
        .once(id, "ended")
        .then(({ ended: end, received: bytes, isIntact }): PeerEnd => ({ end, bytes, isIntact }));
      return await Promise.race([ended, failed.then(() => refused)]);
    },
  };
}
