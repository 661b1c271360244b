// Two gateways that count together in a real Redis, as processes: what a client meets at one after it was at the other, and what both do
// while Redis is not there.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { requireNone } from "../../lab/availability.ts";
import type { FakeSession } from "../../gateway/fake-server.ts";
import { openDialogue, type Dialogue } from "../../gateway/ftp-dialogue.ts";
import { spawnGateway, type SpawnedGateway } from "../../gateway/spawned-gateway.ts";
import { freePort, setServer, until } from "../../gateway/stage.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { redisObstacle, setRedis } from "./redis-server.ts";

// Processes are started, killed and waited for.
vi.setConfig({ testTimeout: 60_000 });
beforeEach((context) => requireNone(redisObstacle, context));

type Process = SpawnedGateway & {
  /** A new client; gives the first reply and how long it took, and stays. */
  greet(): Promise<{ reply: string; ms: number; client: Dialogue }>;
  /** What the admin listener answers. */
  admin(path: string): Promise<{ status: number; text: string }>;
};

/** `timeout`: by default longer than a busy machine takes. */
const shared = (redis: string, timeout = "3s") => ({ redis, timeout });

async function setProcess(of: object, limits: object, route: object, env = {}, workers = 1): Promise<Process> {
  const listen = `127.0.0.1:${workers === 1 ? 0 : await freePort()}`;
  const gateway = { name: "public", listen, route, limits, dataPlane: "relay" };
  const spawned = spawnGateway([gateway], { rest: { shared: of, workers, admin: { listen: "127.0.0.1:0" } }, env });
  const endpointOf = async (line: string): Promise<string> => String((await spawned.logged(line))["endpoint"]);
  const port = Number((await endpointOf("listening")).split(":").at(-1));
  const url = `http://${await endpointOf("admin listening")}`;
  return {
    ...spawned,
    async greet() {
      const from = performance.now();
      const client = await openDialogue(port);
      const reply = await client.reply();
      return { reply, ms: performance.now() - from, client };
    },
    async admin(asked) {
      const answer = await fetch(url + asked);
      return { status: answer.status, text: await answer.text() };
    },
  };
}

const routeTo = ({ port }: { port: number }) => ({ server: `127.0.0.1:${port}` });

/** Both count together already. */
async function setTwo(of: object, limits: object, script = {}, wanted?: object) {
  const route = wanted ?? routeTo(await setServer(script));
  const both = await Promise.all([setProcess(of, limits, route), setProcess(of, limits, route)]);
  for (const one of both) await one.logged("shared counts hold");
  return both;
}

const count = ({ lines }: Process, message: string): number => lines().filter(({ msg }) => msg === message).length;
const isShared = async (one: Process): Promise<string> =>
  /^ftp_alg_shared_up (\d)$/m.exec((await one.admin("/metrics")).text)?.[1] ?? "absent";

test("limit sessionsPerClient holds for both, and a gateway that is killed holds its sessions no longer than its lease", async () => {
  const redis = await setRedis();
  const [one, other] = await setTwo(shared(redis.url), { sessionsPerClient: 2 });
  expect((await one.greet()).reply).toMatch(/^220/);
  expect((await one.greet()).reply).toMatch(/^220/);
  expect((await other.greet()).reply).toMatch(/^421 Too many/);
  expect((await other.admin("/metrics")).text).toContain(
    'ftp_alg_refusals_total{gateway="public",reason="too-many-sessions-per-client"} 1\n',
  );
  one.signal("SIGKILL");
  await one.ended;
  await until(async () => (await other.greet()).reply.startsWith("220"), 15_000);
});

test("a gateway that ends takes its sessions out of the count at once", async () => {
  const redis = await setRedis();
  const [one, other] = await setTwo(shared(redis.url), { sessionsPerClient: 1 });
  expect((await one.greet()).reply).toMatch(/^220/);
  expect((await other.greet()).reply).toMatch(/^421 Too many/);
  one.signal("SIGTERM");
  expect(await one.ended).toBe(0);
  expect((await other.greet()).reply).toMatch(/^220/);
});

