// A gateway that greets by itself: the server is chosen by USER and HOST, and another takes its place until USER is passed on.
import { expect, test } from "vitest";
import type { Balance, PoolRoute, PoolServer } from "../../../src/gateway/options.ts";
import { fileBody, type Script } from "../fake-server.ts";
import { downloadWhole, expectNothingLeft, freePort, setClient, setGateway, setServer, until } from "../stage.ts";
import type { TestGateway } from "../start-gateway.ts";
import { terminating } from "../tls/terminating.ts";

const at = ({ port }: { port: number }, rest: Partial<PoolServer> = {}): PoolServer => ({
  name: `127.0.0.1:${port}`,
  server: { host: "127.0.0.1", port },
  weight: 1,
  ...rest,
});

async function setPool(
  servers: readonly PoolServer[],
  balance: Balance = "round-robin",
  rest: Parameters<typeof setGateway>[1] = {},
): Promise<TestGateway> {
  const route: PoolRoute = { kind: "pool", servers, balance, fall: 3, everyMs: 60_000, slowStartMs: 0 };
  return setGateway(0, { route, timeouts: { connectMs: 300 }, ...rest });
}

const connects = (gateway: TestGateway, { port }: { port: number }, outcome: string): Promise<number> =>
  gateway.sample(`server_connects_total{gateway="test",server="127.0.0.1:${port}",outcome="${outcome}"}`);

test("users and hosts come to their servers, with the file that they have asked for", async () => {
  const [acme, beta, rest] = [await setServer(), await setServer({ HOST: (s) => s.say("220 Ok") }), await setServer()];
  const gateway = await setPool([at(acme, { users: ["acme-*"] }), at(beta, { hosts: ["*.beta.example"] }), at(rest)]);
  const logIn = async (user: string, host?: string) => {
    const client = await setClient(gateway);
    expect(await client.reply()).toBe("220 FTP gateway ready.");
    if (host !== undefined) expect(await client.ask(`HOST ${host}`)).toBe("220 Host accepted.");
    expect(await client.ask(`USER ${user}`)).toBe("331 Password please");
    expect(await client.ask("PASS p")).toBe("230 Logged in");
    expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
    await client.ask("QUIT");
  };
  await logIn("acme-bob");
  await logIn("bob", "ftp.beta.example");
  await logIn("bob");
  expect(acme.session.lines[0]).toBe("USER acme-bob");
  expect(beta.session.lines.slice(0, 2)).toEqual(["HOST ftp.beta.example", "USER bob"]);
  expect(rest.session.lines[0]).toBe("USER bob");
  await expectNothingLeft(gateway);
});

test("what a client pipelines behind USER reaches its server, in order, and nobody else", async () => {
  const [acme, other] = [await setServer(), await setServer()];
  const gateway = await setPool([at(acme, { users: ["acme-*"] }), at(other)]);
  const client = await setClient(gateway);
  client.write("SYST\r\nUSER acme-bob\r\nPASS p\r\nPWD\r\nNOOP\r\n");
  expect(await client.reply()).toBe("220 FTP gateway ready.");
  const replies = [];
  for (let count = 0; count < 5; count++) replies.push(await client.reply());
  expect(replies).toEqual(["215 UNIX Type: L8", "331 Password please", "230 Logged in", '257 "/"', "200 Nothing done"]);
  expect(acme.session.lines).toEqual(["USER acme-bob", "PASS p", "PWD", "NOOP"]);
  expect(other.sessions).toEqual([]);
});

test("a user whose server is down is told 421 at once, and comes to nobody else's", async () => {
  const other = await setServer();
  const gateway = await setPool([at({ port: await freePort() }, { users: ["acme-*"] }), at(other)]);
  const client = await setClient(gateway);
  await client.reply();
  client.write("USER acme-bob\r\n");
  expect(await client.rest()).toBe("421 No server is available now. Try again later.\r\n");
  expect(other.sessions).toEqual([]);
});

test("user-hash: a user comes to the same server, and another takes over while that is away, for its own users alone", async () => {
  const servers = [await setServer(), await setServer(), await setServer()];
  const gateway = await setPool(
    servers.map((server) => at(server)),
    "user-hash",
  );
  const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
  const places = async (): Promise<readonly number[]> => {
    const found = [];
    for (const user of users) {
      const client = await setClient(gateway);
      await client.reply();
      expect(await client.ask(`USER ${user}`)).toBe("331 Password please");
      const line = `USER ${user}`;
      found.push(servers.findIndex(({ sessions }) => sessions.at(-1)?.lines[0] === line));
      client.close();
    }
    return found;
  };
  const before = await places();
  expect(new Set(before).size).toBe(3);
  servers[1]?.stop();
  const after = await places();
  for (const [index, place] of before.entries()) {
    if (place === 1) expect(after[index]).not.toBe(1);
    else expect(after[index]).toBe(place);
  }
});

