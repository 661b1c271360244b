// What the driver of a session owes its peers: order, bounds, and that no fault of one session becomes another's.
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as realSleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { DataPlane } from "../../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { download, fileBody } from "../fake-server.ts";
import { dialData, openDialogue, portOf, readAll } from "../ftp-dialogue.ts";
import { activeSamples, expectNothingLeft, setClient, setGateway, setServer, setStage, until } from "../stage.ts";
import { quiet, sleep } from "../../virtual-time.ts";

describe("commands that come before they can be served", () => {
  test("are held until the greeting, and reach the server in order (D3.40)", async () => {
    const server = await setServer({}, { greeting: "" });
    const client = await setClient(await setGateway(server.port));
    client.write("USER u\r\nPASS p\r\n");
    client.write("PWD\r\n");
    await sleep(100);
    expect(server.session.lines).toEqual([]);
    server.session.say("220 late");
    expect(await client.reply()).toBe("220 late");
    expect(await client.reply()).toMatch(/^331/);
    expect(await client.reply()).toMatch(/^230/);
    expect(await client.reply()).toMatch(/^257/);
    expect(server.session.lines).toEqual(["USER u", "PASS p", "PWD"]);
  });

  test("are held while a 120 says that the server is not ready yet (D3.40)", async () => {
    const server = await setServer({}, { greeting: "120 Soon" });
    const client = await setClient(await setGateway(server.port));
    client.write("USER u\r\n");
    expect(await client.reply()).toBe("120 Soon");
    await sleep(50);
    expect(server.session.lines).toEqual([]);
    server.session.say("220 Now");
    expect(await client.reply()).toBe("220 Now");
    expect(await client.reply()).toMatch(/^331/);
  });

  test("are held by the hundred, none lost, none out of order (D3.64)", async () => {
    const count = 500;
    const server = await setServer({ NOOP: (s, argument) => s.say(`200 ${argument}`) }, { greeting: "" });
    const client = await setClient(await setGateway(server.port));
    client.write(Array.from({ length: count }, (_, index) => `NOOP ${index}\r\n`).join(""));
    await sleep(50);
    server.session.say("220 late");
    await client.reply();
    for (let index = 0; index < count; index += 1) expect(await client.reply()).toBe(`200 ${index}`);
  });

  test("limit bufferedBytes: no more bytes of them are held, the rest is left unread, and none is lost", async () => {
    const taken: string[] = [];
    const server = await setServer({}, { greeting: "" });
    const limits = { bufferedBytes: 4096, commandBytes: 2048 };
    const gateway = await setGateway(server.port, { limits }, createRelayPlane(), (event) => {
      if (event.kind === "client-line") taken.push(event.text);
    });
    const client = await setClient(gateway);
    const lines = Array.from({ length: 20 }, (_, index) => `NOOP ${index} ${"x".repeat(1500)}`);
    client.write(lines.map((line) => `${line}\r\n`).join(""));
    await sleep(100);
    expect(taken).toEqual(lines.slice(0, 3));
    server.session.say("220 late");
    await until(() => server.session.lines.length === 20);
    expect(server.session.lines).toEqual(lines);
  });

  test("reach the server no more than 64 ahead of its replies (D3.64)", async () => {
    const { client, server } = await setStage({ NOOP: () => {} });
    client.write("NOOP\r\n".repeat(300));
    await until(() => server.session.lines.length >= 66);
    await sleep(50);
    expect(server.session.lines).toHaveLength(2 + 64);
    server.session.write("200 ok\r\n".repeat(64));
    await until(() => server.session.lines.length >= 2 + 128);
  });

  test("are not held up by half a reply behind those that they have waited for (D3.64)", async () => {
    const { client, server } = await setStage({ NOOP: () => {} });
    client.write("NOOP\r\n".repeat(100));
    await until(() => server.session.lines.length === 2 + 64);
    server.session.write(`${"200 ok\r\n".repeat(64)}20`);
    await until(() => server.session.lines.length === 2 + 100);
    server.session.write("0 ok\r\n");
    for (let count = 0; count < 65; count += 1) expect(await client.reply()).toBe("200 ok");
  });
});

describe("a pipelined session", () => {
  const commands = ["USER u", "PASS p", "SYST", "TYPE I", "PASV", "RETR x", "NOOP", "QUIT"];

  test("in one write, transfer included, is served in order (D3.39)", async () => {
    let transfer: Promise<void> | undefined;
    const { server, gateway } = await setStage({
      RETR: (s, argument) => (transfer = Promise.resolve(download()(s, argument))),
      async QUIT(s) {
        await transfer;
        s.say("221 Goodbye");
        s.socket.end();
      },
    });
    const client = await setClient(gateway);
    client.write(commands.map((command) => `${command}\r\n`).join(""));
    const codes: string[] = [];
    for (let count = 0; count < 6; count += 1) codes.push((await client.reply()).slice(0, 3));
    expect(codes).toEqual(["220", "331", "230", "502", "200", "227"]);
    const pasv = client.segments.join("").match(/227 .*\)/)?.[0] ?? "";
    const data = await dialData(portOf(pasv));
    const received = await readAll(data);
    expect(received.bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.rest()).toMatch(/^150 .*\r\n(?:200 .*\r\n226 .*|226 .*\r\n200 .*)\r\n221 .*\r\n$/);
    expect(server.session.lines).toEqual(commands);
  });

  test("byte by byte is served the same (D3.37)", async () => {
    const { gateway } = await setStage();
    const client = await setClient(gateway);
    for (const byte of "USER u\r\nPASS p\r\nNOOP\r\nQUIT\r\n") {
      client.write(byte);
      await sleep(1);
    }
    const codes = (await client.rest()).match(/^\d{3}/gm);
    expect(codes).toEqual(["220", "331", "230", "200", "221"]);
  });

  test("by a client that closes its direction at once is answered whole (printf … | nc)", async () => {
    const { gateway } = await setStage();
    const client = await setClient(gateway);
    client.socket.end("USER u\r\nPASS p\r\nPWD\r\nNOOP\r\nQUIT\r\n");
    const codes = (await client.rest()).match(/^\d{3}/gm);
    expect(codes).toEqual(["220", "331", "230", "257", "200", "221"]);
  });

  test("without QUIT, by a client that closes its direction at once, is answered whole (printf … | nc)", async () => {
    const { gateway } = await setStage();
    const client = await setClient(gateway);
    client.socket.end("USER u\r\nPASS p\r\nPWD\r\nNOOP\r\n");
    const codes = (await client.rest()).match(/^\d{3}/gm);
    expect(codes?.slice(0, 5)).toEqual(["220", "331", "230", "257", "200"]);
  });
});

