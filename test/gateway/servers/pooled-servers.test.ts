// Servers of a pool that have names: which are known when a session comes, and how long it waits for the others.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PoolRoute } from "../../../src/gateway/options.ts";
import { createNameResolver } from "../../../src/gateway/servers/name-resolver.ts";
import { createPooledServers } from "../../../src/gateway/servers/pooled-servers.ts";
import { createServerPool, type PoolState } from "../../../src/gateway/servers/server-pool.ts";
import { testedSockets } from "../../sockets/tested-sockets.ts";
import { setClient, setGateway, setServer } from "../stage.ts";
import { setDnsServer, type DnsReply } from "./dns-server.ts";

const client = { address: "192.0.2.7", port: 1234 };
const pooled = { host: "pool", port: 21 };
const ipv4 =
  (address: string) =>
  (type: string): DnsReply => ({ addresses: type === "A" ? [address] : [], ttl: 0 });

async function setUp(hosts: readonly string[], answer: (name: string, type: string) => DnsReply) {
  const { address } = await setDnsServer(answer);
  const servers = hosts.map((host) => ({ name: `${host}:21`, server: { host, port: 21 }, weight: 1 }));
  const route: PoolRoute = { kind: "pool", servers, balance: "round-robin", fall: 1, everyMs: 1000, slowStartMs: 0 };
  const pool = createServerPool({ now: () => 0 });
  const lastAddresses = new Map<string, readonly string[]>();
  let lastStates: () => readonly PoolState[] = () => [];
  /** As after a start, or after a reload: what name servers said before is no longer remembered by the resolver. */
  const create = () => {
    const names = createNameResolver({ servers: [address], resolvConf: "/no/such/file", hostsFile: "/no/such/file" });
    const timeouts = { timeoutMs: 1000, keepaliveMs: 0 };
    const deps = { dial: testedSockets.dial, ...timeouts, pool, counted() {}, greets: true, names, lastAddresses };
    const { resolve, states } = createPooledServers(route, deps);
    lastStates = states;
    return () => new Promise((report) => void resolve(pooled, client, report));
  };
  return { create, states: () => lastStates() };
}

const resolved = (...addresses: readonly string[]) => ({
  kind: "resolved",
  candidates: addresses.map((address) => ({ address, port: 21 })),
});

describe("a name of a pool", () => {
  test("is in no client's share: there may be more of them than a client may have looked up", async () => {
    const hosts = Array.from({ length: 20 }, (_, index) => `ftp${index}.example.net`);
    const { create } = await setUp(hosts, (name, type) => ipv4(`10.0.0.${name.slice(3, name.indexOf("."))}`)(type));
    expect(await create()()).toEqual(resolved(...hosts.map((_, index) => `10.0.0.${index}`)));
  });

  test("that nobody answers for is waited for half a second where another is known, and then no more", async () => {
    const { create } = await setUp(["good.example.net", "slow.example.net"], (name, type) =>
      name === "slow.example.net" ? "silence" : ipv4("10.0.0.5")(type),
    );
    const resolve = create();
    const startedAt = performance.now();
    expect(await resolve()).toEqual(resolved("10.0.0.5"));
    expect(performance.now() - startedAt).toBeLessThan(900);
    // The lookup of the slow one ends after a second.
    await new Promise((passed) => void setTimeout(passed, 800));
    const againAt = performance.now();
    expect(await resolve()).toEqual(resolved("10.0.0.5"));
    expect(performance.now() - againAt).toBeLessThan(300);
  });

  test("keeps its last addresses while name servers fail, over a change of the configuration too", async () => {
    let isThere = true;
    const { create } = await setUp(["ftp.example.net"], (_, type) => (isThere ? ipv4("10.0.0.5")(type) : "failure"));
    expect(await create()()).toEqual(resolved("10.0.0.5"));
    isThere = false;
    expect(await create()()).toEqual(resolved("10.0.0.5"));
  });

  test.each<[string, DnsReply, string]>([
    ["do not know", "no-such-name", "ENOTFOUND"],
    ["never answer for", "silence", "timed out"],
  ])("that name servers %s is told by its name, and its server is down", async (_, reply, detail) => {
    const { create, states } = await setUp(["one.example.net", "two.example.net"], () => reply);
    expect(await create()()).toEqual({
      kind: "unresolved",
      detail: `no server of the pool has an address: one.example.net ${detail}, two.example.net ${detail}`,
    });
    expect(states()).toMatchObject([{ isUp: false }, { isUp: false }]);
  });
});

test("each address of a name is a server: sessions are spread over them, and one that is gone gets no more", async () => {
  const one = await setServer();
  const other = await setServer({}, { host: "127.0.0.2", port: one.port });
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-names-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const hostsFile = path.join(folder, "hosts");
  await writeFile(hostsFile, "127.0.0.1 ftp.test\n127.0.0.2 ftp.test\n");
  const name = `ftp.test:${one.port}`;
  const servers = [{ name, server: { host: "ftp.test", port: one.port }, weight: 1 }];
  const rest = { balance: "least-sessions", fall: 1, everyMs: 60_000, slowStartMs: 0 } as const;
  const gateway = await setGateway(0, { route: { kind: "pool", servers, ...rest } }, undefined, undefined, {
    hostsFile,
  });
  const enter = async (count: number): Promise<void> => {
    for (let session = 0; session < count; session++) await (await setClient(gateway)).login();
  };
  const places = (): readonly number[] => [one.sessions.length, other.sessions.length];
  await enter(4);
  expect(places()).toEqual([2, 2]);
  const { route } = gateway.gateway.facts();
  expect(route.servers).toEqual([{ name, up: true, sessions: 4 }]);
  await writeFile(hostsFile, "# changed\n127.0.0.2 ftp.test\n");
  await enter(2);
  expect(places()).toEqual([2, 4]);
  // One address that is down does not keep anybody from the other.
  await writeFile(hostsFile, "# again\n127.0.0.3 ftp.test\n127.0.0.2 ftp.test\n");
  await enter(3);
  expect(places()).toEqual([2, 7]);
  expect(await gateway.sample(`server_up{gateway="test",server="${name}"}`)).toBe(1);
  expect(gateway.log.filter(({ msg }) => msg === "server down")).toMatchObject([
    { server: name, detail: expect.stringContaining("127.0.0.3") },
  ]);
});
