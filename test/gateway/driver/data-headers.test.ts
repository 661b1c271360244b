// PROXY headers on data connections, through a whole gateway: from a balancer in front, and to a server that wants them.
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { connect } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { GatewayTls, PoolRoute } from "../../../src/gateway/options.ts";
import { formatProxyHeader, readProxyHeader, type ProxyVersion } from "../../../src/net/proxy-protocol.ts";
import { fileBody, type FakeSession } from "../fake-server.ts";
import { dialData, openDialogue, portOf, readAll, type Dialogue } from "../ftp-dialogue.ts";
import { expectNothingLeft, setClient, setGateway, setServer, until } from "../stage.ts";
import type { Overrides, TestGateway } from "../start-gateway.ts";
import { readData, spoken, terminating } from "../tls/terminating.ts";

const anyClient = "127.0.0.77";

const headerOf = (source: string, version: ProxyVersion = "v2"): string =>
  formatProxyHeader(version, {
    kind: "proxied",
    source: { address: source, port: 40_778 },
    destination: { address: "127.0.0.1", port: 21 },
  });

describe("a balancer that carries data connections too", () => {
  async function setBalanced(clientSide: Overrides["clientSide"], tls?: GatewayTls) {
    const { port } = await setServer();
    const proxyProtocol = { from: [{ base: "127.0.0.1", bits: 32 }] };
    const listen = [{ address: "127.0.0.1", port: 0, proxyProtocol }];
    return setGateway(port, { listen, ...(clientSide && { clientSide }), ...(tls && { tls }) });
  }

  async function come(gateway: TestGateway): Promise<Dialogue> {
    const client = await openDialogue(gateway.port);
    onTestFinished(() => client.close());
    client.write(headerOf(anyClient));
    await client.login();
    return client;
  }

  test.each<ProxyVersion>(["v1", "v2"])(
    "says with a header whose they are: download and upload (%s)",
    async (version) => {
      const gateway = await setBalanced({ dataProxyProtocol: true });
      const client = await come(gateway);
      const down = await dialData(portOf(await client.ask("PASV")));
      down.write(headerOf(anyClient, version), "latin1");
      client.write("RETR x\r\n");
      expect((await readAll(down)).bytes.equals(fileBody)).toBe(true);
      down.end();
      expect([await client.reply(), await client.reply()]).toEqual(["150 Here it comes", "226 Done"]);
      const up = await dialData(portOf(await client.ask("EPSV")));
      up.end(headerOf(anyClient, version) + "0123456789", "latin1");
      expect(await client.ask("STOR y")).toBe("150 Go on");
      expect(await client.reply()).toBe("226 Got 10");
      // The last connection may end after its reply.
      await until(async () => (await gateway.sample('transfers_active{gateway="test",plane="relay"}')) === 0);
      expect(gateway.log.filter(({ msg }) => msg === "transfer ended")).toMatchObject([
        { plane: "relay" },
        { plane: "relay" },
      ]);
      client.close();
      await expectNothingLeft(gateway);
    },
  );

  test("lets in the client that the session is of, and no other, nor anybody without a header or past the balancer", async () => {
    const gateway = await setBalanced({ dataProxyProtocol: true });
    const client = await come(gateway);
    const port = portOf(await client.ask("PASV"));
    const strangers: [string, object][] = [
      [headerOf("127.0.0.78"), {}],
      ["0123456789abcdefghij\r\n", {}],
      [formatProxyHeader("v2", { kind: "local" }), {}],
      [headerOf(anyClient), { localAddress: anyClient }],
    ];
    for (const [bytes, from] of strangers) {
      const stranger = await dialData(port, from);
      stranger.write(bytes, "latin1");
      expect((await readAll(stranger)).end).toBe("reset");
    }
    expect(await gateway.sample('pinhole_strangers_total{gateway="test",side="client"}')).toBe(4);
    const data = await dialData(port);
    data.write(headerOf(anyClient), "latin1");
    client.write("RETR x\r\n");
    expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
    data.end();
  });

  test("whose headers do not come does not keep the client out, and nothing of it is left", async () => {
    const gateway = await setBalanced({ dataProxyProtocol: true });
    const client = await come(gateway);
    const port = portOf(await client.ask("PASV"));
    const silent = await Promise.all(Array.from({ length: 7 }, () => dialData(port)));
    const data = await dialData(port);
    data.write(headerOf(anyClient), "latin1");
    client.write("RETR x\r\n");
    const ends = silent.map(async (socket) => (await readAll(socket)).end);
    expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
    expect(await Promise.all(ends)).toEqual(silent.map(() => "reset"));
    data.end();
    client.close();
    await expectNothingLeft(gateway);
  });

  test("says so in clear before the client's TLS, on the control connection and on data connections", async () => {
    const gateway = await setBalanced({ dataProxyProtocol: true }, terminating());
    const tcp = connectTcp(gateway.port, "127.0.0.1");
    onTestFinished(() => void tcp.destroy());
    tcp.write(headerOf(anyClient), "latin1");
    await once(tcp, "data");
    tcp.write("AUTH TLS\r\n");
    await once(tcp, "data");
    const socket = connect({ socket: tcp, host: "127.0.0.1", rejectUnauthorized: false });
    const client = await spoken(socket);
    await once(socket, "secureConnect");
    for (const line of ["USER anna", "PASS secret", "PBSZ 0", "PROT P"]) await client.say(line);
    const announced = await client.say("EPSV");
    const data = connectTcp(Number(/\|\|\|(\d+)\|/.exec(announced)?.[1]), "127.0.0.1");
    data.write(headerOf(anyClient, "v1"), "latin1");
    socket.write("RETR x\r\n");
    const session = client.session();
    const { bytes, resumed } = await readData(announced, {
      socket: data,
      host: "127.0.0.1",
      ...(session && { session }),
    });
    expect(bytes.equals(fileBody)).toBe(true);
    expect(resumed).toBe(true);
    expect(await client.reply()).toBe("226 Done");
  });

  test("without headers may come from the networks that are named", async () => {
    const gateway = await setBalanced({ dataPeer: { networks: [{ base: "127.0.0.32", bits: 30 }] } });
    const client = await come(gateway);
    const port = portOf(await client.ask("PASV"));
    const stranger = await dialData(port, { localAddress: "127.0.0.36" });
    expect((await readAll(stranger)).end).toBe("reset");
    const data = await dialData(port, { localAddress: "127.0.0.33" });
    client.write("RETR x\r\n");
    expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
    data.end();
  });
});