test("limit loginFailures: failures at both ban the client at both, and a restart does not lift it", async () => {
  const redis = await setRedis();
  const limits = { loginFailures: { most: 2, ban: "60s" } };
  const wrong = { PASS: (s: FakeSession) => s.say("530 Login incorrect") };
  const [one, other] = await setTwo(shared(redis.url), limits, wrong);
  const fail = async (process: Process): Promise<Dialogue> => {
    const { client } = await process.greet();
    await client.ask("USER u");
    await client.ask("PASS wrong");
    return client;
  };
  await fail(one);
  expect(await (await fail(other)).rest()).toMatch(/421 Too many failed logins/);
  for (const process of [one, other]) {
    expect((await process.greet()).reply).toMatch(/^421 Too many failed logins/);
    expect((await process.admin("/metrics")).text).toContain('ftp_alg_bans_active{gateway="public"} 1\n');
  }
  one.signal("SIGTERM");
  await one.ended;
  const again = await setProcess(shared(redis.url), limits, routeTo(await setServer()));
  await again.logged("shared counts hold");
  expect((await again.greet()).reply).toMatch(/^421 Too many failed logins/);
});

test("least-sessions looks at the sessions of both", async () => {
  const redis = await setRedis();
  const servers = await Promise.all([setServer(), setServer()]);
  const [first, second] = servers.map(({ port }) => `127.0.0.1:${port}`);
  const route = { servers: [first, second], balance: "least-sessions" };
  const [one, other] = await setTwo(shared(redis.url), {}, {}, route);
  const sessionsAt = (at: number): number => servers[at]?.sessions.length ?? NaN;
  const clients = [];
  for (let at = 0; at < 6; at++) clients.push((await one.greet()).client);
  expect([sessionsAt(0), sessionsAt(1)]).toEqual([3, 3]);
  // Of the first server's all go: the next three are due there, wherever they come in.
  for (const { socket } of servers[0]?.sessions ?? []) socket.destroy();
  await until(async () => (await one.admin("/metrics")).text.includes('ftp_alg_sessions_active{gateway="public"} 3\n'));
  // A gateway hears of a server from its first session on; then once a second.
  (await other.greet()).client.close();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const before = sessionsAt(0);
  for (let at = 0; at < 3; at++) expect((await other.greet()).reply).toMatch(/^220/);
  expect(sessionsAt(0) - before).toBe(3);
});

test("a gateway of several workers counts with another one, and its workers with each other while Redis is away", async () => {
  const redis = await setRedis();
  const route = routeTo(await setServer());
  const limits = { sessionsPerClient: 4 };
  const [several, other] = await Promise.all([
    setProcess(shared(redis.url), limits, route, {}, 2),
    setProcess(shared(redis.url), limits, route),
  ]);
  await other.logged("shared counts hold");
  await until(() => count(several, "shared counts hold") === 2, 20_000);
  for (let at = 0; at < 4; at++) expect((await several.greet()).reply).toMatch(/^220/);
  expect((await other.greet()).reply).toMatch(/^421 Too many/);
  expect((await several.greet()).reply).toMatch(/^421 Too many/);
  expect(await isShared(several)).toBe("1");
  await redis.kill();
  await until(() => count(several, "shared counts away") === 2, 20_000);
  expect((await several.greet()).reply).toMatch(/^421 Too many/);
  expect(await isShared(several)).toBe("0");
  expect((await several.admin("/readyz?verbose")).text).toContain("[-]shared counts away");
  await other.logged("shared counts away");
  expect((await other.greet()).reply).toMatch(/^220/);
});

test("limit connectsPerSecond holds for both", async () => {
  const redis = await setRedis();
  const both = await setTwo(shared(redis.url), { connectsPerSecond: { rate: 1, burst: 3 } });
  const replies: string[] = [];
  for (let at = 0; at < 12; at++) replies.push((await (both[at % 2] ?? expect.fail()).greet()).reply);
  expect(replies.filter((reply) => reply.startsWith("220")).length).toBeGreaterThanOrEqual(3);
  expect(replies.at(-1)).toMatch(/^421 Too many connections in a short time/);
});

