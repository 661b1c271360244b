// Shared counts at the entrance: what a client reads whom the other processes speak against, and that none is asked whom this process
// refuses by itself.
import { describe, expect, test } from "vitest";
import type { SharedCounts, SharedVerdict } from "../../../src/gateway/entrance/shared-counts.ts";
import type { FakeSession } from "../fake-server.ts";
import { setClient, setGateway, setServer, until } from "../stage.ts";

type Asked = { readonly client: string; readonly judge: (verdict: SharedVerdict) => void };

/** Others who answer when the test does. */
function heldCounts() {
  const asked: Asked[] = [];
  const left: string[] = [];
  const failed: string[] = [];
  let bannedMs = 0;
  const counts: SharedCounts = {
    admit: (client) => new Promise((judge) => asked.push({ client, judge })),
    left: (client) => void left.push(client),
    async loginFailed(client) {
      failed.push(client);
      return bannedMs;
    },
    setServerSessions() {},
    serverSessionsElsewhere: () => 0,
  };
  return { asked, left, failed, counts, ban: (ms: number) => (bannedMs = ms) };
}

async function setShared(limits: Parameters<typeof setGateway>[1] = {}, script = {}) {
  const server = await setServer(script);
  const others = heldCounts();
  const gateway = await setGateway(server.port, limits, undefined, undefined, undefined, others.counts);
  return { ...others, server, gateway };
}

describe("a client about whom the other processes are asked", () => {
  test.each(["admitted", "unknown"] as const)(
    "is greeted once it is %s, and what it has said before is heard",
    async (kind) => {
      const { asked, left, gateway, server } = await setShared();
      const client = await setClient(gateway);
      client.write("USER u\r\n");
      await until(() => asked.length === 1);
      expect(asked[0]?.client).toBe("127.0.0.1");
      expect(server.sessions).toHaveLength(0);
      asked[0]?.judge({ kind });
      expect(await client.reply()).toMatch(/^220/);
      expect(await client.reply()).toMatch(/^331/);
      expect(left).toEqual([]);
      client.close();
      await until(() => left.length === 1);
    },
  );

  test("is to them what it is to the limits here: an IPv6 client is its /64", async () => {
    const network = { base: "127.0.0.0", bits: 8 };
    const listen = [{ address: "127.0.0.1", port: 0, proxyProtocol: { from: [network] } }];
    const { asked, gateway } = await setShared({ listen });
    for (const [at, source] of ["2001:db8:1:2::3", "2001:db8:1:2:ffff::4", "2001:db8:1:3::3"].entries()) {
      (await setClient(gateway)).write(`PROXY TCP6 ${source} 2001:db8::21 40000 21\r\n`);
      await until(() => asked.length === at + 1);
    }
    const [one, same, other] = asked.map(({ client }) => client);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  test("reads 421 with the reason that they give, which is counted", async () => {
    const { asked, left, gateway, server } = await setShared();
    const client = await setClient(gateway);
    await until(() => asked.length === 1);
    asked[0]?.judge({ kind: "refused", reason: "too-many-sessions-per-client" });
    expect(await client.rest()).toMatch(/^421 Too many/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="too-many-sessions-per-client"}')).toBe(1);
    expect(left).toEqual([]);
    expect(server.sessions).toHaveLength(0);
  });

  test("is known to be banned from then on, without another question", async () => {
    const { asked, gateway } = await setShared();
    const client = await setClient(gateway);
    await until(() => asked.length === 1);
    asked[0]?.judge({ kind: "banned", ms: 60_000 });
    expect(await client.rest()).toMatch(/^421 Too many failed logins/);
    expect(await (await setClient(gateway)).rest()).toMatch(/^421 Too many failed logins/);
    expect(asked).toHaveLength(1);
    expect(await gateway.sample('bans_active{gateway="test"}')).toBe(1);
  });

  test("has a place here meanwhile, so that one too many is refused at once", async () => {
    const { asked, gateway } = await setShared({ limits: { sessionsPerClient: 1 } });
    const first = await setClient(gateway);
    await until(() => asked.length === 1);
    expect(await (await setClient(gateway)).rest()).toMatch(/^421 Too many/);
    expect(asked).toHaveLength(1);
    asked[0]?.judge({ kind: "admitted" });
    expect(await first.reply()).toMatch(/^220/);
  });

  test("that goes before they answer gives its place back, here and there", async () => {
    const { asked, left, gateway, server } = await setShared({ limits: { sessionsPerClient: 1 } });
    const first = await setClient(gateway);
    await until(() => asked.length === 1);
    first.socket.resetAndDestroy();
    await until(async () => {
      void (await setClient(gateway));
      return asked.length === 2;
    });
    expect(left).toEqual([]);
    asked[0]?.judge({ kind: "admitted" });
    await until(() => left.length === 1);
    expect(server.sessions).toHaveLength(0);
  });

  test("that has ended its half of the connection meanwhile is answered, and its session ends", async () => {
    const { asked, left, gateway } = await setShared();
    const client = await setClient(gateway);
    client.socket.end("QUIT\r\n");
    await until(() => asked.length === 1);
    asked[0]?.judge({ kind: "admitted" });
    expect(await client.rest()).toMatch(/^220 [^]*\r\n221 Goodbye\r\n$/);
    await until(() => left.length === 1);
  });

  test("is let in by a gateway that drains, and told of it", async () => {
    const { asked, left, gateway } = await setShared();
    const client = await setClient(gateway);
    await until(() => asked.length === 1);
    const drained = gateway.gateway.drain();
    asked[0]?.judge({ kind: "admitted" });
    expect(await client.rest()).toMatch(/421 /);
    await drained;
    expect(left).toHaveLength(1);
  });

  test("is closed when the gateway stops, and begins no session after that", async () => {
    const { asked, left, gateway, server } = await setShared();
    const client = await setClient(gateway);
    await until(() => asked.length === 1);
    await gateway.stop();
    await client.rest();
    asked[0]?.judge({ kind: "admitted" });
    await until(() => left.length === 1);
    expect(server.sessions).toHaveLength(0);
  });
});

test("a login that fails is told to the other processes, and ends the session if they ban the client for it", async () => {
  const wrong = { PASS: (s: FakeSession) => s.say("530 Login incorrect") };
  const { asked, failed, ban, gateway } = await setShared({}, wrong);
  const client = await setClient(gateway);
  await until(() => asked.length === 1);
  asked[0]?.judge({ kind: "admitted" });
  await client.reply();
  await client.ask("USER u");
  await client.ask("PASS wrong");
  await until(() => failed.length === 1);
  ban(60_000);
  await client.ask("USER u");
  await client.ask("PASS wrong");
  expect(await client.rest()).toMatch(/^421 Too many failed logins/);
  expect(await (await setClient(gateway)).rest()).toMatch(/^421 Too many failed logins/);
  expect(asked).toHaveLength(1);
});
