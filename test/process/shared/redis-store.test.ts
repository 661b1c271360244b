// Redis store, with a real Redis: what several processes count holds for all of them; what they do while it is away, frozen, slow or says no;
// and that they are right again when it is back.
import fc from "fast-check";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { SharedCounts, SharedLimits } from "../../../src/gateway/entrance/shared-counts.ts";
import { createRedisStore, type SharedState, type SharedStore } from "../../../src/process/shared/redis-store.ts";
import { books } from "../../books.ts";
import { requireNone } from "../../lab/availability.ts";
import { until } from "../../gateway/stage.ts";
import { redisObstacle, setRedis } from "./redis-server.ts";

// On a busy machine everything takes longer.
vi.setConfig({ testTimeout: 30_000 });
beforeEach((context) => requireNone(redisObstacle, context));

const limits: SharedLimits = { sessions: 100, sessionsPerClient: 2, connectsPerSecond: { rate: 1000, burst: 0 } };
const failures = { withinMs: 60_000, most: 3, banMs: 10_000, banMostMs: 30_000 };
const client = "192.0.2.1";

type Process = { readonly store: SharedStore; readonly counts: SharedCounts; readonly told: SharedState[] };

/** One that has not begun to count together yet. `timeoutMs`: by default longer than a busy machine takes. */
function setProcess(url: string, timeoutMs = 5000): Process {
  const told: SharedState[] = [];
  const store = createRedisStore({ url, prefix: "test", timeoutMs }, (state) => void told.push(state));
  onTestFinished(() => store.stop());
  return { store, counts: store.countsOf("public"), told };
}

const isUp = ({ store }: Process) => until(() => store.state().isUp, 15_000);
const isAway = ({ store }: Process) => until(() => !store.state().isUp, 15_000);
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function setUp(url: string, timeoutMs?: number): Promise<Process> {
  const process = setProcess(url, timeoutMs);
  await isUp(process);
  return process;
}

const kind = async (verdict: ReturnType<SharedCounts["admit"]>): Promise<string> => {
  const judged = await verdict;
  return judged.kind === "refused" ? judged.reason : judged.kind;
};

/** That the next session of the client is judged so, however long it takes until it is. */
const comesToBe = ({ counts }: Process, wanted: string, of: SharedLimits = limits, whose = client) =>
  until(async () => {
    const judged = await kind(counts.admit(whose, of));
    if (judged === "admitted" || judged === "unknown") counts.left(whose);
    return judged === wanted;
  }, 15_000);