describe("while Redis is not there", () => {
  test("clients are greeted by local counts, and log, metric and /readyz?verbose say so until it is back", async () => {
    const redis = await setRedis();
    const [one, other] = await setTwo(shared(redis.url), { sessionsPerClient: 1 });
    expect(await isShared(one)).toBe("1");
    expect(await one.admin("/readyz?verbose")).toEqual({
      ...{ status: 200, text: "[+]gateway public listens\n[+]shared counts hold\nready\n" },
    });
    const first = await one.greet();
    await redis.kill();
    await one.logged("shared counts away");
    const second = await other.greet();
    expect(second.reply).toMatch(/^220/);
    expect(second.ms).toBeLessThan(2500);
    expect((await other.greet()).reply).toMatch(/^421 Too many/);
    expect(await isShared(other)).toBe("0");
    expect(await other.admin("/readyz")).toEqual({ status: 200, text: "ready\n" });
    expect((await other.admin("/readyz?verbose")).text).toContain(
      "[-]shared counts away: each process counts by itself\n",
    );
    await redis.restart();
    await until(() => count(one, "shared counts hold") === 2 && count(other, "shared counts hold") === 2, 15_000);
    expect(await isShared(other)).toBe("1");
    first.client.close();
    await until(async () =>
      (await one.admin("/metrics")).text.includes('ftp_alg_sessions_active{gateway="public"} 0\n'),
    );
    expect((await one.greet()).reply).toMatch(/^421 Too many/);
  });

  test("frozen, nobody waits longer than shared.timeout", async () => {
    const redis = await setRedis();
    const [one] = await setTwo(shared(redis.url, "200ms"), {});
    redis.freeze();
    const waited: number[] = [];
    for (let at = 0; at < 20; at++) {
      const { reply, ms } = await one.greet();
      expect(reply).toMatch(/^220/);
      waited.push(ms);
    }
    // What else takes time on a busy machine is left to it.
    expect(Math.max(...waited)).toBeLessThan(200 + 800);
    expect(waited.filter((ms) => ms > 190).length).toBeLessThan(20);
    redis.thaw();
    await until(() => count(one, "shared counts hold") === 2, 15_000);
  });

  test("it refuses: the log says where and why, without the password, and clients are greeted", async () => {
    const redis = await setRedis({ requirepass: "right" });
    const server = await setServer();
    const one = await setProcess(shared(`redis://:wr0ng-secret@127.0.0.1:${redis.port}/2`), {}, routeTo(server));
    const said = await one.logged("shared counts away");
    expect(said).toMatchObject({ level: "warn", path: "shared.redis", shared: `redis://127.0.0.1:${redis.port}/2` });
    expect(said["detail"]).toMatch(/^WRONGPASS/);
    expect((await one.greet()).reply).toMatch(/^220/);
    expect(JSON.stringify(one.lines())).not.toContain("secret");
  });
});

test("rediss:// is TLS: a certificate that the system's authorities have not signed is refused, one that they have is not", async () => {
  const { certFile, keyFile } = makeCertificate();
  const redis = await setRedis({ "tls-cert-file": certFile, "tls-key-file": keyFile, "tls-auth-clients": "no" });
  const server = await setServer();
  const url = `rediss://127.0.0.1:${redis.port}`;
  const distrusting = await setProcess(shared(url), {}, routeTo(server));
  expect(String((await distrusting.logged("shared counts away"))["detail"])).toMatch(/self.signed certificate/);
  const trusting = await setProcess(shared(url), {}, routeTo(server), { NODE_EXTRA_CA_CERTS: certFile });
  await trusting.logged("shared counts hold");
  expect((await trusting.greet()).reply).toMatch(/^220/);
});