describe("a server of a pool that wants headers before its data connections", () => {
  /** Its data connections begin with a header, which is taken off. */
  async function setWanting() {
    const heard: Buffer[] = [];
    const listen = async (s: FakeSession): Promise<number> => {
      const listener = createServer((socket: Socket) => {
        listener.close();
        socket.on("error", () => {});
        socket.once("data", (chunk: Buffer) => {
          heard.push(chunk);
          socket.end(fileBody, () => s.say("226 Done"));
        });
      }).listen(0, "127.0.0.1");
      await once(listener, "listening");
      onTestFinished(() => void listener.close());
      return (listener.address() as AddressInfo).port;
    };
    const server = await setServer({
      // The header before the control connection is no command.
      PROXY() {},
      async EPSV(s) {
        s.say(`229 Entering Extended Passive Mode (|||${await listen(s)}|)`);
      },
      async PASV(s) {
        const port = await listen(s);
        s.say(`227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`);
      },
      RETR: (s) => s.say("150 Here it comes"),
    });
    return { server, heard };
  }

  const routeTo = (port: number): PoolRoute => ({
    ...{ kind: "pool", balance: "round-robin", fall: 3, everyMs: 60_000, slowStartMs: 0 },
    servers: [
      {
        ...{ name: "one", server: { host: "127.0.0.1", port }, weight: 1 },
        ...{ proxyProtocol: "v1", proxyProtocolData: true },
      },
    ],
  });

  test("is told of the client's own data connection", async () => {
    const { server, heard } = await setWanting();
    const gateway = await setGateway(0, { route: routeTo(server.port) });
    const client = await setClient(gateway, "127.0.0.1", anyClient);
    await client.login();
    const port = portOf(await client.ask("PASV"));
    const data = await dialData(port, { localAddress: anyClient });
    const from = data.address() as AddressInfo;
    client.write("RETR x\r\n");
    expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(readProxyHeader(heard[0] ?? Buffer.alloc(0))).toMatchObject({
      header: {
        kind: "proxied",
        source: { address: anyClient, port: from.port },
        destination: { address: "127.0.0.1", port },
      },
      length: heard[0]?.length,
    });
    expect([await client.reply(), await client.reply()]).toEqual(["150 Here it comes", "226 Done"]);
    await until(async () => (await gateway.sample('transfers_active{gateway="test",plane="relay"}')) === 0);

    expect(gateway.log.find(({ msg }) => msg === "transfer ended")).toMatchObject({ plane: "relay" });
  });
});
