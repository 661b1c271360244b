// A gateway that terminates TLS on either side. The TLS server behind it is another gateway with the demonstration's server behind it.
import { Client } from "basic-ftp";
import { Readable, Writable } from "node:stream";
import { once } from "node:events";
import { copyFileSync, mkdtempSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type FtpServer, startFtpServer } from "../../../src/demo/ftp-server.ts";
import type { ClientSideTls, GatewayTls, ServerSideTls } from "../../../src/gateway/options.ts";
import { loadTls } from "../../../src/gateway/tls/loaded-tls.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { made } from "../../tls/tls-peers.ts";
import { startGateway, type TestGateway } from "../start-gateway.ts";

const pair = { cert: made.certFile, key: made.keyFile };
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

type Wanted = { readonly client?: Partial<ClientSideTls>; readonly server?: Partial<ServerSideTls> };

function terminating({ client = {}, server = {} }: Wanted = {}): GatewayTls {
  return {
    kind: "terminate",
    client: {
      ...{ certificates: [pair], require: "none", minVersion: "TLSv1.2", ccc: false },
      ...{ sessionReuse: "prefer", truncation: "reset" },
      ...client,
    },
    server: {
      ...{ mode: "off", implicit: false, data: "private", verify: true, ca: made.certFile },
      ...{ name: "ftp.example.net", minVersion: "TLSv1.2", truncation: "reset" },
      ...server,
    },
  };
}

async function ftpServer(): Promise<FtpServer> {
  const server = await startFtpServer({
    listen: { address: "127.0.0.1", port: 0 },
    files: { "a.txt": Buffer.from("hello\n"), large: Buffer.alloc(3_000_000, "abcdefg") },
  });
  stops.push(server.stop);
  return server;
}

async function gatewayTo(port: number, tls: GatewayTls): Promise<TestGateway> {
  const gateway = await startGateway(port, { tls });
  stops.push(gateway.stop);
  return gateway;
}

async function login(port: number, secure: boolean, version?: "TLSv1.2" | "TLSv1.3"): Promise<Client> {
  const client = new Client(5000);
  stops.push(async () => client.close());
  await client.access({
    ...{ host: "127.0.0.1", port, user: "anna", password: "secret", secure },
    secureOptions: { rejectUnauthorized: false, ...(version && { minVersion: version, maxVersion: version }) },
  });
  return client;
}

async function download(client: Client, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await client.downloadTo(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    }),
    path,
  );
  return Buffer.concat(chunks);
}

async function exchange(client: Client, server: FtpServer): Promise<void> {
  expect(String(await download(client, "a.txt"))).toBe("hello\n");
  expect((await download(client, "large")).equals(server.files.get("large")!)).toBe(true);
  await client.uploadFrom(Readable.from([Buffer.from("one byte less than it seems")]), "up.txt");
  expect(String(server.files.get("up.txt"))).toBe("one byte less than it seems");
  expect((await client.list()).map(({ name }) => name).toSorted()).toEqual(["a.txt", "large", "up.txt"]);
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("%s", (version) => {
  test("of the client is terminated, and every data connection resumes its session", async () => {
    const server = await ftpServer();
    const gateway = await gatewayTo(server.endpoint.port, terminating());
    const client = await login(gateway.port, true, version);
    await exchange(client, server);
    expect(server.transcript.some((line) => /AUTH|PBSZ|PROT/.test(line))).toBe(false);
    client.close();
    expect(
      await gateway.sample('tls_handshakes_total{gateway="test",side="client",kind="control",outcome="full"}'),
    ).toBe(1);
    expect(
      await gateway.sample('tls_handshakes_total{gateway="test",side="client",kind="data",outcome="resumed"}'),
    ).toBeGreaterThan(0);
  });

  test("of the server is spoken for a client in clear, and its data connections resume the session", async () => {
    const server = await ftpServer();
    const minVersion = version;
    const secured = await gatewayTo(
      server.endpoint.port,
      terminating({ client: { minVersion, sessionReuse: "require" } }),
    );
    const gateway = await gatewayTo(secured.port, terminating({ server: { mode: "required", minVersion } }));
    await exchange(await login(gateway.port, false), server);
    const resumed = await gateway.sample(
      'tls_handshakes_total{gateway="test",side="server",kind="data",outcome="resumed"}',
    );
    expect(resumed).toBe(4);
    expect(
      await secured.sample('tls_handshakes_total{gateway="test",side="client",kind="data",outcome="resumed"}'),
    ).toBe(4);
  });

  test("is spoken on both legs, each with its own", async () => {
    const server = await ftpServer();
    const secured = await gatewayTo(server.endpoint.port, terminating());
    const gateway = await gatewayTo(secured.port, terminating({ server: { mode: "required" } }));
    await exchange(await login(gateway.port, true, version), server);
  });
});

// D4.79
test("a client whose data connections resume nothing is refused where they must, and gets no file", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(server.endpoint.port, terminating({ client: { sessionReuse: "require" } }));
  const client = await login(gateway.port, true, "TLSv1.2");
  // It keeps the session of the control connection for its data connections, which is taken from it.
  (client.ftp.socket as unknown as { getSession(): undefined }).getSession = () => undefined;
  const failed = await download(client, "a.txt").then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(Error);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(
    await gateway.sample('tls_handshakes_total{gateway="test",side="client",kind="data",outcome="not-resumed"}'),
  ).toBe(1);
});

