// TLS self-test: how this version of Node lets the end of TLS be told from the end of TCP, tried on loopback with a key that both ends share.
// `handle` costs nothing (`watchTlsEnd`); where it does not hold, `order` is slower (`createHeldFeed`). Where neither does, legs under TLS
// that end with TCP alone count as complete: what is cut can't be told from what is not.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, createSecureContext, TLSSocket } from "node:tls";
import { createHeldFeed } from "../sockets/held-feed.ts";
import { releaseControl, type TlsEnd, watchTlsEnd } from "../sockets/tls-handle.ts";

export const truncationWays = ["handle", "order"] as const;
export type TruncationWay = (typeof truncationWays)[number];

let known: Promise<TruncationWay | undefined> | undefined;

/** The cheapest that holds. Tried once in the life of the process; takes some milliseconds. Never rejects. */
export function truncationWay(): Promise<TruncationWay | undefined> {
  known ??= cheapest();
  return known;
}

async function cheapest(): Promise<TruncationWay | undefined> {
  for (const way of truncationWays) if (await holds(way)) return way;
  return undefined;
}

/** Whether it tells one from the other here. Never rejects. */
export function holds(way: TruncationWay): Promise<boolean> {
  return Promise.all([endOf(way, "close-notify"), endOf(way, "cut")]).then(
    ([closed, cut]) => closed === "close-notify" && cut === "cut",
    () => false,
  );
}

const psk = Buffer.alloc(16, 1);
const shared = { ciphers: "PSK-AES128-GCM-SHA256", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
const limitMs = 2000;

function openServer(way: TruncationWay, accepted: Socket) {
  const open = (beneath: Socket | Duplex): TLSSocket => {
    const options = { isServer: true, secureContext: createSecureContext(shared), pskCallback: () => psk };
    return releaseControl(new TLSSocket(beneath, options));
  };
  if (way === "handle") {
    const server = open(accepted);
    return { server, end: watchTlsEnd(server) };
  }
  const feed = createHeldFeed(accepted);
  const server = open(feed.stream);
  return { server, end: feed.watch(server) };
}

async function endOf(way: TruncationWay, wanted: TlsEnd): Promise<TlsEnd | undefined> {
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const raw = connect({ port: (listener.address() as AddressInfo).port, host: "127.0.0.1", timeout: limitMs });
  try {
    const [accepted] = (await once(listener, "connection")) as [Socket];
    const { server, end } = openServer(way, accepted);
    server.on("error", () => {});
    const trusting = { checkServerIdentity: () => undefined };
    const client = connectTls({
      socket: raw,
      ...shared,
      ...trusting,
      pskCallback: () => ({ psk, identity: "self-test" }),
    });
    client.on("error", () => {});
    raw.on("timeout", () => raw.destroy());
    await once(client, "secureConnect");
    client.write("x", () => (wanted === "cut" ? raw.destroy() : client.end()));
    await once(server.resume(), "end");
    server.destroy();
    return end();
  } finally {
    raw.destroy();
    listener.close();
  }
}
