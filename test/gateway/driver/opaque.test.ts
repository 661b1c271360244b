// TLS that passes through: what goes on the wire of an opaque session, from the byte behind 234 to the line behind CCC. Client and
// server say records here whose contents are nobody's business; real TLS passes in the lab.
import { describe, expect, test } from "vitest";
import { download, type Script } from "../fake-server.ts";
import { dialData, portOf, readAll } from "../ftp-dialogue.ts";
import type { Overrides } from "../start-gateway.ts";
import {
  activeSamples,
  expectNothingLeft,
  passive,
  setClient,
  setGateway,
  setServer,
  setStage,
  until,
} from "../stage.ts";
import { passUntil, sleep } from "../../virtual-time.ts";

const passing: Overrides = { tls: { kind: "passthrough" } };
const agreeing: Script = { AUTH: (s) => s.say("234 Go ahead") };

/** A record as it stands on the wire, latin1. */
function record(type: "handshake" | "data" | "alert", body: string): string {
  const number = { alert: 0x15, handshake: 0x16, data: 0x17 }[type];
  return String.fromCharCode(number, 3, 3, body.length >> 8, body.length & 0xff) + body;
}

const clientHello = record("handshake", "hello".repeat(40));
const serverHello = record("handshake", "ciao".repeat(50)) + record("data", "certificate");

const setPassing = (script: Script = {}, overrides: Overrides = {}) =>
  setStage({ ...agreeing, ...script }, { ...passing, ...overrides });

/** With a handshake behind it, as far as anybody can see. */
async function setOpaque(script: Script = {}, overrides: Overrides = {}) {
  const stage = await setPassing(script, overrides);
  const { client, server } = stage;
  expect(await client.ask("AUTH TLS")).toBe("234 Go ahead");
  client.write(clientHello);
  await until(() => received(stage).endsWith(clientHello));
  server.session.write(serverHello);
  client.write(record("data", "finished"));
  await until(() => received(stage).endsWith("finished") && client.segments.join("").endsWith("certificate"));
  return stage;
}

/** All that the server has read. */
const received = ({ server }: Pick<Awaited<ReturnType<typeof setPassing>>, "server">): string =>
  server.session.segments.join("");

describe("the bytes of an opaque session", () => {
  test("pass as they are, from the very next byte behind 234 on", async () => {
    const { client, server, gateway } = await setOpaque();
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte)).replaceAll("\n", "");
    client.write(record("data", every));
    server.session.write(record("data", every));
    await until(() => client.segments.join("").endsWith(every));
    await until(() => received({ server }).endsWith(every));
    expect(received({ server })).toContain(`AUTH TLS\r\n${clientHello}`);
    expect(client.segments.join("")).toContain(`234 Go ahead\r\n${serverHello}`);
    expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(1);
  });

  test("pass one by one, too, and in large numbers both ways at once", async () => {
    const { client, server } = await setOpaque();
    for (const byte of record("data", "one by one").split("")) {
      client.write(byte);
      await sleep(1);
    }
    await until(() => received({ server }).endsWith("one by one"));
    const many = record("data", "x".repeat(16_000)).repeat(200);
    client.write(many);
    server.session.write(many);
    await until(() => received({ server }).endsWith(many) && client.segments.join("").endsWith(many));
  });

  test("limit bufferedBytes: of a peer that does not read no more is taken", async () => {
    const { client, server, gateway } = await setOpaque({}, { limits: { bufferedBytes: 65_536 } });
    const before = process.memoryUsage().arrayBuffers;
    client.socket.pause();
    const block = record("data", "x".repeat(16_000)).repeat(64);
    let pushed = 0;
    while (pushed < 64 && !server.session.socket.writableNeedDrain) {
      server.session.write(block);
      pushed += 1;
      await sleep(5);
    }
    expect(server.session.socket.writableNeedDrain).toBe(true);
    await sleep(100);
    expect(server.session.socket.writableLength).toBeGreaterThan(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * block.length);
    client.socket.resume();
    await until(() => server.session.socket.writableLength === 0, 10_000);
    expect(await activeSamples(gateway)).toEqual(['ftp_alg_sessions_active{gateway="test"} 1']);
  });

  test("are counted, and stand in no transcript", async () => {
    const { client, server, gateway } = await setOpaque();
    client.write(record("data", "secret word"));
    await until(() => received({ server }).endsWith("secret word"));
    await gateway.metrics.text();
    const transcript = gateway.transcript.map((line) => line.replace(/^\S+ /, ""));
    expect(transcript.join("\n")).not.toContain("secret word");
    expect(await gateway.sample('opaque_sessions_total{gateway="test"}')).toBe(1);
    const toServer = received({ server }).length - received({ server }).indexOf(clientHello);
    expect(await gateway.sample('opaque_bytes_total{gateway="test",direction="upload"}')).toBe(toServer);
    expect(await gateway.sample('opaque_bytes_total{gateway="test",direction="download"}')).toBe(serverHello.length);
    expect(transcript).toContain(`opaque moved ${record("data", "secret word").length} up 0 down secured`);
  });

  test("end with the connection of either peer, and leave nothing", async () => {
    const first = await setOpaque();
    first.server.session.write(record("alert", "bye"));
    first.server.session.socket.end();
    expect(await first.client.rest()).toMatch(/bye$/);
    first.client.close();
    await expectNothingLeft(first.gateway);
    expect(await first.gateway.sample('sessions_total{gateway="test",end="opaque-closed"}')).toBe(1);
    const second = await setOpaque();
    second.client.write(record("alert", "farewell"));
    second.client.socket.end();
    await until(() => received(second).endsWith("farewell"));
    second.server.session.socket.end();
    expect(await second.client.rest()).toMatch(/certificate$/);
    await expectNothingLeft(second.gateway);
  });
});

