// Server pool: whose turn it is, and who is down.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Balance, PoolServer } from "../../../src/gateway/options.ts";
import { createServerPool, type PoolOptions } from "../../../src/gateway/servers/server-pool.ts";

const serverNamed = (name: string, weight = 1): PoolServer => ({ name, server: { host: name, port: 21 }, weight });

function setUp(servers: readonly PoolServer[], balance: Balance = "least-sessions") {
  let now = 0;
  const pool = createServerPool({ now: () => now });
  const options: PoolOptions = { servers, balance, fall: 3, everyMs: 1000 };
  const names = (client = "192.0.2.1"): readonly string[] => pool.order(options, client).map(({ name }) => name);
  const first = (client?: string): string => names(client)[0] ?? "";
  return {
    pool,
    options,
    names,
    first,
    pass: (ms: number) => void (now += ms),
    /** A session goes to the first; gives the server's name and what ends it. */
    enter(client = "192.0.2.1") {
      const [server] = pool.order(options, client);
      if (server === undefined) throw new Error("none is up");
      const leave = pool.entered(server);
      pool.greeted(server);
      return { name: server.name, leave };
    },
    fail: (name: string, times = 1) => {
      const server = servers.find((one) => one.name === name) ?? expect.fail();
      for (let time = 0; time < times; time++) pool.failed(server, options);
    },
  };
}

const weighted = [serverNamed("a", 1), serverNamed("b", 2), serverNamed("c", 5), serverNamed("d", 2)];

function shares(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    weighted.map(({ name }) => [name, names.filter((one) => one === name).length / names.length]),
  );
}

const expectSpread = (names: readonly string[], tolerance: number): void => {
  for (const { name, weight } of weighted) {
    expect(Math.abs((shares(names)[name] ?? 0) - weight / 10), name).toBeLessThan(tolerance);
  }
};

