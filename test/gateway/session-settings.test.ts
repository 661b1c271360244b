// How a gateway's options become what each of its sessions is driven with.
import { expect, test } from "vitest";
import { createSystemPool } from "../../src/dataplane/port-pool.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { createOwnEndpoints } from "../../src/gateway/own-endpoints.ts";
import { createPortPools } from "../../src/gateway/port-pools.ts";
import { createNameResolver } from "../../src/gateway/servers/name-resolver.ts";
import { createServerPool } from "../../src/gateway/servers/server-pool.ts";
import { createServerMemory } from "../../src/gateway/servers/server-memory.ts";
import { createSessionSettings } from "../../src/gateway/session-settings.ts";
import { testedSockets } from "../sockets/tested-sockets.ts";
import { type Overrides, gatewayOptions } from "./start-gateway.ts";

function setUp() {
  const deps = {
    plane: createRelayPlane(),
    ownEndpoints: createOwnEndpoints(),
    portPools: createPortPools(),
    systemPorts: { client: createSystemPool(), server: createSystemPool() },
    memory: createServerMemory({ maxServers: 10, expiryMs: 1000, now: () => 0 }),
    pool: createServerPool({ now: () => 0 }),
    lastAddresses: new Map<string, readonly string[]>(),
    serverConnected() {},
    serverChecked() {},
    healthLogin: undefined,
    names: createNameResolver(),
    addresses: { want() {}, find: () => undefined },
    sockets: testedSockets,
    tls: undefined,
  };
  return { ...deps, settings: (overrides: Overrides) => createSessionSettings(gatewayOptions(21, overrides), deps) };
}

test("the address in PORT is the configured one, or the gateway's own where that is of the other family", () => {
  const { driver } = setUp().settings({ serverSide: { advertise: "198.51.100.1" } });
  expect(driver.serverAdvertise({ address: "10.0.0.1", port: 40_000 })).toBe("198.51.100.1");
  expect(driver.serverAdvertise({ address: "fd00::1", port: 40_000 })).toBe("fd00::1");
});

test("both sides of one range share its ports, also after a change that leaves the range as it is", () => {
  const { settings } = setUp();
  const range = { first: 20_000, last: 20_009 };
  const before = settings({ clientSide: { dataPorts: range }, serverSide: { dataPorts: range } });
  before.clientPorts.take();
  expect(before.serverPorts.counts().open).toBe(1);
  expect(settings({ clientSide: { dataPorts: range }, limits: { sessions: 1 } }).clientPorts.counts().open).toBe(1);
});

test("transfers without a range that run are still counted as open after a change of the options", () => {
  const { settings } = setUp();
  const before = settings({});
  before.clientPorts.take();
  expect(settings({ limits: { sessions: 1 } }).clientPorts.counts().open).toBe(1);
  expect(before.serverPorts.counts().open).toBe(0);
});

test("what was learned about a server is known after a change of the options", () => {
  const { settings } = setUp();
  const server = { address: "10.0.0.5", port: 21 };
  settings({}).driver.servers.learn(server, "EPSV");
  expect(settings({ serverSide: { mode: "passive" } }).driver.servers.rejectedBy(server)).toEqual(["EPSV"]);
});

test("an entrance of the process that is opened later is one of our own all the same", () => {
  const { settings, ownEndpoints } = setUp();
  const { driver } = settings({});
  const endpoint = { address: "192.0.2.1", port: 2121 };
  expect(driver.options.own.listensAt(endpoint)).toBe(false);
  ownEndpoints.add(endpoint);
  expect(driver.options.own.listensAt(endpoint)).toBe(true);
});

test("the fixed route names its server to the session, and intercepts nothing", () => {
  const { driver, intercept } = setUp().settings({ route: { kind: "fixed", server: { host: "h", port: 2121 } } });
  expect(driver.options.route).toMatchObject({ kind: "fixed", host: "h", port: 2121 });
  expect(intercept).toBeUndefined();
});

test("a line as long as the limits allow is read, a longer one is not", () => {
  const { driver } = setUp().settings({ limits: { commandBytes: 64, replyLineBytes: 128 } });
  const command = (length: number) =>
    driver.commands
      .createReader()
      .feed(Buffer.from(`${"X".repeat(length)}\r\n`))
      .map(({ kind }) => kind);
  expect([command(62), command(65)]).toEqual([["client-line"], ["client-refused"]]);
  const reply = (length: number) =>
    driver.replies
      .createReader()
      .feed(Buffer.from(`200 ${"x".repeat(length)}\r\n`))
      .map(({ kind }) => kind);
  expect([reply(120), reply(130)]).toEqual([["server-line"], ["server-refused"]]);
});
