// Servers of a gateway: which of them are dialled again and again is decided here.
import { expect, test } from "vitest";
import type { GatewayOptions } from "../../../src/gateway/options.ts";
import { createNameResolver } from "../../../src/gateway/servers/name-resolver.ts";
import { createServerMemory } from "../../../src/gateway/servers/server-memory.ts";
import { createServerPool } from "../../../src/gateway/servers/server-pool.ts";
import { createServers } from "../../../src/gateway/servers/servers.ts";
import { setDnsServer } from "./dns-server.ts";
import { freePort } from "../stage.ts";
import { gatewayOptions } from "../start-gateway.ts";
import { testedSockets } from "../../sockets/tested-sockets.ts";
import { passUntil } from "../../virtual-time.ts";

const { dial } = testedSockets;
const names = createNameResolver();
const memory = createServerMemory({ maxServers: 10, expiryMs: 1000, now: () => 0 });
const pool = createServerPool({ now: () => performance.now() });
const deps = {
  memory,
  names,
  dial,
  pool,
  counted() {},
  health: { checked() {}, login: undefined, tls: () => undefined },
  lastAddresses: new Map<string, readonly string[]>(),
};
const origin = {
  asClient: false,
  client: { peer: { address: "192.0.2.7", port: 1234 }, local: { address: "192.0.2.1", port: 21 } },
};

async function failsAfterMs(route: GatewayOptions["route"]): Promise<number> {
  const servers = createServers(gatewayOptions(0, { route, timeouts: { connectMs: 600 } }), deps);
  const candidates = [{ address: "127.0.0.1", port: await freePort() }];
  const startedAt = performance.now();
  const failing = new Promise<number>((resolve, reject) =>
    servers.dial(candidates, origin, {
      connected: () => reject(new Error("nobody listens there")),
      failed: () => resolve(performance.now() - startedAt),
    }),
  );
  return await passUntil(failing);
}

test("a configured server that refuses is tried again until the connect time is over: it may be restarting", async () => {
  expect(await failsAfterMs({ kind: "fixed", server: { host: "127.0.0.1", port: 21 } })).toBe(500);
});

test("a name becomes endpoints with the port that was asked for, and an unknown one is named with the reason", async () => {
  const { address } = await setDnsServer((name, type) => {
    if (name !== "ftp.example.com") return "no-such-name";
    return { addresses: type === "A" ? ["10.0.0.5", "10.0.0.6"] : [] };
  });
  const resolving = { ...deps, names: createNameResolver({ servers: [address], resolvConf: "/no/such/file" }) };
  const servers = createServers(gatewayOptions(0, {}), resolving);
  const client = { address: "192.0.2.7", port: 1234 };
  const resolve = (host: string) => new Promise((report) => void servers.resolve({ host, port: 2121 }, client, report));
  expect(await resolve("ftp.example.com")).toEqual({
    kind: "resolved",
    candidates: ["10.0.0.5", "10.0.0.6"].map((literal) => ({ address: literal, port: 2121 })),
  });
  expect(await resolve("no.example.com")).toEqual({ kind: "unresolved", detail: "no.example.com ENOTFOUND" });
});

test("a server that the client has named is given up at its first refusal", async () => {
  expect(await failsAfterMs({ kind: "login", allow: [] })).toBe(0);
});
