// Spread of a thousand sessions over light servers through a whole gateway.
import { describe, expect, test } from "vitest";
import type { Balance, PoolRoute } from "../../../src/gateway/options.ts";
import { expectNothingLeft, setGateway, setServer, until } from "../stage.ts";
import { openDialogue, type Dialogue } from "../ftp-dialogue.ts";

const weights = [1, 2, 3, 4];
const sessions = 1000;
const atOnce = 25;

async function setPool(balance: Balance) {
  const servers = await Promise.all(weights.map(() => setServer()));
  const route: PoolRoute = {
    ...{ kind: "pool", balance, fall: 3, everyMs: 60_000, slowStartMs: 0 },
    servers: servers.map(({ port }, index) => ({
      ...{ name: `server-${index}`, server: { host: "127.0.0.1", port }, weight: weights[index] ?? 0 },
    })),
  };
  const places = { sessions: 2000, sessionsPerClient: 2000, preLogin: 100 };
  const rates = { connectsPerSecond: { rate: 100_000, burst: 100_000 }, commandsPerSecond: { rate: 1e5, burst: 1e5 } };
  return { servers, gateway: await setGateway(0, { route, limits: { ...places, ...rates } }) };
}

/** Each server's part of all sessions, as its weight has it. `tolerance`: of that part. */
function expectSpread(counts: readonly number[], tolerance = 0.05): void {
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sessions);
  for (const [index, count] of counts.entries()) {
    const share = (weights[index] ?? 0) / 10;
    expect(Math.abs(count / sessions - share), `server-${index}: ${counts.join(", ")}`).toBeLessThan(tolerance * share);
  }
}

describe("a thousand logins, each of which leaves, are spread by the weights", () => {
  // Who has the fewest at the moment depends on how long each one lasts.
  test.each<[Balance, number]>([
    ["round-robin", 0.05],
    ["least-sessions", 0.2],
  ])(
    "%s: each server's part to %d of it",
    async (balance, tolerance) => {
      const { servers, gateway } = await setPool(balance);
      const logIn = async (): Promise<void> => {
        for (let count = 0; count < sessions / atOnce; count++) {
          const client = await openDialogue(gateway.port);
          await client.login();
          await client.ask("QUIT");
          client.close();
        }
      };
      await Promise.all(Array.from({ length: atOnce }, logIn));
      expectSpread(
        servers.map(({ sessions: all }) => all.length),
        tolerance,
      );
      await expectNothingLeft(gateway);
    },
    30_000,
  );
});

test("a thousand logins that stay are, too, and the counts of the servers are those of the gateway", async () => {
  const { servers, gateway } = await setPool("least-sessions");
  const clients: Dialogue[] = [];
  const logIn = async (): Promise<void> => {
    for (let count = 0; count < sessions / atOnce; count++) {
      const client = await openDialogue(gateway.port);
      await client.login();
      clients.push(client);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, logIn));
  expectSpread(servers.map(({ sessions: all }) => all.length));
  const counted = gateway.gateway.facts().route.servers?.map((server) => server.sessions);
  expect(counted).toEqual(servers.map(({ sessions: all }) => all.length));
  for (const client of clients) client.close();
  await until(() => gateway.gateway.facts().route.servers?.every((server) => server.sessions === 0) === true);
}, 30_000);

test("user-hash: a thousand users within 5 % of all", async () => {
  const { servers, gateway } = await setPool("user-hash");
  const logIn = async (part: number): Promise<void> => {
    for (let user = part; user < sessions; user += atOnce) {
      const client = await openDialogue(gateway.port);
      await client.reply();
      await client.ask(`USER user-${user}`);
      client.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, part) => logIn(part)));
  const counts = servers.map(({ sessions: all }) => all.length);
  for (const [index, count] of counts.entries())
    expect(Math.abs(count / sessions - (weights[index] ?? 0) / 10), counts.join(", ")).toBeLessThan(0.05);
}, 30_000);
