// What a gateway dials at a peer's word: attacks on its own listeners and on this machine, through real sockets.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseNetwork } from "../../src/net/endpoint.ts";
import type { AllowRule } from "../../src/session/options.ts";
import { fileBody, type FakeSession } from "./fake-server.ts";
import { eprtLine, portLine } from "./ftp-dialogue.ts";
import { setDnsServer } from "./servers/dns-server.ts";
import { temporaryFile } from "./spawned-gateway.ts";
import { downloadWhole, expectNothingLeft, setClient, setGateway, setServer, setStage } from "./stage.ts";

const anyName: AllowRule = { kind: "name", pattern: "*" };
const network = (text: string): AllowRule => ({ kind: "network", network: parseNetwork(text) ?? expect.fail(text) });

/** Addresses of this machine other than loopback. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .filter(({ internal, address, family }) => !internal && (family === "IPv4" || !/^fe80/i.test(address)))
  .map(({ address }) => address);

/** A service of this machine that speaks no FTP and counts who comes. */
async function setService() {
  let visitors = 0;
  const service = createServer((socket) => {
    visitors += 1;
    socket.on("error", () => {}).end("HTTP/1.1 200 OK\r\n\r\n");
  }).listen(0, "::");
  await once(service, "listening");
  onTestFinished(() => void service.close());
  return { port: (service.address() as AddressInfo).port, visitors: () => visitors };
}

async function setLogin(allow: readonly AllowRule[], listen?: readonly { address: string; port: number }[]) {
  const route = { kind: "login", allow } as const;
  const gateway = await setGateway(1, listen === undefined ? { route } : { route, listen });
  const client = await setClient(gateway);
  expect(await client.ask("NOOP").then(() => client.reply())).toMatch(/^200/);
  return { gateway, client };
}

const spelled = (address: string): string => (address.includes(":") ? `[${address}]` : address);

describe('`allow: ["*"]` is no way to this machine', () => {
  test.each([
    ...["127.0.0.1", "127.9.8.7", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ...["[0:0:0:0:0:ffff:0:0]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254"],
    ...["[fe80::1]", "224.0.0.1", "localhost", ...ownAddresses.map(spelled)],
  ])("USER x@%s at the port of another service: 530, and nobody comes there", async (host) => {
    const service = await setService();
    const { gateway, client } = await setLogin([anyName]);
    expect(await client.ask(`USER x@${host}:${service.port}`)).toMatch(/^530 /);
    expect(await client.ask(`OPEN ${host} ${service.port}`)).toMatch(/^530 /);
    expect(await gateway.sample('refusals_total{gateway="test",reason="server-address"}')).toBe(2);
    expect(service.visitors()).toBe(0);
  });

  test("a network that names it is one, and then data connections reach that server too", async () => {
    const server = await setServer();
    const { client } = await setLogin([anyName, network("127.0.0.0/8")]);
    expect(await client.ask(`USER me@127.0.0.1:${server.port}`)).toMatch(/^331/);
    expect(await client.ask("PASS secret")).toMatch(/^230/);
    expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
  });
});

describe("a name server is no way to this machine either", () => {
  async function setNamed(allow: readonly AllowRule[], reply: Parameters<typeof setDnsServer>[0], hosts = "") {
    const { address } = await setDnsServer(reply);
    const naming = { servers: [address], hostsFile: temporaryFile("hosts", hosts) };
    const route = { kind: "login", allow } as const;
    const policy = { tellInnerAddresses: true };
    const gateway = await setGateway(1, { route, policy }, undefined, undefined, naming);
    const login = async () => {
      const client = await setClient(gateway);
      expect(await client.reply()).toMatch(/^220/);
      return client;
    };
    return { gateway, login };
  }

  test.each([
    ["A", "127.0.0.1"],
    ["A", "169.254.169.254"],
    ["A", "0.0.0.0"],
    ["AAAA", "::1"],
    ["AAAA", "::ffff:7f00:1"],
    ["AAAA", "64:ff9b::a9fe:a9fe"],
  ])("an allowed name with the %s %s: 530", async (type, address) => {
    const service = await setService();
    const { gateway, login } = await setNamed([{ kind: "name", pattern: "*.example.com" }], (_, asked) => ({
      addresses: asked === type ? [address] : [],
    }));
    const client = await login();
    expect(await client.ask(`USER x@ftp.example.com:${service.port}`)).toMatch(/^530 /);
    expect(await gateway.sample('refusals_total{gateway="test",reason="server-address"}')).toBe(1);
    expect(service.visitors()).toBe(0);
  });

  test("an allowed name whose answers change is judged by each of them", async () => {
    const service = await setService();
    const server = await setServer();
    const hosts = `127.0.0.5 good.example.com\n127.0.0.1 bad.example.com\n`;
    const named = [anyName, network("127.0.0.5/32")];
    const { login } = await setNamed(named, () => "no-such-name", hosts);
    const client = await login();
    expect(await client.ask(`OPEN bad.example.com ${service.port}`)).toMatch(/^530 /);
    // Allowed by its address, and nobody listens there.
    client.write(`OPEN good.example.com ${server.port}\r\n`);
    expect(await client.rest()).toMatch(/^421 .*127\.0\.0\.5.*ECONNREFUSED/);
    expect(service.visitors()).toBe(0);
  });

  test("12 names of one client in a zone that never answers hold up nobody else's", async () => {
    const server = await setServer();
    const hosts = "127.0.0.1 ftp.example.com\n";
    const { gateway, login } = await setNamed([anyName, network("127.0.0.0/8")], () => "silence", hosts);
    const slow = await Promise.all(Array.from({ length: 12 }, login));
    for (const [index, client] of slow.entries()) client.write(`USER x@n${index}.silent.example\r\n`);
    const client = await login();
    const startedAt = performance.now();
    expect(await client.ask(`USER me@ftp.example.com:${server.port}`)).toMatch(/^331/);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await gateway.sample('refusals_total{gateway="test",reason="too-many-names"}')).toBe(4);
  });
});