describe("for two processes together", () => {
  test("limit sessionsPerClient holds, and a session that ends makes room in the other", async () => {
    const { url } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    expect(await kind(one.counts.admit(client, limits))).toBe("admitted");
    expect(await kind(other.counts.admit(client, limits))).toBe("admitted");
    expect(await kind(other.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
    expect(await kind(one.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
    expect(await kind(other.counts.admit("192.0.2.2", limits))).toBe("admitted");
    one.counts.left(client);
    await comesToBe(other, "admitted");
  });

  test("limit sessions holds, for all clients, and not for another gateway", async () => {
    const { url } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    const few = { ...limits, sessions: 2 };
    expect(await kind(one.counts.admit("192.0.2.1", few))).toBe("admitted");
    expect(await kind(other.counts.admit("192.0.2.2", few))).toBe("admitted");
    expect(await kind(other.counts.admit("192.0.2.3", few))).toBe("too-many-sessions");
    expect(await kind(one.counts.admit("192.0.2.4", few))).toBe("too-many-sessions");
    expect(await kind(other.store.countsOf("inner").admit("192.0.2.3", few))).toBe("admitted");
    one.counts.left("192.0.2.1");
    await comesToBe(other, "admitted", few, "192.0.2.3");
  });

  test("of many that come at once exactly as many get in as the limit allows", async () => {
    const { url } = await setRedis();
    const processes = await Promise.all(Array.from({ length: 4 }, () => setUp(url, 5000)));
    const few = { ...limits, sessionsPerClient: 37 };
    const judged = await Promise.all(
      Array.from({ length: 200 }, async (_, at) =>
        kind((processes[at % 4] ?? expect.fail()).counts.admit(client, few)),
      ),
    );
    // Each is counted before it is asked about: some may be refused too early, none is admitted too many.
    const admitted = judged.filter((one) => one === "admitted").length;
    expect(admitted).toBeLessThanOrEqual(37);
    expect(admitted).toBeGreaterThan(0);
    await comesToBe(processes[0] ?? expect.fail(), admitted === 37 ? "too-many-sessions-per-client" : "admitted", few);
  });

  test("limit connectsPerSecond holds, with its burst, and who is refused does not prolong it", async () => {
    const { url } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    const slow = { ...limits, sessionsPerClient: 100, connectsPerSecond: { rate: 2, burst: 1 } };
    const judged: string[] = [];
    for (let at = 0; at < 6; at++) judged.push(await kind((at % 2 === 0 ? one : other).counts.admit(client, slow)));
    expect(judged.slice(0, 3)).toEqual(["admitted", "admitted", "admitted"]);
    expect(judged.slice(3)).toEqual(Array(3).fill("too-many-connects"));
    const from = performance.now();
    await comesToBe(one, "admitted", slow);
    expect(performance.now() - from).toBeLessThan(5000);
  });

  test("limit loginFailures holds: failures at both ban the client at both, twice as long the next time", async () => {
    const { url, ask } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    expect(await one.counts.loginFailed(client, failures)).toBe(0);
    expect(await other.counts.loginFailed(client, failures)).toBe(0);
    expect(await one.counts.loginFailed("192.0.2.2", failures)).toBe(0);
    expect(await one.counts.loginFailed(client, failures)).toBe(10_000);
    expect(await other.counts.loginFailed(client, failures)).toBeGreaterThan(9000);
    expect(await other.counts.admit(client, limits)).toMatchObject({ kind: "banned", ms: expect.closeTo(9500, -3.1) });
    expect(await kind(other.counts.admit("192.0.2.2", limits))).toBe("admitted");
    await ask("DEL", `test:{public}:ban:${client}`);
    expect(await kind(other.counts.admit(client, limits))).toBe("admitted");
    const again = [];
    for (let at = 0; at < 3; at++) again.push(await other.counts.loginFailed(client, failures));
    expect(again).toEqual([0, 0, 20_000]);
    await ask("DEL", `test:{public}:ban:${client}`);
    for (let at = 0; at < 3; at++) again.push(await other.counts.loginFailed(client, failures));
    expect(again.at(-1)).toBe(30_000);
  });

  test("the sessions of the other at each server of a pool are known", async () => {
    const { url } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    expect(one.counts.serverSessionsElsewhere("a")).toBe(0);
    other.counts.setServerSessions("a", 3);
    other.counts.setServerSessions("b", 1);
    one.counts.setServerSessions("a", 7);
    await until(() => one.counts.serverSessionsElsewhere("a") === 3 && other.counts.serverSessionsElsewhere("a") === 7);
    other.counts.setServerSessions("a", 0);
    await until(() => one.counts.serverSessionsElsewhere("a") === 0 && one.counts.serverSessionsElsewhere("b") === 1);
  });

  test("one that stops is counted no more", async () => {
    const { url } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    await one.counts.admit(client, limits);
    await one.counts.admit(client, limits);
    expect(await kind(other.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
    await one.store.stop();
    expect(await kind(other.counts.admit(client, limits))).toBe("admitted");
  });

  test("one that says nothing any more counts until its lease is over, and leaves nothing", async () => {
    const { url, ask } = await setRedis();
    const one = await setUp(url);
    const [dead, living, of] = ["dead", "test:{public}:living", `test:{public}:client:${client}`];
    await ask("ZADD", living, String(2 ** 50), dead);
    await ask("HSET", of, dead, "2");
    await ask("HSET", `test:{public}:part:${dead}`, "sessions", "5", "server:a", "3");
    await ask("HSET", "test:{public}:totals", "sessions", "5", "server:a", "3");
    one.counts.setServerSessions("a", 1);
    await until(() => one.counts.serverSessionsElsewhere("a") === 3);
    expect(await kind(one.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
    expect(await kind(one.counts.admit("192.0.2.2", { ...limits, sessions: 5 }))).toBe("too-many-sessions");
    await ask("ZADD", living, "1", dead);
    expect(await kind(one.counts.admit(client, limits))).toBe("admitted");
    expect(await ask("HKEYS", of)).not.toContain(dead);
    await until(async () => (await ask("EXISTS", `test:{public}:part:${dead}`)) === 0);
    await until(() => one.counts.serverSessionsElsewhere("a") === 0);
    expect(await ask("HGETALL", "test:{public}:totals")).toEqual({ sessions: "1", "server:a": "1" });
    expect(await ask("ZRANGE", living, "0", "-1")).not.toContain(dead);
  });

  test("one that was taken for dead tells what it has when it is heard of again", async () => {
    const { url, ask } = await setRedis();
    const [one, other] = [await setUp(url), await setUp(url)];
    await one.counts.admit(client, limits);
    await one.counts.admit(client, limits);
    await ask("DEL", "test:{public}:living", `test:{public}:client:${client}`);
    await comesToBe(other, "too-many-sessions-per-client");
  });
});

describe("while Redis is not there", () => {
  test("nobody waits and nobody is refused, and it is said why; when it is, what was counted meanwhile counts", async () => {
    const redis = await setRedis();
    await redis.kill();
    const one = setProcess(redis.url);
    const from = performance.now();
    for (let at = 0; at < 5; at++) expect(await kind(one.counts.admit(client, limits))).toBe("unknown");
    expect(await one.counts.loginFailed(client, failures)).toBe(0);
    expect(performance.now() - from).toBeLessThan(400);
    await until(() => one.told.length > 0);
    expect(one.told).toEqual([{ isUp: false, reason: expect.stringContaining("ECONNREFUSED") }]);
    await redis.restart();
    await isUp(one);
    expect(one.told.at(-1)).toEqual({ isUp: true });
    const other = await setUp(redis.url);
    expect(await kind(other.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
    for (let at = 0; at < 4; at++) one.counts.left(client);
    await comesToBe(other, "admitted");
  });

  test("killed and started anew without its memory: every process tells what it has", async () => {
    const redis = await setRedis();
    const [one, other] = [await setUp(redis.url), await setUp(redis.url)];
    await one.counts.admit(client, limits);
    await other.counts.admit(client, limits);
    other.counts.setServerSessions("a", 3);
    await redis.kill();
    await Promise.all([isAway(one), isAway(other)]);
    expect(one.counts.serverSessionsElsewhere("a")).toBe(0);
    one.counts.left(client);
    await redis.restart();
    await Promise.all([isUp(one), isUp(other)]);
    await until(() => one.counts.serverSessionsElsewhere("a") === 3);
    expect(await kind(one.counts.admit(client, limits))).toBe("admitted");
    expect(await kind(other.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
  });

  test("what it has forgotten it is told again, without being away", async () => {
    const redis = await setRedis();
    const [one, other] = [await setUp(redis.url), await setUp(redis.url)];
    await one.counts.admit(client, limits);
    await one.counts.admit(client, limits);
    await redis.ask("FLUSHALL");
    await comesToBe(other, "too-many-sessions-per-client");
    await redis.ask("SCRIPT", "FLUSH");
    await comesToBe(other, "too-many-sessions-per-client");
    expect(other.told).toEqual([{ isUp: true }]);
  });
});

test("a cluster serves: whatever a gateway counts lies in one slot", async () => {
  const redis = await setRedis({ "cluster-enabled": "yes" });
  await redis.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(async () => String(await redis.ask("CLUSTER", "INFO")).includes("cluster_state:ok"), 10_000);
  const [one, other] = [await setUp(redis.url), await setUp(redis.url)];
  one.counts.setServerSessions("a", 2);
  await until(() => other.counts.serverSessionsElsewhere("a") === 2);
  for (const { counts } of [one, other]) expect(await kind(counts.admit(client, limits))).toBe("admitted");
  expect(await kind(one.counts.admit(client, limits))).toBe("too-many-sessions-per-client");
  for (let at = 0; at < 3; at++) await one.counts.loginFailed("192.0.2.3", failures);
  expect(await kind(other.counts.admit("192.0.2.3", limits))).toBe("banned");
  await one.store.stop();
  expect(await kind(other.counts.admit(client, limits))).toBe("admitted");
  await until(() => other.counts.serverSessionsElsewhere("a") === 0);
  expect(other.told).toEqual([{ isUp: true }]);
});

describe("while Redis is frozen", () => {
  test("one client waits for the timeout and the next ones do not; afterwards both processes count together again", async () => {
    const redis = await setRedis();
    const [one, other] = [await setUp(redis.url, 500), await setUp(redis.url, 500)];
    await one.counts.admit(client, limits);
    redis.freeze();
    const from = performance.now();
    expect(await kind(one.counts.admit(client, limits))).toBe("unknown");
    const waited = performance.now() - from;
    expect(waited).toBeGreaterThan(490);
    expect(waited).toBeLessThan(500 + 1500);
    expect(one.store.state()).toEqual({ isUp: false, reason: "no answer within 500 ms" });
    for (let at = 0; at < 100; at++) expect(await kind(one.counts.admit("192.0.2.9", limits))).toBe("unknown");
    expect(performance.now() - from - waited).toBeLessThan(100 * 400);
    // Nobody has come to the other: it finds out by itself.
    await isAway(other);
    for (let at = 0; at < 100; at++) one.counts.left("192.0.2.9");
    redis.thaw();
    await comesToBe(other, "too-many-sessions-per-client");
    await comesToBe(other, "admitted", limits, "192.0.2.9");
  });

  test("for longer than a connection is trusted: there is another one afterwards", { timeout: 40_000 }, async () => {
    const redis = await setRedis();
    const one = await setUp(redis.url, 100);
    redis.freeze();
    await until(() => one.told.some((state) => !state.isUp && /within 5000 ms/.test(state.reason)), 15_000);
    redis.thaw();
    await isUp(one);
  });
});

test("a Redis that is slower than the timeout is away, until it is fast again", { timeout: 20_000 }, async () => {
  const redis = await setRedis();
  const proxy = await setSlowProxy(redis.port);
  const one = await setUp(`redis://127.0.0.1:${proxy.port}`, 100);
  proxy.delay(200);
  await isAway(one);
  await pause(2500);
  expect(one.store.state()).toEqual({ isUp: false, reason: "no answer within 100 ms" });
  proxy.delay(0);
  await isUp(one);
  expect(one.told).toHaveLength(3);
});

describe("a Redis that says no is away, and the password is not told", () => {
  test("a wrong password", async () => {
    const { port } = await setRedis({ requirepass: "right" });
    const one = setProcess(`redis://:wr0ng%21secret@127.0.0.1:${port}`);
    await until(() => one.told.length > 0);
    expect(one.told).toEqual([{ isUp: false, reason: expect.stringMatching(/^WRONGPASS/) }]);
    expect(JSON.stringify(one.told)).not.toMatch(/secret/);
    expect(await kind(one.counts.admit(client, limits))).toBe("unknown");
  });

  test("no password where one is needed", async () => {
    const { port } = await setRedis({ requirepass: "right" });
    const one = setProcess(`redis://127.0.0.1:${port}`);
    await until(() => one.told.length > 0);
    expect(one.told).toEqual([{ isUp: false, reason: expect.stringMatching(/^NOAUTH/) }]);
  });

  test("a user that may not run scripts", async () => {
    const redis = await setRedis();
    await redis.ask("ACL", "SETUSER", "gw", "on", ">pw12345", "~*", "+@all", "-@scripting");
    const one = setProcess(`redis://gw:pw12345@127.0.0.1:${redis.port}`);
    await until(() => one.told.length > 0);
    expect(one.told).toEqual([{ isUp: false, reason: expect.stringMatching(/^NOPERM/) }]);
    await redis.ask("ACL", "SETUSER", "gw", "+@scripting");
    await isUp(one);
  });

  test("a user needs no more rights than the handbook says", async () => {
    const rights = /A user needs `([^`]*)` on `~([^`]*)`/.exec(books.get("deploy/README.md") ?? "");
    const [granted = "", keys = ""] = [rights?.[1], rights?.[2]?.replace("ftp-alg", "test")];
    const redis = await setRedis();
    await redis.ask("ACL", "SETUSER", "gw", "on", ">pw12345", "-@all", `~${keys}`, ...granted.split(" "));
    const one = await setUp(`redis://gw:pw12345@127.0.0.1:${redis.port}/1`);
    expect(await kind(one.counts.admit(client, limits))).toBe("admitted");
    one.counts.setServerSessions("a", 1);
    one.counts.left(client);
    for (let at = 0; at < 3; at++) await one.counts.loginFailed(client, failures);
    expect(await kind(one.counts.admit(client, limits))).toBe("banned");
    await pause(1200);
    expect(one.told).toEqual([{ isUp: true }]);
  });

  test("a Redis that is full", async () => {
    const redis = await setRedis();
    const one = await setUp(redis.url);
    await redis.ask("CONFIG", "SET", "maxmemory", "1");
    await isAway(one);
    expect(one.told.at(-1)).toEqual({ isUp: false, reason: expect.stringMatching(/OOM/) });
    await redis.ask("CONFIG", "SET", "maxmemory", "0");
    await isUp(one);
  });

  test("something else that listens there", async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).end("220 FTP\r\n")).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const one = setProcess(`redis://127.0.0.1:${portOf(server)}`);
    await until(() => one.told.length > 0);
    expect(one.told[0]).toMatchObject({ isUp: false });
  });
});

test("whatever happens, every key names the gateway in its slot and expires", async () => {
  const redis = await setRedis();
  const [one, other] = [await setUp(redis.url, 5000), await setUp(redis.url, 5000)];
  const address = fc.oneof(fc.constantFrom("192.0.2.1", "192.0.2.2", "20010db800000000/64"), fc.string());
  const step = fc.record({ what: fc.nat(3), who: address, where: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      for (const { what, who, where } of steps) {
        const { counts } = where ? one : other;
        if (what === 0) await counts.admit(who, limits);
        else if (what === 1) await counts.loginFailed(who, { ...failures, most: 2 });
        else if (what === 2 && (await kind(counts.admit(who, limits))) === "admitted") counts.left(who);
        else counts.setServerSessions(who, where ? 0 : 2);
      }
    }),
    { numRuns: 30 },
  );
  await pause(100);
  const keys = (await redis.ask("KEYS", "*")) as string[];
  expect(keys.length).toBeGreaterThan(10);
  for (const key of keys)
    expect(key).toMatch(/^test:\{public\}:(living|totals|(part|client|ban|second|burst|failures|bans):)/);
  const expiries = await redis.ask(
    "EVAL",
    "local ttl = {} for at, key in ipairs(KEYS) do ttl[at] = redis.call('PTTL', key) end return ttl",
    String(keys.length),
    ...keys,
  );
  expect((expiries as number[]).filter((ms) => ms === -1)).toEqual([]);
});

/** In front of Redis; everything that Redis says is late by so much. */
async function setSlowProxy(port: number): Promise<{ port: number; delay(ms: number): void }> {
  let ms = 0;
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(port, "127.0.0.1");
    for (const socket of [inner, outer]) sockets.add(socket.on("error", () => {}));
    inner.pipe(outer);
    outer.on("data", (chunk: Buffer) => void setTimeout(() => inner.write(chunk), ms));
    outer.on("close", () => inner.destroy());
    inner.on("close", () => outer.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server), delay: (next) => void (ms = next) };
}