describe("1000 sessions are spread by the weights", () => {
  test.each<Balance>(["least-sessions", "round-robin"])(
    "%s: within a hundredth, those that stay and those that leave",
    (balance) => {
      const { enter } = setUp(weighted, balance);
      const staying = Array.from({ length: 1000 }, () => enter().name);
      expectSpread(staying, 0.01);
      const leaving = Array.from({ length: 1000 }, () => {
        const { name, leave } = enter();
        leave();
        return name;
      });
      expectSpread(leaving, 0.01);
    },
  );

  test("client-hash: within a twentieth over many clients, and each comes to the same one", () => {
    const { first } = setUp(weighted, "client-hash");
    const clients = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.7`);
    const names = clients.map(first);
    expectSpread(names, 0.05);
    expect(clients.map(first)).toEqual(names);
  });
});

test("least-sessions: a session that ends makes room, and a second end of the same is none", () => {
  const { enter, pool, options } = setUp([serverNamed("a"), serverNamed("b")]);
  const sessions = [enter(), enter()];
  expect(sessions.map(({ name }) => name).toSorted()).toEqual(["a", "b"]);
  sessions[0]?.leave();
  sessions[0]?.leave();
  expect(pool.states(options.servers).reduce((sum, state) => sum + state.sessions, 0)).toBe(1);
  expect(enter().name).toBe(sessions[0]?.name);
});

test("client-hash: a server that goes moves its own clients alone, and gets them back when it is there again", () => {
  const clients = Array.from({ length: 2000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const { first, fail, pool, pass } = setUp(weighted, "client-hash");
  const before = clients.map(first);
  fail("c", 3);
  const without = clients.map(first);
  for (const [index, name] of before.entries()) if (name !== "c") expect(without[index]).toBe(name);
  pass(1000);
  pool.greeted(weighted[2] ?? expect.fail());
  expect(clients.map(first)).toEqual(before);
});

test("the others of the order are those to try next, each once", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Balance>("least-sessions", "round-robin", "client-hash"),
      fc.nat(50),
      (balance, rounds) => {
        const { names } = setUp(weighted, balance);
        for (let round = 0; round < rounds; round++) expect(names().toSorted()).toEqual(["a", "b", "c", "d"]);
      },
    ),
    { numRuns: 30 },
  );
});

test("a server falls after so many failures in a row, and one that greets between has none", () => {
  const { names, fail, pool, options } = setUp([serverNamed("a"), serverNamed("b")]);
  fail("a", 2);
  pool.greeted(options.servers[0] ?? expect.fail());
  fail("a", 2);
  expect(names().toSorted()).toEqual(["a", "b"]);
  fail("a");
  expect(names()).toEqual(["b"]);
  expect(pool.states(options.servers)).toMatchObject([{ isUp: false }, { isUp: true }]);
});

test("a server that is down is tried by one session after each interval, first, and all come back once it greets", () => {
  const { names, fail, pass, pool, options } = setUp([serverNamed("a"), serverNamed("b")]);
  fail("a", 3);
  pass(999);
  expect(names()).toEqual(["b"]);
  pass(1);
  expect(names()).toEqual(["a", "b"]);
  expect(names()).toEqual(["b"]);
  pass(1000);
  expect(names()).toEqual(["a", "b"]);
  pool.greeted(options.servers[0] ?? expect.fail());
  expect(names().toSorted()).toEqual(["a", "b"]);
});

test("there is none to try while all are down", () => {
  const { names, fail, pass } = setUp([serverNamed("a"), serverNamed("b")]);
  fail("a", 3);
  fail("b", 3);
  expect(names()).toEqual([]);
  pass(1000);
  expect(names()).toEqual(["a"]);
  expect(names()).toEqual(["b"]);
  expect(names()).toEqual([]);
});

test("a server of weight 0 gets no new session, and keeps those that it has", () => {
  const { names, pool, options } = setUp([serverNamed("a", 0), serverNamed("b")]);
  pool.entered(options.servers[0] ?? expect.fail());
  expect(names()).toEqual(["b"]);
  expect(pool.states(options.servers)[0]).toEqual({ name: "a", isUp: true, sessions: 1 });
});

test("least-sessions: a session that waits for a greeting counts: a server that is frozen does not get all that come", () => {
  const { pool, options } = setUp([serverNamed("a"), serverNamed("b"), serverNamed("c")]);
  const waiting = Array.from({ length: 30 }, () => {
    const [server = expect.fail()] = pool.order(options, "192.0.2.1");
    pool.entered(server);
    // b alone never greets.
    if (server.name !== "b") pool.greeted(server);
    return server.name;
  });
  expect(waiting.filter((name) => name === "b")).toHaveLength(10);
});

test("client-hash: whether a server is back is tried by a client of its own, and nobody else changes the server for it", () => {
  const clients = Array.from({ length: 200 }, (_, index) => `10.0.0.${index}`);
  const { first, fail, pass } = setUp(weighted, "client-hash");
  const before = clients.map(first);
  fail("c", 3);
  pass(1000);
  const after = clients.map(first);
  const changed = clients.filter((_, index) => after[index] !== before[index]);
  expect(changed).toHaveLength(before.filter((name) => name === "c").length - 1);
  expect(after.filter((name) => name === "c")).toHaveLength(1);
});

test("sessions that other processes have at a server count too, and they are told of those here", () => {
  const told: [string, number][] = [];
  const elsewhere: Record<string, number> = { a: 2, b: 0 };
  const pool = createServerPool({
    now: () => 0,
    counts: {
      setServerSessions: (name, sessions) => void told.push([name, sessions]),
      serverSessionsElsewhere: (name) => elsewhere[name] ?? 0,
    },
  });
  const servers = [serverNamed("a"), serverNamed("b")];
  const options: PoolOptions = { servers, balance: "least-sessions", fall: 3, everyMs: 1000 };
  const enter = (): (() => void) => pool.entered(pool.order(options, "192.0.2.1")[0] ?? expect.fail());
  const leave = enter();
  enter();
  leave();
  leave();
  expect(told).toEqual([
    ["b", 1],
    ["b", 2],
    ["b", 1],
  ]);
  expect(pool.states(servers).map(({ sessions }) => sessions)).toEqual([0, 1]);
});