describe("what is said in clear behind AUTH", () => {
  test("attack: commands in the segment of AUTH are not obeyed, not passed on, and end the session before any 234", async () => {
    for (const injected of ["USER evil\r\nPASS x\r\n", "USER ev", clientHello]) {
      const { client, server, gateway } = await setPassing();
      client.write(`AUTH TLS\r\n${injected}`);
      expect(await client.rest()).toMatch(/^421 Something was sent in clear behind AUTH\.\r\n$/);
      await expectNothingLeft(gateway);
      expect(server.session.lines.at(-1)).toBe("AUTH TLS");
      expect(await gateway.sample('refusals_total{gateway="test",reason="bytes-before-tls"}')).toBe(1);
      expect(await gateway.sample('sessions_total{gateway="test",end="bytes-before-tls"}')).toBe(1);
    }
  });

  test("attack: replies behind the server's 234 do not reach the client", async () => {
    const { client } = await setPassing({ AUTH: (s) => s.write("234 Go ahead\r\n230 Logged in\r\n") });
    client.write("AUTH TLS\r\n");
    expect(await client.rest()).toBe("421 Something was sent in clear behind AUTH.\r\n");
  });

  test("attack: clear text where TLS has to begin ends the session on either side, and is not passed on", async () => {
    const one = await setPassing();
    await one.client.ask("AUTH TLS");
    one.client.write("USER evil\r\n");
    expect(await one.client.rest()).toBe("");
    expect(received(one)).toMatch(/AUTH TLS\r\n$/);
    const other = await setPassing();
    await other.client.ask("AUTH TLS");
    other.client.write(clientHello);
    await until(() => received(other).endsWith(clientHello));
    other.server.session.write("230 Logged in\r\n");
    expect(await other.client.rest()).toBe("");
    expect(await other.gateway.sample('sessions_total{gateway="test",end="tls-failed"}')).toBe(1);
  });

  test("is served as ever where the server refuses AUTH", async () => {
    const { client } = await setPassing({ AUTH: (s) => s.say("502 Not here") });
    client.write("AUTH TLS\r\nPWD\r\n");
    expect(await client.reply()).toBe("502 Not here");
    expect(await client.reply()).toMatch(/^257/);
    const data = await passive(client);
    client.write("RETR x\r\n");
    expect((await readAll(data)).bytes.length).toBe(10_000);
  });
});

