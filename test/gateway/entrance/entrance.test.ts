// The entrance on the wire: what a client reads that has had its share, and that others have theirs meanwhile.
import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import type { FakeSession } from "../fake-server.ts";
import { gatewayOptions } from "../start-gateway.ts";
import { setClient, setGateway, setServer, setStage, until } from "../stage.ts";
import { passUntilTrue, sleep } from "../../virtual-time.ts";

const refused = (reason: string): string => `refusals_total{gateway="test",reason="${reason}"}`;
const ended = (end: string): string => `sessions_total{gateway="test",end="${end}"}`;

test("limit connectsPerSecond: a client that comes too often is told 421 and counted, another one is let in", async () => {
  const server = await setServer();
  const limits = { connectsPerSecond: { rate: 3, burst: 0 } };
  const gateway = await setGateway(server.port, { limits });
  for (let count = 0; count < 3; count += 1) expect(await (await setClient(gateway)).reply()).toMatch(/^220/);
  const late = await setClient(gateway);
  expect(await late.rest()).toBe("421 Too many connections in a short time; try again later.\r\n");
  expect(await gateway.sample(refused("too-many-connects"))).toBe(1);
  expect(await gateway.sample(ended("too-many-connects"))).toBe(1);
  expect(await (await setClient(gateway, "127.0.0.1", "127.0.0.2")).reply()).toMatch(/^220/);
  await sleep(1001);
  expect(await (await setClient(gateway)).reply()).toMatch(/^220/);
});

test("limit sessionsPerClient: of those turned away some may linger, and what is beyond is closed at once", async () => {
  const { gateway } = await setStage({}, { limits: { sessionsPerClient: 1 } });
  const sockets = Array.from({ length: 30 }, () => connect({ port: gateway.port, allowHalfOpen: true }));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(
    sockets.map((socket) =>
      once(
        socket.resume().on("error", () => {}),
        "connect",
      ),
    ),
  );
  await until(async () => (await gateway.sample(refused("too-many-sessions-per-client"))) === 30);
  // Who has been closed on our side refuses what is said: eight linger, and read it.
  const closed = (): number => sockets.filter((socket) => socket.destroyed || !socket.write("NOOP\r\n")).length;
  await until(() => closed() === 22);
  const other = await setClient(gateway, "127.0.0.1", "127.0.0.2");
  await other.login();
  expect(closed()).toBe(22);
});

describe("limit preLogin", () => {
  test("the oldest of the busiest network is told 421 for one too many, and who has logged in stays", async () => {
    const { client, gateway } = await setStage({}, { limits: { sessions: 6, preLogin: 50 } });
    const waiting = [];
    for (const from of ["127.0.1.1", "127.0.0.2", "127.0.0.3"]) {
      waiting.push(await setClient(gateway, "127.0.0.1", from));
      await waiting.at(-1)?.reply();
    }
    const last = await setClient(gateway, "127.0.0.1", "127.0.2.1");
    expect(await last.reply()).toMatch(/^220/);
    expect(await waiting[1]?.rest()).toBe("421 Too many sessions before login; try again later.\r\n");
    expect(await gateway.sample(ended("too-many-before-login"))).toBe(1);
    for (const each of [client, waiting[0], waiting[2], last]) expect(await each?.ask("NOOP")).toMatch(/^200/);
  });
});

describe("limit loginFailures", () => {
  const wrong = { PASS: (s: FakeSession) => s.say("530 Login incorrect") };
  const limits = { loginFailures: { withinMs: 60_000, most: 2, banMs: 10_000, banMostMs: 60_000 } };

  test("the failure too many is answered by the server, then 421; the client is banned, counted, and let in again later", async () => {
    const server = await setServer(wrong);
    const gateway = await setGateway(server.port, { limits });
    const client = await setClient(gateway);
    await client.reply();
    for (let count = 0; count < 2; count += 1) {
      await client.ask("USER u");
      expect(await client.ask("PASS wrong")).toBe("530 Login incorrect");
    }
    expect(await client.rest()).toBe("421 Too many failed logins from your address; try again later.\r\n");
    expect(await (await setClient(gateway)).rest()).toMatch(/^421 Too many failed logins/);
    expect(await gateway.sample(ended("banned"))).toBe(2);
    expect(await gateway.sample(refused("banned"))).toBe(1);
    expect(await gateway.sample('bans_active{gateway="test"}')).toBe(1);
    expect(await (await setClient(gateway, "127.0.0.1", "127.0.0.2")).reply()).toMatch(/^220/);
    await sleep(10_001);
    expect(await (await setClient(gateway)).reply()).toMatch(/^220/);
    expect(await gateway.sample('bans_active{gateway="test"}')).toBe(0);
    expect(gateway.log.filter(({ msg }) => msg === "login failed")).toMatchObject([{ code: 530 }, { code: 530 }]);
  });

  test("a reload changes it for the next failure, and what was counted goes on", async () => {
    const server = await setServer(wrong);
    const gateway = await setGateway(server.port, { limits });
    const client = await setClient(gateway);
    await client.reply();
    await client.ask("USER u");
    await client.ask("PASS wrong");
    const next = gatewayOptions(server.port, { limits: { loginFailures: { ...limits.loginFailures, most: 3 } } });
    (await gateway.gateway.prepare(next)).commit();
    await client.ask("USER u");
    await client.ask("PASS wrong");
    await client.ask("USER u");
    await client.ask("PASS wrong");
    expect(await client.rest()).toMatch(/^421 Too many failed logins/);
  });
});

test("limit pinholesPerClient: the one too many is refused with 425, and another client's is opened", async () => {
  const { client, gateway } = await setStage({}, { limits: { pinholesPerClient: 1 } });
  const second = await setClient(gateway);
  await second.login();
  expect(await client.ask("EPSV")).toMatch(/^229/);
  expect(await second.ask("EPSV")).toBe("425 Can't open data connection: too many are open from your address.");
  expect(await gateway.sample(refused("too-many-pinholes"))).toBe(1);
  const other = await setClient(gateway, "127.0.0.1", "127.0.0.2");
  await other.login();
  expect(await other.ask("EPSV")).toMatch(/^229/);
  client.close();
  await passUntilTrue(async () => (await second.ask("EPSV")).startsWith("229"));
});
