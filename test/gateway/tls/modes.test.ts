// Which leg is under TLS, and from when on, through whole gateways: as the client does, from the first byte, and by whose certificate.
import { Client } from "basic-ftp";
import { afterEach, expect, test } from "vitest";
import { type FtpServer, startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { Entrance, GatewayTls } from "../../../src/gateway/options.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { startGateway, type TestGateway } from "../start-gateway.ts";
import { terminating } from "./terminating.ts";

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

async function gatewayTo(port: number, tls: GatewayTls, listen?: readonly Entrance[]): Promise<TestGateway> {
  const gateway = await startGateway(port, { tls, ...(listen && { listen }) });
  stops.push(gateway.stop);
  return gateway;
}

async function login(port: number, how: Parameters<Client["access"]>[0] = {}): Promise<Client> {
  const client = new Client(5000);
  stops.push(async () => client.close());
  const { secureOptions, ...rest } = how;
  await client.access({
    ...{ host: "127.0.0.1", port, user: "anna", password: "secret", ...rest },
    secureOptions: { rejectUnauthorized: false, ...secureOptions },
  });
  return client;
}

const names = async (client: Client): Promise<string[]> => (await client.list()).map(({ name }) => name);
const implicit: readonly Entrance[] = [{ address: "127.0.0.1", port: 0, tls: "implicit" }];
const handshakes = 'tls_handshakes_total{gateway="test",side="server",kind="control",outcome="full"}';

test("match-client: the server is under TLS for a client under TLS, and in clear for one in clear", async () => {
  const server = await ftpServer();
  const secured = await gatewayTo(server.endpoint.port, terminating());
  const gateway = await gatewayTo(secured.port, terminating({ server: { mode: "match-client", data: "match" } }));
  expect(await names(await login(gateway.port))).toEqual(["a.txt"]);
  expect(await gateway.sample(handshakes)).toBe(0);
  expect(await names(await login(gateway.port, { secure: true }))).toEqual(["a.txt"]);
  expect(await gateway.sample(handshakes)).toBe(1);
});

test("match-client: a server without TLS refuses in its own words, and the session goes on in clear", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(
    server.endpoint.port,
    terminating({ server: { mode: "match-client", data: "match" } }),
  );
  const client = new Client(5000);
  stops.push(async () => client.close());
  await client.connect("127.0.0.1", gateway.port);
  await expect(client.send("AUTH TLS")).rejects.toThrow("502 Command not implemented");
  await client.login("anna", "secret");
  expect(await names(client)).toEqual(["a.txt"]);
});

test("implicit on both legs: TLS begins with the first byte here and there", async () => {
  const server = await ftpServer();
  const secured = await gatewayTo(server.endpoint.port, terminating(), implicit);
  const gateway = await gatewayTo(
    secured.port,
    terminating({ server: { mode: "required", implicit: true } }),
    implicit,
  );
  expect(await names(await login(gateway.port, { secure: "implicit" }))).toEqual(["a.txt"]);
});

test("auto: a server without TLS is served in clear, for a client under TLS too", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(server.endpoint.port, terminating({ server: { mode: "auto" } }));
  expect(await names(await login(gateway.port, { secure: true }))).toEqual(["a.txt"]);
});

test("a client's certificate lets in the user that it names, and nobody else", async () => {
  const server = await ftpServer();
  const own = makeCertificate({ name: "anna" });
  const clientCertificates = { ca: own.certFile, require: true };
  const gateway = await gatewayTo(server.endpoint.port, terminating({ client: { clientCertificates, user: "cn" } }));
  const secureOptions = { cert: own.cert, key: own.key };
  expect(await names(await login(gateway.port, { secure: true, secureOptions }))).toEqual(["a.txt"]);
  await expect(login(gateway.port, { secure: true, secureOptions, user: "bob" })).rejects.toThrow(
    "530 USER refused: your certificate is for another user.",
  );
  await expect(login(gateway.port, { secure: true })).rejects.toThrow();
});

test("require: a client in clear is told to say AUTH TLS, and one that protects no data to say PROT P", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(server.endpoint.port, terminating({ client: { require: "data" } }));
  await expect(login(gateway.port)).rejects.toThrow("530 USER refused: say AUTH TLS first.");
  const client = await login(gateway.port, { secure: true });
  await expect(client.send("PROT C")).rejects.toThrow("534 PROT C refused by policy of this gateway.");
  expect(await names(client)).toEqual(["a.txt"]);
});

test.each([false, true])("the servers of a pool are under TLS by one name, implicit: %s", async (isImplicit) => {
  const server = await ftpServer();
  const listen = isImplicit ? implicit : undefined;
  const secured = [
    await gatewayTo(server.endpoint.port, terminating(), listen),
    await gatewayTo(server.endpoint.port, terminating(), listen),
  ];
  const servers = secured.map(({ port }) => ({
    ...{ name: `127.0.0.1:${port}`, weight: 1 },
    server: { host: "127.0.0.1", port },
  }));
  const gateway = await startGateway(0, {
    tls: terminating({ server: { mode: "required", implicit: isImplicit } }),
    route: { kind: "pool", servers, balance: "round-robin", fall: 3, everyMs: 10_000, slowStartMs: 0 },
  });
  stops.push(gateway.stop);
  for (let session = 0; session < 4; session++) {
    expect(await names(await login(gateway.port, { secure: true }))).toEqual(["a.txt"]);
  }
  expect(await gateway.sample(handshakes)).toBe(4);
  const own = 'tls_handshakes_total{gateway="test",side="client",kind="control",outcome="full"}';
  expect(await Promise.all(secured.map((one) => one.sample(own)))).toEqual([2, 2]);
});
