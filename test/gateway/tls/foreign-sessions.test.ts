// Whose TLS session a connection resumes: a thief of data connections and a client of another authority get nothing by tickets.
import { afterEach, describe, expect, test } from "vitest";
import { type FtpServer, startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { GatewayTls } from "../../../src/gateway/options.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { startGateway, type TestGateway } from "../start-gateway.ts";
import { authenticated, loggedIn, readData, terminating } from "./terminating.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function ftpServer(): Promise<FtpServer> {
  const files = { "a.txt": Buffer.from("hello\n") };
  const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  stops.push(server.stop);
  return server;
}

async function gatewayWith(tls: GatewayTls): Promise<TestGateway> {
  const gateway = await startGateway((await ftpServer()).endpoint.port, { tls });
  stops.push(gateway.stop);
  return gateway;
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("sessionReuse: require, %s", (version) => {
  const speech = { version, options: { maxVersion: version } };

  test("attack: what a refused data connection was given does not open the next one", async () => {
    const gateway = await gatewayWith(terminating({ client: { sessionReuse: "require" } }));
    const client = await loggedIn(gateway.port, speech);
    const retrieve = async (session: Buffer | undefined) => {
      const announced = await client.say("EPSV");
      const taken = readData(announced, { maxVersion: version, ...(session && { session }) });
      return { reply: await client.say("RETR a.txt"), ...(await taken) };
    };
    const first = await retrieve(undefined);
    expect(first.reply).toMatch(/^(?:425|522) /);
    const second = await retrieve(first.session);
    expect({ resumed: second.resumed, bytes: String(second.bytes) }).toEqual({ resumed: false, bytes: "" });
    expect(second.reply).toMatch(/^(?:425|522) /);
    client.socket.destroy();
  });

  test("a client whose data connections each resume the one before, or the control connection, is served", async () => {
    const gateway = await gatewayWith(terminating({ client: { sessionReuse: "require" } }));
    const client = await loggedIn(gateway.port, speech);
    let session = client.session();
    for (let round = 0; round < 12; round += 1) {
      const announced = await client.say("EPSV");
      // Now and then the first one again.
      const offered = round % 5 === 4 ? client.session() : session;
      const taken = readData(announced, { maxVersion: version, ...(offered && { session: offered }) });
      expect(await client.say("RETR a.txt")).toMatch(/^226 /);
      const data = await taken;
      expect({ resumed: data.resumed, bytes: String(data.bytes) }).toEqual({ resumed: true, bytes: "hello\n" });
      session = data.session ?? session;
    }
    client.socket.destroy();
  });

  test("attack: the ticket of another client's session opens no data connection", async () => {
    const gateway = await gatewayWith(terminating({ client: { sessionReuse: "require" } }));
    const client = await loggedIn(gateway.port, speech);
    const thief = await loggedIn(gateway.port, speech);
    const announced = await client.say("EPSV");
    const session = thief.session();
    expect(session).toBeDefined();
    const taken = readData(announced, { maxVersion: version, ...(session && { session }) });
    expect(await client.say("RETR a.txt")).toMatch(/^(?:425|522) /);
    expect(await taken).toMatchObject({ resumed: false, bytes: Buffer.alloc(0) });
    client.socket.destroy();
    thief.socket.destroy();
  });
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "attack: a client that one gateway has trusted does not get by its ticket into another with another authority (%s)",
  async (version) => {
    const [ours, theirs] = [makeCertificate({ name: "ours" }), makeCertificate({ name: "theirs" })];
    const asking = (ca: string): GatewayTls =>
      terminating({ client: { require: "login", clientCertificates: { ca, require: true } } });
    const first = await gatewayWith(asking(theirs.certFile));
    const second = await gatewayWith(asking(ours.certFile));
    const shown = { cert: theirs.cert, key: theirs.key };
    const trusted = await authenticated(first.port, { version, options: shown });
    expect(await trusted.say("USER theirs")).toMatch(/^331 /);
    const session = trusted.session();
    expect(session).toBeDefined();
    const client = await authenticated(second.port, { version, options: { ...shown, ...(session && { session }) } });
    client.socket.write("USER theirs\r\n");
    expect(await client.reply()).not.toMatch(/^331 /);
    trusted.socket.destroy();
    client.socket.destroy();
  },
);
