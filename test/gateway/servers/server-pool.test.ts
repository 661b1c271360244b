// Server pool: whose turn it is, and who is down.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Balance } from "../../../src/gateway/options.ts";
import type { PoolMember } from "../../../src/gateway/servers/pool-members.ts";
import { createServerPool, type PoolRules } from "../../../src/gateway/servers/server-pool.ts";

const serverNamed = (name: string, weight = 1): PoolMember => ({
  ...{ id: name, name, server: { host: name, port: 21 }, weight },
  endpoint: { address: "192.0.2.1", port: 21 },
});

const rulesOf = (balance: Balance, rest: Partial<PoolRules> = {}): PoolRules => ({
  ...{ balance, fall: 3, everyMs: 1000, slowStartMs: 0 },
  ...rest,
});

function setUp(servers: readonly PoolMember[], balance: Balance = "least-sessions", rest: Partial<PoolRules> = {}) {
  let now = 0;
  const pool = createServerPool({ now: () => now });
  const rules = rulesOf(balance, rest);
  const names = (client = "192.0.2.1"): readonly string[] => pool.order(servers, rules, client).map(({ name }) => name);
  const first = (client?: string): string => names(client)[0] ?? "";
  return {
    pool,
    rules,
    servers,
    names,
    first,
    pass: (ms: number) => void (now += ms),
    /** A session goes to the first; gives the server's name and what ends it. */
    enter(client = "192.0.2.1") {
      const [server] = pool.order(servers, rules, client);
      if (server === undefined) throw new Error("none is up");
      const leave = pool.entered(server);
      pool.greeted(server, rules);
      return { name: server.name, leave };
    },
    fail: (name: string, times = 1) => {
      const server = servers.find((one) => one.name === name) ?? expect.fail();
      for (let time = 0; time < times; time++) pool.failed(server, rules);
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
  const { enter, pool, servers } = setUp([serverNamed("a"), serverNamed("b")]);
  const sessions = [enter(), enter()];
  expect(sessions.map(({ name }) => name).toSorted()).toEqual(["a", "b"]);
  sessions[0]?.leave();
  sessions[0]?.leave();
  expect(pool.states(servers).reduce((sum, state) => sum + state.sessions, 0)).toBe(1);
  expect(enter().name).toBe(sessions[0]?.name);
});

test("client-hash: a server that goes moves its own clients alone, and gets them back when it is there again", () => {
  const clients = Array.from({ length: 2000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const { first, fail, pool, pass, rules } = setUp(weighted, "client-hash");
  const before = clients.map(first);
  fail("c", 3);
  const without = clients.map(first);
  for (const [index, name] of before.entries()) if (name !== "c") expect(without[index]).toBe(name);
  pass(1000);
  pool.greeted(weighted[2] ?? expect.fail(), rules);
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
  const { names, fail, pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b")]);
  fail("a", 2);
  pool.greeted(servers[0] ?? expect.fail(), rules);
  fail("a", 2);
  expect(names().toSorted()).toEqual(["a", "b"]);
  fail("a");
  expect(names()).toEqual(["b"]);
  expect(pool.states(servers)).toMatchObject([{ isUp: false }, { isUp: true }]);
});

test("a server that is down is tried by one session after each interval, first, and all come back once it greets", () => {
  const { names, fail, pass, pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b")]);
  fail("a", 3);
  pass(999);
  expect(names()).toEqual(["b"]);
  pass(1);
  expect(names()).toEqual(["a", "b"]);
  expect(names()).toEqual(["b"]);
  pass(1000);
  expect(names()).toEqual(["a", "b"]);
  pool.greeted(servers[0] ?? expect.fail(), rules);
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
  const { names, pool, servers } = setUp([serverNamed("a", 0), serverNamed("b")]);
  pool.entered(servers[0] ?? expect.fail());
  expect(names()).toEqual(["b"]);
  expect(pool.states(servers)[0]).toEqual({ name: "a", isUp: true, sessions: 1 });
});

test("least-sessions: a session that waits for a greeting counts: a server that is frozen does not get all that come", () => {
  const { pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b"), serverNamed("c")]);
  const waiting = Array.from({ length: 30 }, () => {
    const [server = expect.fail()] = pool.order(servers, rules, "192.0.2.1");
    pool.entered(server);
    // b alone never greets.
    if (server.name !== "b") pool.greeted(server, rules);
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
  const rules = rulesOf("least-sessions");
  const enter = (): (() => void) => pool.entered(pool.order(servers, rules, "192.0.2.1")[0] ?? expect.fail());
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

describe("slow start: a server that comes back has its share when the time is over, and a growing part of it before", () => {
  const rising = ["least-sessions", "round-robin", "client-hash", "user-hash"] as const;
  test.each<Balance>(rising)("%s", (balance) => {
    const { first, fail, pass, pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b")], balance, {
      slowStartMs: 10_000,
    });
    // At first all begin together: nobody has less than another.
    const shareOfA = (): number => {
      const names = Array.from({ length: 2000 }, (_, index) => first(`10.0.${index >> 8}.${index & 255}`));
      return names.filter((name) => name === "a").length / names.length;
    };
    const near = (expected: number): void => expect(Math.abs(shareOfA() - expected)).toBeLessThan(0.04);
    near(0.5);
    pass(60_000);
    near(0.5);
    fail("a", 3);
    near(0);
    pass(1000);
    pool.greeted(servers[0] ?? expect.fail(), rules);
    near(0.01);
    pass(2500);
    near(0.25 / 1.25);
    pass(2500);
    near(0.5 / 1.5);
    pass(5000);
    near(0.5);
  });

  test("and so has one that is new, or gets a weight again", () => {
    const { pool, rules, pass } = setUp([], "round-robin", { slowStartMs: 10_000 });
    const [a, b] = [serverNamed("a"), serverNamed("b")];
    const countOf = (name: string, servers: readonly PoolMember[]): number =>
      Array.from({ length: 100 }, () => pool.order(servers, rules, "")[0]?.name).filter((one) => one === name).length;
    countOf("a", [a]);
    pass(60_000);
    expect(countOf("b", [a, b])).toBeLessThan(3);
    pass(10_000);
    expect(countOf("b", [a, b])).toBe(50);
    expect(countOf("b", [a, { ...b, weight: 0 }])).toBe(0);
    pass(60_000);
    countOf("b", [a, { ...b, weight: 0 }]);
    expect(countOf("b", [a, b])).toBeLessThan(3);
  });
});

describe("with health checks", () => {
  const checks = { rise: 2, timeoutMs: 1000, isListing: false };

  test("a server that is down is tried by no session, and is up after so many passes in a row", () => {
    const { names, fail, pass, pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b")], "round-robin", {
      checks,
    });
    const [a = expect.fail()] = servers;
    fail("a", 3);
    pass(100_000);
    expect(names()).toEqual(["b"]);
    expect(pool.checked(a, true, rules)).toBe(undefined);
    expect(pool.checked(a, false, rules)).toBe(undefined);
    expect(pool.checked(a, true, rules)).toBe(undefined);
    // A session that began before it fell says nothing.
    expect(pool.greeted(a, rules)).toBe(false);
    expect(names()).toEqual(["b"]);
    expect(pool.checked(a, true, rules)).toBe("up");
    expect(names().toSorted()).toEqual(["a", "b"]);
  });

  test("it falls by checks as by sessions, each so many in a row: a check that passes does not hide that sessions fail", () => {
    const { fail, pool, servers, rules } = setUp([serverNamed("a"), serverNamed("b")], "round-robin", { checks });
    const [a = expect.fail(), b = expect.fail()] = servers;
    expect([1, 2, 3].map(() => pool.checked(a, false, rules))).toEqual([undefined, undefined, "down"]);
    fail("b", 2);
    pool.checked(b, true, rules);
    fail("b");
    expect(pool.states(servers).map(({ isUp }) => isUp)).toEqual([false, false]);
  });
});

test("each address of a name is a server; operators see the one that they have configured", () => {
  const at = (address: string): PoolMember => ({
    ...serverNamed("ftp"),
    id: `ftp ${address}`,
    endpoint: { address, port: 21 },
  });
  const members = [at("192.0.2.1"), at("192.0.2.2")];
  const { pool, rules } = setUp(members, "least-sessions");
  for (let session = 0; session < 4; session++) pool.entered(pool.order(members, rules, "")[0] ?? expect.fail());
  expect(pool.order(members, rules, "")).toHaveLength(2);
  expect(pool.states(members)).toEqual([{ name: "ftp", isUp: true, sessions: 4 }]);
  for (let time = 0; time < 3; time++) pool.failed(members[0] ?? expect.fail(), rules);
  expect(pool.order(members, rules, "").map(({ id }) => id)).toEqual(["ftp 192.0.2.2"]);
  expect(pool.states(members)).toEqual([{ name: "ftp", isUp: true, sessions: 4 }]);
  // An address that is gone is asked no more, and its sessions are counted on.
  expect(pool.states(members.slice(0, 1))).toEqual([{ name: "ftp", isUp: false, sessions: 4 }]);
});

test("processes with the same list do not all begin with its first server, and each still spreads evenly", () => {
  const servers = Array.from({ length: 50 }, (_, index) => serverNamed(`${index}`));
  const rules = rulesOf("least-sessions");
  const firsts = new Map<string, number>();
  for (let process = 0; process < 100; process++) {
    const pool = createServerPool({ now: () => 0, dice: Math.random });
    const names = servers.map(() => {
      const [server = expect.fail()] = pool.order(servers, rules, "");
      pool.entered(server);
      return server.name;
    });
    expect(new Set(names).size).toBe(50);
    firsts.set(names[0] ?? "", (firsts.get(names[0] ?? "") ?? 0) + 1);
  }
  expect(Math.max(...firsts.values())).toBeLessThan(20);
});