test("what a client has said in clear behind AUTH is never obeyed, and ends the session before any 234", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(server.endpoint.port, terminating());
  const socket = connectTcp(gateway.port, "127.0.0.1");
  await once(socket, "data");
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += String(chunk)));
  socket.write("AUTH TLS\r\nUSER evil\r\nPASS x\r\n");
  await once(socket, "close");
  expect(heard).toMatch(/^421 /);
  expect(server.transcript.filter((line) => line.includes("evil"))).toEqual([]);
  expect(
    await gateway.sample(
      'tls_handshakes_total{gateway="test",side="client",kind="control",outcome="bytes-before-tls"}',
    ),
  ).toBe(1);
});

test("a client that speaks no TLS after AUTH is closed, and the log says why", async () => {
  const server = await ftpServer();
  const gateway = await gatewayTo(server.endpoint.port, terminating());
  const socket = connectTcp(gateway.port, "127.0.0.1");
  await once(socket, "data");
  socket.write("AUTH TLS\r\n");
  await once(socket, "data");
  socket.write("USER anna\r\n");
  await once(socket.resume(), "close");
  await gateway.sample("sessions_active");
  expect(gateway.log).toContainEqual(expect.objectContaining({ msg: "TLS failed", side: "client", cause: "not-tls" }));
});

test("a server whose certificate is not trusted is not served, and the client is told so in clear words", async () => {
  const server = await ftpServer();
  const secured = await gatewayTo(server.endpoint.port, terminating());
  const other = makeCertificate();
  const gateway = await gatewayTo(secured.port, terminating({ server: { mode: "required", ca: other.certFile } }));
  const socket = connectTcp(gateway.port, "127.0.0.1");
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += String(chunk)));
  await once(socket, "close");
  expect(heard).toMatch(/^421 .*certificate/m);
  await gateway.sample("sessions_active");
  expect(gateway.log).toContainEqual(
    expect.objectContaining({ msg: "TLS failed", side: "server", cause: "unknown-ca" }),
  );
});

test("files that are wrong keep a gateway from starting, with the path", async () => {
  const missing = { cert: "/nowhere/cert.pem", key: "/nowhere/key.pem" };
  const tls = terminating({ client: { certificates: [missing] } });
  await expect(startGateway(1, { tls })).rejects.toThrow("/nowhere/cert.pem: can't be read: ENOENT");
});

test("certificates that change are read again, and those that are wrong then change nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-live-"));
  const own = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const put = ({ certFile, keyFile }: { certFile: string; keyFile: string }): void => {
    copyFileSync(certFile, own.cert);
    copyFileSync(keyFile, own.key);
  };
  put(made);
  const notes: string[] = [];
  const tls = terminating({ client: { certificates: [own] } });
  if (tls.kind !== "terminate") throw new Error("not reached");
  const loaded = await loadTls(tls, { note: (_level, text) => notes.push(text) }, {});
  loaded.watch();
  const names = () => loaded.material().server.certificates.map((certificate) => certificate.names);
  expect(loaded.secondsLeft()).toEqual([{ certificate: "cert.pem", seconds: expect.any(Number) }]);
  put(makeCertificate({ name: "new.example.net" }));
  await expect.poll(names, { timeout: 5000 }).toEqual([["new.example.net"]]);
  copyFileSync(made.certFile, own.cert);
  await expect.poll(() => notes.at(-1), { timeout: 5000 }).toMatch(/stay as they are: .*the key does not fit/);
  expect(names()).toEqual([["new.example.net"]]);
  loaded.close();
});