describe("the gateway itself is no server, however it is written, and whatever is allowed", () => {
  const everything = [anyName, network("0.0.0.0/0"), network("::/0")];

  test.each(["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"])(
    "USER x@%s with a listener at 127.0.0.1",
    async (host) => {
      const { gateway, client } = await setLogin(everything);
      expect(await client.ask(`USER x@${host}:${gateway.port}`)).toMatch(/^530 .* is this gateway itself\.$/);
      expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
    },
  );

  test.each(["127.0.0.1", "127.9.8.7", "0.0.0.0", "localhost", ...ownAddresses.map(spelled)])(
    "USER x@%s with a listener at any address",
    async (host) => {
      const { gateway, client } = await setLogin(everything, [{ address: "0.0.0.0", port: 0 }]);
      expect(await client.ask(`USER x@${host}:${gateway.port}`)).toMatch(/^530 .* is this gateway itself\.$/);
      expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
    },
  );

  test("one line with 120 times @0.0.0.0:PORT makes no second session", async () => {
    const { gateway, client } = await setLogin(everything);
    expect(await client.ask(`USER x${`@0.0.0.0:${gateway.port}`.repeat(120)}`)).toMatch(/^530 /);
    expect(gateway.log.filter(({ msg }) => msg === "session started")).toHaveLength(1);
    expect(await gateway.sample('refusals_total{gateway="test",reason="loop"}')).toBe(1);
  });
});

describe("a data connection never leads to a listener of the gateway", () => {
  test.each<[string, (port: number) => string]>([
    ["PORT with its own address", (port) => portLine(port)],
    ["PORT with 0.0.0.0", (port) => portLine(port, "0.0.0.0")],
    ["PORT with a third host's", (port) => portLine(port, "192.0.2.77")],
    ["EPRT", (port) => eprtLine(port)],
  ])("a client's %s: 504", async (_, announce) => {
    const { gateway, client, server } = await setStage();
    expect(await client.ask(announce(gateway.port))).toMatch(/^504 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(server.session.lines.filter((line) => /^(?:PORT|EPRT)/.test(line))).toEqual([]);
    expect(await gateway.sample('refusals_total{gateway="test",reason="own-endpoint"}')).toBe(1);
    expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
  });

  test.each<["PASV" | "EPSV", (port: number) => string]>([
    ["PASV", (port) => `227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`],
    ["PASV", (port) => `227 Entering Passive Mode (0,0,0,0,${port >> 8},${port & 255})`],
    ["PASV", (port) => `227 Entering Passive Mode (192,0,2,77,${port >> 8},${port & 255})`],
    ["EPSV", (port) => `229 Entering Extended Passive Mode (|||${port}|)`],
  ])("a server's answer to %s: 425 (%#)", async (verb, answer) => {
    let own = 0;
    const script = { [verb]: (session: FakeSession) => session.say(answer(own)) };
    const { gateway, client } = await setStage(script);
    own = gateway.port;
    expect(await client.ask(verb)).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="server-endpoint-own"}')).toBe(1);
    expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
    client.close();
    await expectNothingLeft(gateway);
  });
});
