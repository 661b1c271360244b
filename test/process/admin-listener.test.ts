import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createOwnEndpoints } from "../../src/gateway/own-endpoints.ts";
import { parseEndpoint } from "../../src/net/endpoint.ts";
import { createAdmin } from "../../src/observe/admin.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createAdminListener } from "../../src/process/admin-listener.ts";
import { openDialogue, portLine } from "../gateway/ftp-dialogue.ts";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { setServer, until } from "../gateway/stage.ts";

test("where the admin listener listens nothing is dialled: from when it is opened to when it is closed", async () => {
  const own = createOwnEndpoints();
  const endpoints: string[] = [];
  const metrics = createMetrics("0");
  const listener = createAdminListener(
    (admitting) => createAdmin({ ...admitting, metrics, isReady: () => true }),
    own,
    {
      info: (fields: object) => void endpoints.push(String(Reflect.get(fields, "endpoint"))),
      warn: () => {},
    },
  );
  onTestFinished(() => listener.stop());
  const admin = { listen: { address: "127.0.0.1", port: 0 }, hosts: [], open: false };
  (await listener.prepare({ admin })).commit();
  const endpoint = parseEndpoint(endpoints[0] ?? "") ?? expect.fail();
  expect(own.listensAt(endpoint)).toBe(true);
  (await listener.prepare({ admin: { listen: { address: "127.0.0.2", port: 0 }, hosts: [], open: false } })).rollback();
  expect(own.listensAt(endpoint)).toBe(true);
  (await listener.prepare({})).commit();
  await until(() => !own.listensAt(endpoint));
});

test("no client and no server leads a connection to the admin listener", async () => {
  const rest = { admin: { listen: "127.0.0.1:0" } };
  let own = 0;
  const server = await setServer({
    PASV: (session) => session.say(`227 Entering Passive Mode (127,0,0,1,${own >> 8},${own & 255})`),
  });
  const gateways = [
    { name: "fixed", listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${server.port}` } },
    { name: "login", listen: ["127.0.0.1:0"], route: { login: { allow: ["*", "127.0.0.0/8", "0.0.0.0/8"] } } },
  ];
  const gateway = spawnGateway(gateways, { rest });
  const portOf = (line: Record<string, unknown> | undefined): number =>
    parseEndpoint(String(line?.["endpoint"]))?.port ?? expect.fail();
  own = portOf(await gateway.logged("admin listening"));
  const at = (name: string): number =>
    portOf(gateway.lines().find((line) => line["msg"] === "listening" && line["gateway"] === name));

  const client = await openDialogue(at("fixed"));
  onTestFinished(() => client.close());
  await client.login();
  expect(await client.ask(portLine(own))).toMatch(/^504 /);
  expect(await client.ask("PASV")).toMatch(/^425 /);

  const named = await openDialogue(at("login"));
  onTestFinished(() => named.close());
  expect(await named.reply()).toMatch(/^220/);
  for (const host of ["127.0.0.1", "0.0.0.0", "localhost"]) {
    expect(await named.ask(`USER x@${host}:${own}`), host).toMatch(/^530 .* is this gateway itself\.$/);
  }
  // It is there all the same.
  const scraper = connect(own, "127.0.0.1");
  onTestFinished(() => void scraper.destroy());
  scraper.write("GET /healthz HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n");
  await until(() => scraper.bytesRead > 0);
});

test("other names in admin.hosts hold at once, at the same endpoint", async () => {
  const endpoints: string[] = [];
  const metrics = createMetrics("0");
  const listener = createAdminListener(
    (admitting) => createAdmin({ ...admitting, metrics, isReady: () => true }),
    createOwnEndpoints(),
    { info: (fields: object) => void endpoints.push(String(Reflect.get(fields, "endpoint"))), warn: () => {} },
  );
  onTestFinished(() => listener.stop());
  const admin = { listen: { address: "127.0.0.1", port: 0 }, hosts: ["gw.example.net"], open: false };
  (await listener.prepare({ admin })).commit();
  const { port } = parseEndpoint(endpoints[0] ?? "") ?? expect.fail();
  const answer = async (): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nhost: gw.example.net\r\nconnection: close\r\n\r\n");
    return (await text(socket)).slice(9, 12);
  };
  expect(await answer()).toBe("200");
  (await listener.prepare({ admin: { ...admin, hosts: [], open: false } })).commit();
  expect(await answer()).toBe("421");
});
