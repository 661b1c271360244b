// Entrances behind a balancer: who a client is stands in the PROXY header in front of its first byte.
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatProxyHeader, type ProxyHeader, type ProxyVersion } from "../../../src/net/proxy-protocol.ts";
import { dialData, openDialogue, portOf, readAll, type Dialogue } from "../ftp-dialogue.ts";
import { fileBody } from "../fake-server.ts";
import type { TestGateway } from "../start-gateway.ts";
import { setGateway, setServer, until } from "../stage.ts";

const anyClient = "127.0.0.77";
const header = (source = anyClient, destination = "127.0.0.1"): ProxyHeader => ({
  kind: "proxied",
  source: { address: source, port: 40_778 },
  destination: { address: destination, port: 21 },
});

async function setBalanced(options: { from?: string; loginMs?: number } = {}): Promise<TestGateway> {
  const { from = "127.0.0.1", loginMs = 60_000 } = options;
  const server = await setServer();
  const proxyProtocol = { from: [{ base: from, bits: 32 }] };
  return setGateway(server.port, {
    listen: [{ address: "127.0.0.1", port: 0, proxyProtocol }],
    timeouts: { loginMs },
  });
}

async function come(gateway: TestGateway, bytes: string): Promise<Dialogue> {
  const client = await openDialogue(gateway.port);
  onTestFinished(() => client.close());
  client.write(bytes);
  return client;
}

const refusals = (gateway: TestGateway): Promise<number> =>
  gateway.sample('refusals_total{gateway="test",reason="proxy-header"}');

const refused = /^421 This entrance is for its balancer/;

describe.each<ProxyVersion>(["v1", "v2"])(
  "a client behind a balancer that speaks version %s of the protocol",
  (version) => {
    test("is the one in the header: in the log, and to data connections, at the address that it has connected to", async () => {
      const gateway = await setBalanced();
      const client = await come(gateway, formatProxyHeader(version, header(anyClient, "127.0.0.5")));
      await client.login();
      const reply = await client.ask("PASV");
      expect(reply).toContain("(127,0,0,5,");
      const stranger = await dialData(portOf(reply));
      expect((await readAll(stranger)).end).toBe("reset");
      const data = await dialData(portOf(reply), { localAddress: anyClient });
      client.write("RETR x\r\n");
      expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
      data.end();
      expect(gateway.log.find(({ msg }) => msg === "session started")).toMatchObject({ client: `${anyClient}:40778` });
    });

    test("may have said something with the header, or send it byte by byte", async () => {
      const gateway = await setBalanced();
      const text = formatProxyHeader(version, header());
      const hasty = await come(gateway, `${text}NOOP\r\n`);
      expect(await hasty.reply()).toMatch(/^220/);
      expect(await hasty.reply()).toMatch(/^\d/);
      const slow = await come(gateway, "");
      for (const byte of text) {
        slow.write(byte);
        await sleep(1);
      }
      expect(await slow.reply()).toMatch(/^220/);
    });

    test("that tells nobody's ends is the balancer's own check: greeted and counted, and the log says nothing of it", async () => {
      const gateway = await setBalanced();
      const client = await come(gateway, formatProxyHeader(version, { kind: "local" }));
      expect(await client.reply()).toMatch(/^220/);
      expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
      client.close();
      await until(async () => (await gateway.sample('sessions_active{gateway="test"}')) === 0);
      expect(gateway.log.filter(({ session }) => session !== undefined)).toEqual([]);
    });
  },
);

test.each([
  ["USER anna\r\n", "no PROXY header"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n", "the line does not hold two addresses and two ports"],
  [`PROXY TCP4 ${"1".repeat(200)}`, "the line is too long"],
])("refusal: proxy-header: %j is no header", async (bytes, detail) => {
  const gateway = await setBalanced();
  expect(await (await come(gateway, bytes)).rest()).toMatch(refused);
  expect(gateway.log.find(({ msg }) => msg === "session refused")).toMatchObject({ detail });
});

test("refusal: proxy-header: a header that is not whole within the login time", async () => {
  const gateway = await setBalanced({ loginMs: 100 });
  expect(await (await come(gateway, "PROXY TCP4 1.2")).rest()).toMatch(refused);
  expect(await (await come(gateway, "")).rest()).toMatch(refused);
  expect(await refusals(gateway)).toBe(2);
});

test("refusal: proxy-header: a header that is cut off; a plain check of the port, which says nothing, is no news", async () => {
  const gateway = await setBalanced();
  for (const bytes of ["PROXY TCP4 1.2", ""]) {
    const socket = connect(gateway.port, "127.0.0.1");
    await once(socket, "connect");
    socket.end(bytes);
    await once(socket.resume(), "close");
  }
  const check = connect(gateway.port, "127.0.0.1");
  await once(check, "connect");
  check.resetAndDestroy();
  await until(async () => (await refusals(gateway)) === 1);
  expect(gateway.log.filter(({ msg }) => msg === "session refused")).toHaveLength(1);
  expect(gateway.log.some(({ msg }) => msg === "session started")).toBe(false);
});

test("who waits for its header when the gateway stops is closed", async () => {
  const gateway = await setBalanced();
  const client = await come(gateway, "PROXY ");
  await sleep(20);
  await gateway.stop();
  expect(await client.rest()).toMatch(/^(?:reset)?$/);
});

test("refusal: not-ftp: a PROXY line at an entrance that expects none", async () => {
  const server = await setServer();
  const gateway = await setGateway(server.port);
  const client = await come(gateway, formatProxyHeader("v1", header()));
  expect(await client.rest()).toMatch(/421 This is an FTP gateway\.\r\n/);
});