test.each<[string, Script, object, string]>([
  ["does not know the host", { HOST: (s) => s.say("504 Not here") }, {}, "refused"],
  ["closes the connection instead of an answer to HOST", { HOST: (s) => void s.socket.end() }, {}, "refused"],
  ["is silent after its greeting", { HOST() {} }, {}, "silent"],
  ["says 421 to HOST", { HOST: (s) => s.say("421 Full") }, {}, "refused"],
  ["greets with 120 and nothing else", {}, { greeting: "120 Soon" }, "silent"],
  ["greets with 230", {}, { greeting: "230 Logged in" }, "refused"],
  ["greets like another protocol", {}, { greeting: "SSH-2.0-Server" }, "refused"],
])(
  "a server that %s is replaced by the next one before USER, and falls after three times",
  async (_, script, options, outcome) => {
    const [bad, good] = [await setServer(script, options), await setServer({ HOST: (s) => s.say("220 Ok") })];
    const hosts = ["ftp.example"];
    const gateway = await setPool([at(bad, { hosts }), at(good, { hosts })]);
    for (let session = 0; session < 6; session++) {
      const client = await setClient(gateway);
      await client.reply();
      await client.ask("HOST ftp.example");
      expect(await client.ask("USER bob")).toBe("331 Password please");
      expect(await client.ask("PASS p")).toBe("230 Logged in");
      client.close();
    }
    expect(await connects(gateway, bad, outcome)).toBe(3);
    expect(await connects(gateway, good, "connected")).toBe(6);
    expect(bad.sessions.flatMap(({ lines }) => lines).filter((line) => line.startsWith("USER"))).toEqual([]);
    expect(gateway.log.filter(({ msg }) => msg === "server down")).toMatchObject([{ server: `127.0.0.1:${bad.port}` }]);
    await until(
      async () => (await gateway.sample(`server_sessions{gateway="test",server="127.0.0.1:${good.port}"}`)) === 0,
    );
    await expectNothingLeft(gateway);
  },
);

test("a server that refuses TLS is replaced by the next one; where none has it the client is told", async () => {
  const bad = await setServer({ AUTH: (s) => s.say("502 No TLS") });
  const also = await setServer({ AUTH: (s) => s.say("431 Not now") });
  const gateway = await setPool([at(bad), at(also)], "user-hash", {
    tls: terminating({ server: { mode: "required", name: "localhost" } }),
  });
  const client = await setClient(gateway);
  await client.reply();
  client.write("USER bob\r\n");
  expect(await client.rest()).toBe("421 No server is available now. Try again later.\r\n");
  expect([bad, also].map(({ sessions }) => sessions.length)).toEqual([1, 1]);
  await expectNothingLeft(gateway);
});

test.each<[string, Script]>([
  ["answers AUTH with what is no TLS", { AUTH: (s) => s.write("234 go\r\nno TLS at all\r\n") }],
  ["breaks the connection instead of a handshake", { AUTH: (s) => void (s.say("234 go"), s.socket.end()) }],
  ["says no more after AUTH", { AUTH() {} }],
])("a server that %s is replaced by one that speaks TLS, and data connections are under its TLS", async (_, script) => {
  const bad = await setServer(script);
  const inner = await setServer();
  const secure = await setGateway(inner.port, { tls: terminating() });
  const gateway = await setPool([at(bad, { users: ["bob"] }), at(secure, { users: ["bob"] })], "round-robin", {
    tls: terminating({ server: { mode: "required", verify: false } }),
  });
  for (let session = 0; session < 2; session++) {
    const client = await setClient(gateway);
    await client.reply();
    expect(await client.ask("USER bob")).toBe("331 Password please");
    expect(await client.ask("PASS p")).toBe("230 Logged in");
    expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
    client.close();
  }
  expect(bad.sessions.length).toBeGreaterThan(0);
  expect(bad.sessions.flatMap(({ lines }) => lines).filter((line) => /USER|PASS/.test(line))).toEqual([]);
  await expectNothingLeft(gateway);
});

test("FEAT before USER has what all servers have, once a session has asked each", async () => {
  const [one, other] = [
    await setServer({ FEAT: (s) => s.write("211-Features:\r\n UTF8\r\n MDTM\r\n211 End\r\n") }),
    await setServer({ FEAT: (s) => s.write("211-Features:\r\n SIZE\r\n UTF8\r\n211 End\r\n") }),
  ];
  const gateway = await setPool([at(one, { users: ["a-*"] }), at(other, { users: ["b-*"] })]);
  const asked = async (user: string): Promise<string> => {
    const client = await setClient(gateway);
    await client.reply();
    const before = await client.ask("FEAT");
    await client.ask(`USER ${user}`);
    await client.ask("PASS p");
    await client.ask("FEAT");
    client.close();
    return before;
  };
  expect([await asked("a-1"), await asked("b-1")]).toEqual(Array(2).fill("211 No features before login."));
  expect(await asked("a-1")).toBe("211-Features:\n UTF8\n211 End");
});

test("a client that goes while a server is waited for leaves nothing behind", async () => {
  const silent = await setServer({}, { greeting: "" });
  const gateway = await setPool([at(silent)], "user-hash");
  const client = await setClient(gateway);
  await client.reply();
  client.write("USER bob\r\n");
  await until(() => silent.sessions.length === 1);
  client.socket.resetAndDestroy();
  await expectNothingLeft(gateway);
  expect(await gateway.sample(`server_up{gateway="test",server="127.0.0.1:${silent.port}"}`)).toBe(1);
});
