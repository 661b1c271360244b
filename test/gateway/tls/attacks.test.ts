// Hostile use of TLS by peers that speak it well: names that are none, floods where an end is waited for, TLS again and again.
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createClientContext } from "../../../src/tls/client-context.ts";
import { made } from "../../tls/tls-peers.ts";
import { setServer } from "../stage.ts";
import { startGateway } from "../start-gateway.ts";
import { authenticated, loggedIn, terminating, type Wanted } from "./terminating.ts";

async function setGateway(wanted: Wanted = {}) {
  const server = await setServer({ REIN: (session) => session.say("220 Again") });
  const gateway = await startGateway(server.port, { tls: terminating(wanted) });
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function greeted(port: number): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "data");
  return socket;
}

/** By an end or a reset. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}

async function say(over: Duplex, line: string): Promise<string> {
  over.write(`${line}\r\n`);
  const [reply] = (await once(over, "data")) as [Buffer];
  return String(reply);
}

/** TLS above a connection that stays when it ends. */
async function secure(socket: Socket): Promise<{ secured: TLSSocket; end(): Promise<void> }> {
  const beneath = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => done(),
  });
  const feed = (chunk: Buffer): void => void beneath.push(chunk);
  socket.on("data", feed);
  const secured = connectTls({ socket: beneath, rejectUnauthorized: false }).on("error", () => {});
  await once(secured, "secureConnect");
  return {
    secured,
    async end() {
      if (!secured.readableEnded) await once(secured.resume(), "end");
      await new Promise<void>((resolve) => void secured.end(() => resolve()));
      socket.off("data", feed);
    },
  };
}

test("attack: a name that is asked for (SNI) and holds line ends makes no lines in a trace", async () => {
  const gateway = await setGateway();
  const client = await authenticated(gateway.port, { options: { servername: "evil\n     fail gateway: x" } });
  expect(await client.say("NOOP")).toMatch(/^200 /);
  client.socket.destroy();
  await expect
    .poll(async () => (await gateway.metrics.text()) && gateway.transcript.at(-1))
    .toMatch(/end client-gone$/);
  expect(gateway.transcript.join("\n")).toMatch(/tls started client \S+ \S+ in \d+ ms$/m);
  expect(gateway.transcript.join("\n")).not.toMatch(/evil|fail/);
  expect(JSON.stringify(gateway.log)).not.toContain("evil");
});

test("REIN ends TLS where it may, and AUTH begins it again, any number of times", async () => {
  const gateway = await setGateway({ client: { ccc: true } });
  const socket = await greeted(gateway.port);
  for (let cycle = 0; cycle < 20; cycle += 1) {
    expect(await say(socket, "AUTH TLS")).toMatch(/^234 /);
    const { secured, end } = await secure(socket);
    expect(await say(secured, "REIN")).toMatch(/^220 /);
    await end();
    expect(await say(socket, "NOOP")).toMatch(/^200 /);
  }
});

test("attack: whoever goes on under TLS when its end is waited for is cut off", async () => {
  const gateway = await setGateway({ client: { ccc: true } });
  const socket = await greeted(gateway.port);
  expect(await say(socket, "AUTH TLS")).toMatch(/^234 /);
  const { secured } = await secure(socket);
  expect(await say(secured, "CCC")).toMatch(/^200 /);
  const closed = gone(socket);
  const flood = setInterval(() => secured.write(Buffer.alloc(16_000, "x")), 1);
  onTestFinished(() => clearInterval(flood));
  await closed;
  clearInterval(flood);
  await expect.poll(() => gateway.sample('sessions_active{gateway="test"}')).toBe(0);
});

test.each(["end", "resetAndDestroy"] as const)(
  "a client that goes where the end of TLS is waited for (%s) ends its session",
  async (way) => {
    const gateway = await setGateway({ client: { ccc: true } });
    const socket = await greeted(gateway.port);
    expect(await say(socket, "AUTH TLS")).toMatch(/^234 /);
    const { secured } = await secure(socket);
    expect(await say(secured, "CCC")).toMatch(/^200 /);
    expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
    socket[way]();
    await expect.poll(() => gateway.sample('sessions_active{gateway="test"}')).toBe(0);
  },
);

test.each([
  ["a record that is longer than one may be", Buffer.from([0x16, 3, 1, 0x9c, 0x40])],
  ["a message of 16 MiB", Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff])],
])("attack: %s ends the handshake at once, and nothing waits for its rest", async (_name, beginning) => {
  for (const ccc of [false, true]) {
    const gateway = await setGateway({ client: { ccc } });
    const socket = await greeted(gateway.port);
    expect(await say(socket, "AUTH TLS")).toMatch(/^234 /);
    socket.write(Buffer.concat([beginning, Buffer.alloc(20_000)]));
    await gone(socket.resume());
    await expect.poll(() => gateway.log.some(({ msg }) => msg === "TLS failed")).toBe(true);
  }
});

test("attack: a server that asks for another handshake in the middle of TLS 1.2 gets none", async () => {
  const server = createTlsServer({ cert: made.cert, key: made.key, maxVersion: "TLSv1.2" });
  const listener = createServer(
    (raw) =>
      void server.emit(
        "connection",
        raw.on("error", () => {}),
      ),
  ).listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const accepted = once(server, "secureConnection");
  const raw = connectTcp((listener.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void raw.destroy());
  await once(raw, "connect");
  const context = createClientContext({ verify: true, ca: made.cert, name: "ftp.example.net", minVersion: "TLSv1.2" });
  const client = context.open(raw);
  const broken = new Promise<Error>((resolve) => void client.once("error", resolve));
  const [peer] = (await accepted) as [TLSSocket];
  peer.on("error", () => {});
  peer.on("data", (chunk: Buffer) => void peer.write(chunk));
  expect(await say(client, "NOOP")).toBe("NOOP\r\n");
  let isRenegotiated = false;
  peer.renegotiate({}, () => (isRenegotiated = true));
  // OpenSSL's server breaks at a no.
  expect((await broken).message).toContain("alert handshake failure");
  expect(isRenegotiated).toBe(false);
});

test("attack: a browser that is led to a control or data connection (ALPN) is given nothing of it, and who offers FTP is served", async () => {
  const gateway = await setGateway();
  const offer = async (port: number, protocols: string[]) => {
    const raw = connectTcp(port, "127.0.0.1").on("error", () => {});
    onTestFinished(() => void raw.destroy());
    if (port === gateway.port) {
      await once(raw, "data");
      expect(await say(raw, "AUTH TLS")).toMatch(/^234 /);
    }
    const socket = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: protocols });
    return new Promise<string>((resolve) => {
      socket.once("secureConnect", () => resolve(String(socket.alpnProtocol)));
      socket.once("error", ({ message }) => resolve(message));
    });
  };
  expect(await offer(gateway.port, ["h2", "http/1.1"])).toMatch(/no application protocol/);
  await expect.poll(() => JSON.stringify(gateway.log)).toContain("another protocol than FTP");
  expect(await offer(gateway.port, ["x-filezilla-ftp", "ftp"])).toBe("x-filezilla-ftp");
  expect(await offer(gateway.port, ["http/1.1", "ftp"])).toBe("ftp");
  const client = await loggedIn(gateway.port);
  onTestFinished(() => void client.socket.destroy());
  const port = Number(/\|\|\|(\d+)\|/.exec(await client.say("EPSV"))?.[1]);
  const listed = client.say("LIST");
  expect(await offer(port, ["h2", "http/1.1"])).toMatch(/no application protocol|disconnected|ECONNRESET/);
  expect(await listed).toMatch(/^425 /);
});