describe("a client that reads no replies", () => {
  /** Writes until the gateway takes no more for a while, in real time: a long queue is being worked off. Returns how much it took. */
  async function flood(socket: Socket, line: string): Promise<number> {
    const chunk = line.repeat(Math.floor(65_536 / line.length));
    let taken = 0;
    for (;;) {
      if (!socket.write(chunk)) {
        const drained = await Promise.race([once(socket, "drain"), realSleep(400)]);
        if (drained === undefined) return taken;
      }
      taken += chunk.length;
      if (taken > 64_000_000) return taken;
    }
  }

  test.each([
    ["commands for the server", "NOOP\r\n"],
    ["lines that we refuse ourselves", "\n"],
    ["commands that we refuse ourselves", "LPSV\r\n"],
  ])("is not read from for ever: %s (D3.64)", async (_, line) => {
    const { client } = await setStage({}, { limits: { badLines: Infinity } });
    client.socket.pause();
    const before = process.memoryUsage.rss();
    expect(await flood(client.socket, line)).toBeLessThan(32_000_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000);
  });

  test("and then reads them gets every one", async () => {
    const { client } = await setStage({ NOOP: (s) => s.say(`200 ${"x".repeat(1000)}`) });
    client.socket.pause();
    client.write("NOOP\r\n".repeat(5000));
    await sleep(200);
    client.socket.resume();
    for (let count = 0; count < 5000; count += 1) expect(await client.reply()).toMatch(/^200 x+$/);
  }, 20_000);

  test("makes the gateway stop reading an endless reply of the server's (D2.31)", async () => {
    const { client, server } = await setStage();
    client.socket.pause();
    const { socket } = server.session;
    client.write("HELP\r\n");
    socket.write("214-Endless\r\n");
    let written = 0;
    const line = ` ${"x".repeat(998)}\r\n`.repeat(64);
    while (written < 64_000_000) {
      if (!socket.write(line) && (await Promise.race([once(socket, "drain"), quiet()])) === undefined) break;
      written += line.length;
    }
    expect(written).toBeLessThan(32_000_000);
  });
});

describe("a fault of our own", () => {
  test("ends its session with 421, gives everything back and leaves the others alone", async () => {
    const server = await setServer();
    const relay = createRelayPlane();
    let opened = 0;
    const gateway = await setGateway(
      server.port,
      {},
      {
        ...relay,
        open(request, report) {
          opened += 1;
          if (opened === 2) throw new Error("a bug");
          return relay.open(request, report);
        },
      },
    );
    const other = await setClient(gateway);
    await other.login();
    const client = await setClient(gateway);
    await client.login();
    await client.ask("PASV");
    client.write("PASV\r\n");
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    client.close();
    expect(await other.ask("NOOP")).toMatch(/^200/);
    await until(async () => (await activeSamples(gateway)).join() === 'ftp_alg_sessions_active{gateway="test"} 1');
    const ended = gateway.log.find((line) => line["reason"] === "internal-error");
    expect(ended).toMatchObject({ level: "error", detail: expect.stringContaining("a bug") });
  });

  test("in the core does not leave the client waiting: 421, what was opened is released, the server is left", async () => {
    const relay = createRelayPlane();
    // A data plane that breaks its word: it says that it listens, and not where.
    const forgetful: DataPlane = {
      ...relay,
      open: (request, report) =>
        relay.open(request, (event) => report(event.kind === "opened" ? { kind: "opened", plane: "relay" } : event)),
    };
    const server = await setServer();
    const gateway = await setGateway(server.port, {}, forgetful);
    const client = await setClient(gateway);
    await client.login();
    client.write("PASV\r\n");
    expect(await client.rest()).toBe("421 Internal error.\r\n");
    client.close();
    await expectNothingLeft(gateway);
    await until(() => server.session.socket.destroyed);
    expect(gateway.transcript.join("\n")).toMatch(/open client side .*\n.* opened\n/);
    expect(await gateway.sample('pinholes_total{gateway="test",side="client",plane="relay",outcome="released"}')).toBe(
      1,
    );
    expect(await gateway.sample('sessions_total{gateway="test",end="internal-error"}')).toBe(1);
    const ended = gateway.log.find((line) => line["reason"] === "internal-error");
    expect(ended).toMatchObject({ detail: expect.stringContaining("does not say where it listens for the client") });
  });
});

test("a client that resets before it has said anything leaves nothing behind", async () => {
  const { gateway, client } = await setStage();
  for (let count = 0; count < 50; count += 1) {
    const short = await openDialogue(gateway.port);
    short.socket.resetAndDestroy();
  }
  expect(await client.ask("NOOP")).toMatch(/^200/);
  await until(async () => (await activeSamples(gateway)).join() === 'ftp_alg_sessions_active{gateway="test"} 1');
});