describe("pinholes", () => {
  test("that were open are closed when the session becomes opaque", async () => {
    const { client, gateway } = await setPassing();
    await client.ask("PASV");
    expect(await activeSamples(gateway)).toContain(
      'ftp_alg_pinholes_active{gateway="test",side="client",plane="relay"} 1',
    );
    expect(await client.ask("AUTH TLS")).toBe("234 Go ahead");
    await until(async () => (await activeSamples(gateway)).length === 1);
  });

  test("are opened and translated again behind CCC, though the first clear line shares a segment with the last record", async () => {
    const { client, server, gateway } = await setOpaque({ RETR: download() });
    server.session.write(record("data", "200 CCC") + record("data", "close_notify"));
    await until(() => client.segments.join("").endsWith("close_notify"));
    const seen = client.segments.join("").length;
    const announced = new Promise<string>((resolve) => {
      client.socket.on("data", () => {
        const text = client.segments.join("").slice(seen);
        if (text.endsWith("\r\n")) resolve(text);
      });
    });
    client.write(`${record("data", "close_notify")}PASV\r\n`);
    const reply = await announced;
    expect(reply).toMatch(/^227 /);
    await until(() => received({ server }).endsWith("close_notifyPASV\r\n"));
    const data = await dialData(portOf(reply));
    client.write("RETR x\r\n");
    const { bytes, end } = await readAll(data);
    expect([bytes.length, end]).toEqual([10_000, "fin"]);
    data.end();
    const labels = 'gateway="test",direction="download",client_mode="PASV",server_mode="PASV",plane="relay"';
    await until(async () => (await gateway.sample(`transfers_total{${labels},outcome="complete"}`)) === 1);
  });

  test("wait for the server's last record where that is cut, and records that come late are passed on", async () => {
    const { client, server } = await setOpaque({ PWD: () => {} });
    const last = record("data", "the end of TLS");
    server.session.write(last.slice(0, 8));
    await until(() => client.segments.join("").endsWith(last.slice(0, 8)));
    client.write(`${record("data", "close_notify")}PWD\r\n`);
    await sleep(50);
    expect(received({ server })).toMatch(/close_notify$/);
    server.session.write(last.slice(8));
    await until(() => received({ server }).endsWith("PWD\r\n"));
    const late = record("alert", "late");
    server.session.write(late);
    server.session.write("257 here\r\n");
    await until(() => client.segments.join("").endsWith(`${late}257 here\r\n`));
  });
});

describe("the times of an opaque session", () => {
  test("a client that says nothing behind AUTH has the time to log in, and is told nothing in clear", async () => {
    const { client, gateway } = await setPassing({}, { timeouts: { loginMs: 300 } });
    await client.ask("AUTH TLS");
    expect(await passUntil(client.rest())).toBe("");
    await expectNothingLeft(gateway);
    expect(await gateway.sample('sessions_total{gateway="test",end="login-timeout"}')).toBe(1);
  });

  test("bytes of either peer put the idle time off, and nothing is said when it is over", async () => {
    const { client, server, gateway } = await setOpaque({}, { timeouts: { idleMs: 300 } });
    for (let count = 0; count < 4; count++) {
      await sleep(150);
      (count % 2 ? client : server.session).write(record("data", "still there"));
    }
    expect(await passUntil(client.rest())).toMatch(/(?:still there.*){2}$/);
    expect(await gateway.sample('sessions_total{gateway="test",end="idle"}')).toBe(1);
  });
});

describe("implicit TLS", () => {
  const listen = [{ address: "127.0.0.1", port: 0, tls: "implicit" as const }];

  test("passes through from the first byte, though the client speaks before the server is connected", async () => {
    const server = await setServer({}, { greeting: "" });
    const gateway = await setGateway(server.port, { ...passing, listen });
    const client = await setClient(gateway);
    client.write(clientHello);
    await until(() => server.sessions.length > 0 && received({ server }) === clientHello);
    server.session.write(serverHello);
    await until(() => client.segments.join("") === serverHello);
    client.write(record("data", "finished"));
    await until(() => received({ server }).endsWith("finished"));
    server.session.socket.end();
    expect(await client.rest()).toBe(serverHello);
  });

  test("is not served in clear: a client that speaks FTP there is told nothing", async () => {
    const server = await setServer({}, { greeting: "" });
    const gateway = await setGateway(server.port, { ...passing, listen });
    const client = await setClient(gateway);
    client.write("USER u\r\n");
    expect(await client.rest()).toBe("");
    // It may be over before the server has noticed.
    expect(server.sessions.flatMap(({ segments }) => segments)).toEqual([]);
    await expectNothingLeft(gateway);
  });
});
