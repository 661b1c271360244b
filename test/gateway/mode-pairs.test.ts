// All sixteen pairs of modes, each over the families that it exists for: download, upload and listing (RFC 6384).
import { describe, expect, test } from "vitest";
import { fileBody, type Script } from "./fake-server.ts";
import { type Dialogue, readAll } from "./ftp-dialogue.ts";
import { announce, knowsOnly, type Loopback, modePairs, modesOf, serverModeFor } from "./modes.ts";
import { expectNothingLeft, setClient, setGateway, setServer } from "./stage.ts";
import type { Overrides } from "./start-gateway.ts";

async function setPair(clientHost: Loopback, serverHost: Loopback, script: Script, overrides: Overrides) {
  const server = await setServer(script, { host: serverHost });
  const gateway = await setGateway(server.port, {
    listen: [{ address: clientHost, port: 0 }],
    route: { kind: "fixed", server: { host: serverHost, port: server.port } },
    ...overrides,
  });
  const client = await setClient(gateway, clientHost);
  await client.login();
  return { server, gateway, client };
}

async function download(client: Dialogue, mode: Parameters<typeof announce>[1], host: Loopback, line: string) {
  const announced = await announce(client, mode, host);
  expect(announced.reply).toMatch(/^2/);
  client.write(`${line}\r\n`);
  const data = await announced.socket;
  const received = await readAll(data);
  data.end();
  expect(await client.reply()).toMatch(/^150/);
  expect(await client.reply()).toMatch(/^226/);
  return received;
}

describe.each(modePairs)(
  "$clientMode over $clientHost, $serverMode over $serverHost",
  ({ clientHost, clientMode, serverHost, serverMode }) => {
    test("downloads, uploads and lists", async () => {
      const { client, server, gateway } = await setPair(clientHost, serverHost, knowsOnly(serverMode), {
        serverSide: { mode: serverModeFor(serverMode) },
      });
      const file = await download(client, clientMode, clientHost, "RETR x");
      expect([file.bytes.equals(fileBody), file.end]).toEqual([true, "fin"]);

      const announced = await announce(client, clientMode, clientHost);
      client.write("STOR x\r\n");
      expect(await client.reply()).toMatch(/^150/);
      const body = Buffer.alloc(300_000, "upload");
      (await announced.socket).end(body);
      expect(await client.reply()).toBe(`226 Got ${body.length}`);

      expect((await download(client, clientMode, clientHost, "LIST")).bytes.toString()).toMatch(/^-rw/);

      const said = server.session.lines.filter((line) => /^(?:PORT|EPRT|PASV|EPSV)/.test(line));
      expect(said.at(-1)).toMatch(new RegExp(`^${serverMode}`));
      client.write("QUIT\r\n");
      client.socket.end();
      await expectNothingLeft(gateway);
      const counted = `translations_total{gateway="test",from="${clientMode}",to="${serverMode}"}`;
      expect(await gateway.sample(counted)).toBe(3);
    });
  },
);

describe("server mode `same`", () => {
  test.each((["127.0.0.1", "::1"] as const).flatMap((host) => modesOf[host].map((mode) => ({ host, mode }))))(
    "says $mode to the server that the client says it to, over $host",
    async ({ host, mode }) => {
      const { client, server } = await setPair(host, host, {}, {});
      const { bytes } = await download(client, mode, host, "RETR x");
      expect(bytes.equals(fileBody)).toBe(true);
      expect(server.session.lines.filter((line) => /^(?:PORT|EPRT|PASV|EPSV)/.test(line))).toEqual([
        expect.stringMatching(new RegExp(`^${mode}`)),
      ]);
    },
  );

  test.each<[Loopback, string, string]>([
    ["127.0.0.1", "PASV", "EPSV"],
    ["127.0.0.1", "PORT", "EPRT"],
    ["127.0.0.1", "EPSV", "EPSV"],
    ["127.0.0.1", "EPRT", "EPRT"],
    ["::1", "EPSV", "EPSV"],
    ["::1", "EPRT", "PORT"],
  ])("across families, from a client on %s, makes of %s a %s (RFC 6384)", async (host, mode, expected) => {
    const other = host === "::1" ? "127.0.0.1" : "::1";
    const { client, server } = await setPair(host, other, {}, {});
    const { bytes } = await download(client, mode as "PASV", host, "RETR x");
    expect(bytes.equals(fileBody)).toBe(true);
    expect(server.session.lines.findLast((line) => /^(?:PORT|EPRT|PASV|EPSV)/.test(line))).toMatch(
      new RegExp(`^${expected}`),
    );
  });
});

describe("a client on IPv6", () => {
  test.each(["PASV", "PORT 127,0,0,1,200,10"])("is refused %s with 522 and what to use instead", async (line) => {
    const { client, server } = await setPair("::1", "::1", {}, {});
    expect(await client.ask(line)).toMatch(/^522 .*\(2\)/);
    expect(server.session.lines).toHaveLength(2);
  });

  test("is refused EPRT of family 1 with 522 (D3.43)", async () => {
    const { client } = await setPair("::1", "::1", {}, {});
    expect(await client.ask("EPRT |1|127.0.0.1|51210|")).toMatch(/^522 .*\(2\)/);
  });

  test.each(["EPRT |2|::ffff:127.0.0.1|51210|", "EPRT |2|fe80::1%eth0|51210|"])(
    "that says %s is answered, and the session lives (D3.43)",
    async (line) => {
      const { client } = await setPair("::1", "::1", {}, {});
      expect(await client.ask(line)).toMatch(/^(?:200|501|504|522) /);
      expect(await client.ask("NOOP")).toMatch(/^200/);
    },
  );
});
