// The conformance suite's harness for a plane of this process, whose peers are sockets on loopback.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { DataPlane, Leg, PinholeEvent, PinholeRequest } from "../../../src/dataplane/pinhole.ts";
import { createPortTable, type PortPool } from "../../../src/dataplane/port-pool.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { isPattern, patternAt } from "../pattern.ts";
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
} from "./harness.ts";

const address = "127.0.0.1";
const strangersAddress = "127.0.0.2";
/** Of nobody (RFC 5737). */
const foreignAddress = "192.0.2.77";

/** Of a plane that ends data connections in this process. */
export const userSpaceTraits = {
  modes: ["passive", "active", "bothListen", "bothDial"],
  tellsOfStrangers: true,
  holdsServerBytes: true,
  dismissesByFin: true,
  countsPayload: true,
  deliversUnasked: true,
} as const satisfies Omit<Traits, "plane">;

/** Ports that other programs may use too. */
const range = { first: 20_000, last: 31_999 };

export async function loopbackHarness(plane: DataPlane, clock = realClock): Promise<Harness> {
  const ports = createPortTable({ restMs: 1000 }).pool(range.first, range.last);
  const noPort = createPortTable({ restMs: 0 }).pool(range.first, range.first);
  noPort.take();
  const peers: Socket[] = [];
  const keep = (socket: Socket): Peer => {
    peers.push(socket);
    return peerOf(socket);
  };
  const request = (wish: Wish) => requestOf(wish, wish.hasNoPort ? noPort : ports);
  return {
    clock,
    open: async (wish, ...words) => openOwner(plane, request(wish), words),
    unfit: async (wish) => plane.unfit(request(wish)),
    dial: async (_side, endpoint, { isStranger = false } = {}) =>
      keep(
        connect({
          host: endpoint.address,
          port: endpoint.port,
          localAddress: isStranger ? strangersAddress : address,
          allowHalfOpen: true,
        }),
      ),
    listen: async () => await listenAt(address, keep),
    openPorts: async () => ports.counts().open,
    stop: () => plane.stop(),
    async close() {
      for (const socket of peers) socket.destroy();
      await plane.stop();
    },
  };
}

function requestOf({ client, server, isElsewhere, port, ...times }: Wish, ports: PortPool): PinholeRequest {
  const bind = isElsewhere ? foreignAddress : address;
  const leg = (wish: LegWish): Leg =>
    wish === "listen"
      ? { kind: "listen", bind, ports, ...(port === undefined ? {} : { port }), expect: { match: "address", address } }
      : { kind: "dial", to: wish };
  const { expiryMs = 20_000, connectMs = 5000, stallMs = 20_000 } = times;
  return { client: leg(client), server: leg(server), expiryMs, connectMs, stallMs };
}

function openOwner(plane: DataPlane, request: PinholeRequest, atOnce: readonly Word[]): Owner {
  const events: PinholeEvent[] = [];
  const watchers = new Set<() => void>();
  let isCalling = true;
  let duringCalls = 0;
  const pinhole = plane.open(request, (event) => {
    if (isCalling) duringCalls++;
    events.push(event);
    for (const look of [...watchers]) look();
  });
  const say = (words: readonly Word[]) => {
    isCalling = true;
    for (const word of words) {
      if (typeof word === "string") pinhole[word]();
      else pinhole.linger(word.linger);
    }
    isCalling = false;
  };
  say(atOnce);
  return {
    events,
    event: (kind) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.find(
            (event): event is Extract<PinholeEvent, { kind: typeof kind }> => event.kind === kind,
          );
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    say: async (...words) => say(words),
    eventsDuringCalls: async () => duringCalls,
    async counts() {
      plane.refreshCounts();
      return pinhole.counts();
    },
  };
}

async function listenAt(host: string, keep: (socket: Socket) => Peer): Promise<ListeningPeer> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Peer>((resolve) => server.once("connection", (socket) => resolve(keep(socket))));
  server.listen({ host, port: 0 });
  await once(server, "listening");
  const endpoint: Endpoint = { address: host, port: (server.address() as AddressInfo).port };
  return { endpoint, accepted, close: async () => void server.close() };
}

function peerOf(socket: Socket): Peer {
  let isConnected = !socket.connecting;
  let bytes = 0;
  let sent = 0;
  let isIntact = true;
  const connected = new Promise<boolean>((resolve) => {
    if (isConnected) return resolve(true);
    socket.once("connect", () => {
      isConnected = true;
      resolve(true);
    });
    socket.once("close", () => resolve(false));
  });
  const ended = new Promise<PeerEnd>((resolve) => {
    const end = (how: PeerEnd["end"]) => resolve({ end: isConnected ? how : "refused", bytes, isIntact });
    socket.once("end", () => end("fin"));
    socket.on("error", () => end("reset"));
    socket.once("close", () => end("reset"));
  });
  socket.on("data", (chunk: Buffer) => {
    isIntact &&= isPattern(bytes, chunk);
    bytes += chunk.length;
  });
  return {
    connected: () => connected,
    async send(count) {
      for (const end = sent + count; sent < end && !socket.destroyed;) {
        const chunk = patternAt(sent, end - sent);
        sent += chunk.length;
        await new Promise((resolve) => socket.write(chunk, resolve));
      }
    },
    fin: async () => void socket.end(),
    reset: async () => void socket.resetAndDestroy(),
    pause: async () => void socket.pause(),
    resume: async () => void socket.resume(),
    received: async () => bytes,
    ended: () => ended,
  };
}
