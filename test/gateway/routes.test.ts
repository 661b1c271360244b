// Where sessions lead: one configured server, or the one that the client names at login. Never back to us (D5.90).
import { describe, expect, test } from "vitest";
import type { AllowRule } from "../../src/session/options.ts";
import { fileBody } from "./fake-server.ts";
import { downloadWhole, expectNothingLeft, freePort, setClient, setGateway, setServer } from "./stage.ts";
import { passUntil, sleep } from "../virtual-time.ts";

const anywhere: readonly AllowRule[] = [{ kind: "network", network: { base: "0.0.0.0", bits: 0 } }];
const loginRoute = (allow = anywhere) => ({ route: { kind: "login", allow } as const });

describe("the fixed route", () => {
  test("reaches its server by name", async () => {
    const server = await setServer();
    const route = { kind: "fixed" as const, server: { host: "localhost", port: server.port } };
    const client = await setClient(await setGateway(server.port, { route }));
    await client.login();
    expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
  });

  test("waits for a server that starts late, within the time to connect", async () => {
    const port = await freePort();
    const client = await setClient(await setGateway(port, { timeouts: { connectMs: 3000 } }));
    client.write("USER u\r\n");
    await sleep(400);
    await setServer({}, { port });
    expect(await passUntil(client.reply())).toMatch(/^220/);
    expect(await client.reply()).toMatch(/^331/);
  });

  test("says with 421 why its server is unreachable, counted", async () => {
    const gateway = await setGateway(1, { timeouts: { connectMs: 200 } });
    const client = await setClient(gateway);
    expect(await passUntil(client.rest())).toMatch(/^421 .* is unreachable: connection refused.\r\n$/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="server-unreachable"}')).toBe(1);
    client.socket.end();
    await expectNothingLeft(gateway);
  });

  test("says with 421 that its server's name can't be resolved", async () => {
    const route = { kind: "fixed" as const, server: { host: "no-such-host.invalid", port: 21 } };
    const client = await setClient(await setGateway(1, { route, timeouts: { connectMs: 1500 } }));
    expect(await client.rest()).toMatch(/^421 The server is unreachable: its name can't be resolved \(\w+\)\.\r\n$/);
  });

  test("that leads to the gateway itself is a loop: 421 (D5.90)", async () => {
    const port = await freePort();
    const listen = [{ address: "127.0.0.1", port }];
    const gateway = await setGateway(port, { listen });
    const client = await setClient(gateway);
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    expect(await gateway.sample('sessions_total{gateway="test",end="loop"}')).toBe(1);
  });

  test("that leads to the gateway itself by another address of this machine is a loop too (D5.90)", async () => {
    const port = await freePort();
    const route = { kind: "fixed" as const, server: { host: "127.0.0.5", port } };
    const gateway = await setGateway(port, { listen: [{ address: "0.0.0.0", port }], route });
    const client = await setClient(gateway);
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    expect(await gateway.sample('sessions_total{gateway="test",end="loop"}')).toBe(1);
  });
});

describe("the login route", () => {
  async function setLogin(allow?: readonly AllowRule[]) {
    const server = await setServer();
    const gateway = await setGateway(server.port, loginRoute(allow));
    const client = await setClient(gateway);
    expect(await client.reply()).toMatch(/^220/);
    return { server, gateway, client };
  }

  test("takes the server from USER user@host:port, and the server reads the user alone", async () => {
    const { server, client } = await setLogin();
    expect(await client.ask(`USER me@127.0.0.1:${server.port}`)).toMatch(/^331/);
    expect(await client.ask("PASS secret")).toMatch(/^230/);
    expect(server.session.lines).toEqual(["USER me", "PASS secret"]);
    expect((await downloadWhole(client)).bytes.equals(fileBody)).toBe(true);
  });

  test("takes what stands behind the last @ for the host", async () => {
    const { server, client } = await setLogin();
    expect(await client.ask(`USER me@example.com@127.0.0.1:${server.port}`)).toMatch(/^331/);
    expect(server.session.lines).toEqual(["USER me@example.com"]);
  });

  test("takes a literal IPv6 address in brackets", async () => {
    const server = await setServer({}, { host: "::1" });
    const any: readonly AllowRule[] = [{ kind: "network", network: { base: "::", bits: 0 } }];
    const client = await setClient(await setGateway(server.port, loginRoute(any)));
    await client.reply();
    expect(await client.ask(`USER me@[::1]:${server.port}`)).toMatch(/^331/);
  });

  test.each(["OPEN", "SITE"])("takes the server from %s host port, and gives its greeting", async (verb) => {
    const { server, client } = await setLogin();
    expect(await client.ask(`${verb} 127.0.0.1 ${server.port}`)).toBe("220 Fake server");
    expect(await client.ask("USER me")).toMatch(/^331/);
    expect(server.session.lines).toEqual(["USER me"]);
  });

  test("resolves a name", async () => {
    const { server, client } = await setLogin([...anywhere, { kind: "name", pattern: "localhost" }]);
    expect(await client.ask(`USER me@localhost:${server.port}`)).toMatch(/^331/);
  });

  test("serves a whole session in one write (D3.39)", async () => {
    const { server, client } = await setLogin();
    client.write(`USER me@127.0.0.1:${server.port}\r\nPASS p\r\nPWD\r\nQUIT\r\n`);
    expect((await client.rest()).match(/^\d{3}/gm)).toEqual(["331", "230", "257", "221"]);
  });

  test.each([
    ["USER me", "530"],
    ["PASS x", "530"],
    ["PASV", "530"],
    ["RETR x", "530"],
    ["NOOP", "200"],
    ["SYST", "530"],
    ["USER me@", "530"],
    ["USER me@host:70000", "530"],
    ["USER me@127.0.0.1:25", "530"],
    ["OPEN", "501"],
    ["QUIT", "221"],
  ])("answers %s with %s while no server is known", async (line, code) => {
    const { client, server } = await setLogin();
    expect(await client.ask(line)).toMatch(new RegExp(`^${code}`));
    expect(server.sessions).toHaveLength(0);
  });

  test("refuses a host that is not allowed with 530, and asks again", async () => {
    const { server, gateway, client } = await setLogin([{ kind: "name", pattern: "*.example.com" }]);
    expect(await client.ask(`USER me@127.0.0.1:${server.port}`)).toMatch(/^530/);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="host-not-allowed"}')).toBe(1);
    expect(server.sessions).toHaveLength(0);
  });

  test("refuses the gateway itself with 530, and asks again (D5.90)", async () => {
    const { gateway, client } = await setLogin();
    expect(await client.ask(`USER me@127.0.0.1:${gateway.port}`)).toMatch(/^530/);
    expect(await client.ask(`USER me@localhost:${gateway.port}`)).toMatch(/^530/);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="loop"}')).toBe(2);
  });

  test("says 421 when the server that was named is unreachable, at once", async () => {
    const { client } = await setLogin();
    client.write("USER me@127.0.0.1:1025\r\n");
    expect(await client.rest()).toMatch(/^421 .* is unreachable: connection refused\.\r\n$/);
  });

  test("refuses another server once one is chosen with 503", async () => {
    const { server, client } = await setLogin();
    await client.ask(`USER me@127.0.0.1:${server.port}`);
    expect(await client.ask("USER me@192.0.2.77")).toMatch(/^503/);
    expect(await client.ask(`USER you@127.0.0.1:${server.port}`)).toMatch(/^331/);
    expect(server.session.lines.at(-1)).toBe("USER you");
  });

  test("gives the server's refusal to the client", async () => {
    const server = await setServer({}, { greeting: "421 Full" });
    const client = await setClient(await setGateway(server.port, loginRoute()));
    await client.reply();
    client.write(`USER me@127.0.0.1:${server.port}\r\n`);
    expect(await client.rest()).toBe("421 Full\r\n");
  });

  test("ends at the login time, however busy the client", async () => {
    const gateway = await setGateway(1, { ...loginRoute(), timeouts: { loginMs: 250 } });
    const client = await setClient(gateway);
    await client.reply();
    const chatter = setInterval(() => client.socket.writable && client.write("NOOP\r\n"), 20);
    expect(await passUntil(client.rest())).toMatch(/421 .*\r\n$/);
    clearInterval(chatter);
  });
});
