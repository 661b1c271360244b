// FTP peers' data sockets on loopback, and the owner's end of a pinhole, for the tests of the data planes.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createSystemPool } from "../../src/dataplane/port-pool.ts";
import type {
  DataPlane,
  Leg,
  Pinhole,
  PinholeEvent,
  PinholeOutcome,
  PinholeRequest,
  Side,
} from "../../src/dataplane/pinhole.ts";
import type { Endpoint } from "../../src/net/endpoint.ts";

/** What a peer has received, and how it ended for it. */
export type Received = { bytes: number; sha1: string; end: "fin" | "reset" };

export const anyPort = createSystemPool();

export function listenLeg(address = "127.0.0.1"): Leg {
  return { kind: "listen", bind: address, ports: anyPort, expect: { match: "address", address } };
}

export type OpenPinhole = {
  pinhole: Pinhole;
  events: PinholeEvent[];
  /** The first event of that kind, when it has come. */
  event<K extends PinholeEvent["kind"]>(kind: K): Promise<Extract<PinholeEvent, { kind: K }>>;
  /** Where that side's peer connects. */
  endpoint(side: Side): Promise<Endpoint>;
  outcome(): Promise<PinholeOutcome>;
};

export function openPinhole(
  plane: DataPlane,
  request: Partial<PinholeRequest> & { client: Leg; server: Leg },
  { isConfirmed = true } = {},
): OpenPinhole {
  const events: PinholeEvent[] = [];
  const waiting = new Set<() => void>();
  const pinhole = plane.open({ expiryMs: 20_000, connectMs: 5000, stallMs: 20_000, ...request }, (reported) => {
    // Most tests are not about when the client is told.
    if (reported.kind === "joined" && isConfirmed) pinhole.confirm();
    events.push(reported);
    for (const look of [...waiting]) look();
  });
  async function event<K extends PinholeEvent["kind"]>(kind: K) {
    type Wanted = Extract<PinholeEvent, { kind: K }>;
    const find = () => events.find((candidate): candidate is Wanted => candidate.kind === kind);
    return await new Promise<Wanted>((resolve) => {
      const look = () => {
        const found = find();
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  }
  return {
    pinhole,
    events,
    event,
    async endpoint(side) {
      const endpoint = (await event("opened"))[side];
      if (!endpoint) throw new Error(`the ${side} side does not listen`);
      return endpoint;
    },
    outcome: async () => (await event("closed")).outcome,
  };
}

/** A listening peer: what it is dialled at, and the connection when it comes. */
export async function listeningPeer(address = "127.0.0.1", port = 0) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const accepted = new Promise<Socket>((resolve) => {
    server.on("connection", (socket: Socket) => {
      socket.on("error", () => {});
      server.close();
      resolve(socket);
    });
  });
  server.listen({ host: address, port });
  await once(server, "listening");
  const endpoint: Endpoint = { address, port: (server.address() as AddressInfo).port };
  return { endpoint, accepted, close: () => server.close() };
}

/** A connected peer that reads nothing until `received` or `resume`. */
export async function dialledPeer({ address, port }: Endpoint, localAddress?: string): Promise<Socket> {
  const socket = connect({
    host: address,
    port,
    allowHalfOpen: true,
    ...(localAddress !== undefined && { localAddress }),
  });
  socket.pause();
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

export function received(socket: Socket): Promise<Received> {
  const hash = createHash("sha1");
  let bytes = 0;
  return new Promise((resolve) => {
    const finish = (end: Received["end"]) => resolve({ bytes, sha1: hash.copy().digest("hex"), end });
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    socket.once("end", () => finish("fin"));
    socket.once("error", () => finish("reset"));
    if (socket.destroyed) finish(socket.readableEnded ? "fin" : "reset");
    socket.resume();
  });
}

/** A prime length, so that no chunk size divides it. */
const noise = Buffer.alloc(1_048_583);
let state = 1;
for (let index = 0; index < noise.length; index++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  noise[index] = state >>> 24;
}

/** Bytes that no shifted, doubled or lost chunk leaves the same. */
export function payload(bytes: number, seed = bytes): Buffer {
  const start = (seed * 7919) % noise.length;
  return Buffer.alloc(bytes, Buffer.concat([noise.subarray(start), noise.subarray(0, start)]));
}

export function sha1(data: Uint8Array): string {
  return createHash("sha1").update(data).digest("hex");
}

/** Both ends of a joined passive transfer: the client's connection admitted, the server's dialled. */
export async function passiveTransfer(plane: DataPlane, request: Partial<PinholeRequest> = {}, address = "127.0.0.1") {
  const peer = await listeningPeer(address);
  const open = openPinhole(plane, {
    client: listenLeg(address),
    server: { kind: "dial", to: peer.endpoint },
    ...request,
  });
  const client = await dialledPeer(await open.endpoint("client"));
  return { ...open, client, server: await peer.accepted };
}

/** Both ends of a joined active transfer: the server's connection admitted, the client's dialled. */
export async function activeTransfer(plane: DataPlane, request: Partial<PinholeRequest> = {}, address = "127.0.0.1") {
  const peer = await listeningPeer(address);
  const open = openPinhole(plane, {
    client: { kind: "dial", to: peer.endpoint },
    server: listenLeg(address),
    ...request,
  });
  const server = await dialledPeer(await open.endpoint("server"));
  return { ...open, server, client: await peer.accepted };
}
