import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { fileBody, startFakeServer, type Script } from "./fake-server.ts";
import { dialData, listenData, openDialogue, portLine, portOf, readAll, type Dialogue } from "./ftp-dialogue.ts";
import { startGateway, type Overrides, type TestGateway } from "./start-gateway.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function setUp(script: Script = {}, overrides: Overrides = {}) {
  const server = await startFakeServer(script);
  cleanups.push(() => server.stop());
  const gateway = await startGateway(server.port, overrides);
  cleanups.push(() => gateway.stop());
  const client = await openDialogue(gateway.port);
  cleanups.push(() => client.close());
  await client.login();
  return { server, gateway, client };
}

async function passive(client: Dialogue) {
  return dialData(portOf(await client.ask("PASV")));
}

describe("a transfer through the gateway", () => {
  test("PASV downloads whole, and 226 comes last", async () => {
    const { client } = await setUp();
    const data = await passive(client);
    const received = readAll(data);
    expect(await client.ask("RETR x")).toMatch(/^150 /);
    expect((await received).bytes.equals(fileBody)).toBe(true);
    expect((await received).end).toBe("fin");
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("PORT uploads whole", async () => {
    const { client } = await setUp();
    const listener = await listenData();
    expect(await client.ask(portLine(listener.port))).toMatch(/^200 /);
    client.write("STOR x\r\n");
    expect(await client.reply()).toMatch(/^150 /);
    const data = await listener.socket;
    data.end(Buffer.alloc(1_000_000, 7));
    expect(await client.reply()).toBe("226 Got 1000000");
  });

  test("an empty file arrives as an empty file (D4.81)", async () => {
    const { client } = await setUp();
    const data = await passive(client);
    client.write("STOR x\r\n");
    expect(await client.reply()).toMatch(/^150 /);
    data.end();
    expect(await client.reply()).toBe("226 Got 0");
  });
});

describe("the truth about a broken transfer", () => {
  test("a download that the server resets is reset at the client, and is never told to be complete", async () => {
    const { client } = await setUp({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
        await sleep(50);
        data.resetAndDestroy();
        s.say("426 Broken");
      },
    });
    const received = readAll(await passive(client));
    expect(await client.ask("RETR x")).toMatch(/^150 /);
    expect((await received).end).toBe("reset");
    expect(await client.reply()).toMatch(/^426 /);
  });

  test("an upload that the client resets is reset at the server", async () => {
    let end: Promise<{ end: string }> | undefined;
    const { client } = await setUp({
      async STOR(s) {
        s.say("150 Go on");
        end = readAll(await s.data());
        await end;
        s.say("426 Broken");
      },
    });
    const data = await passive(client);
    expect(await client.ask("STOR x")).toMatch(/^150 /);
    data.write(fileBody);
    await sleep(50);
    data.resetAndDestroy();
    expect(await client.reply()).toMatch(/^426 /);
    expect((await end)?.end).toBe("reset");
  });

  test("a 226 that comes before the data waits for it (D4.68)", async () => {
    const body = Buffer.alloc(20_000_000, 1);
    const { client } = await setUp({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.end(body);
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    data.pause();
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150 /);
    const final = client.reply().then((text) => ({ text, at: performance.now() }));
    await sleep(300);
    const readingAt = performance.now();
    const received = await readAll(data);
    expect(received.bytes.length).toBe(body.length);
    data.end();
    expect((await final).text).toBe("226 Done");
    expect((await final).at).toBeGreaterThan(readingAt);
  });

  test("a 226 for a download that the client stopped reading becomes a 426 (linger)", async () => {
    const { client } = await setUp(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          const data = await s.data();
          data.end(Buffer.alloc(50_000_000, 1));
          s.say("226 Done");
        },
      },
      { timeouts: { lingerMs: 300 } },
    );
    const data = await passive(client);
    data.pause();
    expect(await client.ask("RETR x")).toMatch(/^150 /);
    expect(await client.reply()).toMatch(/^426 /);
    expect((await readAll(data)).end).toBe("reset");
  });

  test("a 226 that never comes is answered for by a 451 (D4.69)", async () => {
    const { client, gateway } = await setUp(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data()).end(fileBody);
        },
      },
      { timeouts: { lingerMs: 200 } },
    );
    const data = await passive(client);
    const received = readAll(data);
    expect(await client.ask("RETR x")).toMatch(/^150 /);
    expect((await received).end).toBe("fin");
    data.end();
    expect(await client.reply()).toMatch(/^451 /);
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    expect(await gateway.sample('refusals_total{gateway="test",reason="unconfirmed-transfer"}')).toBe(1);
  });

  test("data that never comes ends in a 425, and the session lives", async () => {
    const { client } = await setUp({ RETR: () => {} }, { timeouts: { pinholeMs: 200 } });
    await client.ask("PASV");
    expect(await client.ask("RETR x")).toMatch(/^425 /);
    client.write("NOOP\r\n");
    expect(await client.reply()).toMatch(/^200 /);
  });

  test("a stalled data connection is reset on both sides", async () => {
    const { client, gateway } = await setUp(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data()).write("some");
        },
      },
      { timeouts: { dataStallMs: 300, lingerMs: 200 } },
    );
    const received = readAll(await passive(client));
    expect(await client.ask("RETR x")).toMatch(/^150 /);
    expect((await received).end).toBe("reset");
    expect(await client.reply()).toMatch(/^426 /);
    expect(gateway.log.some((line) => line["outcome"] === "stalled")).toBe(true);
  });
});

describe("a pinhole", () => {
  test("is not used up by a stranger (D4.72)", async () => {
    const { client, gateway } = await setUp();
    const port = portOf(await client.ask("PASV"));
    const stranger = await dialData(port, { localAddress: "127.0.0.2" });
    expect((await readAll(stranger)).bytes.length).toBe(0);
    const data = await dialData(port);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await gateway.sample('pinhole_strangers_total{gateway="test",side="client"}')).toBe(1);
  });

  test("is released at once when the server refuses the transfer (D4.71)", async () => {
    const { client } = await setUp({ RETR: (s) => s.say("550 No such file") });
    const port = portOf(await client.ask("PASV"));
    expect(await client.ask("RETR x")).toBe("550 No such file");
    const late = await dialData(port);
    expect((await readAll(late)).end).toBe("reset");
  });

  test("answers 425 when no data port is free, and the session lives (D4.91)", async () => {
    const { client, gateway } = await setUp({}, { clientSide: { dataPorts: { first: 52_900, last: 52_900 } } });
    const other = await openDialogue(gateway.port);
    cleanups.push(() => other.close());
    await other.login();
    expect(await other.ask("PASV")).toMatch(/^227 /);
    expect(await client.ask("PASV")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    expect(await gateway.sample('refusals_total{gateway="test",reason="ports-exhausted"}')).toBe(1);
  });
});

describe("the control connections", () => {
  test("the client is told when the server vanishes while data runs, after the data (D4.70)", async () => {
    const { client } = await setUp({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        s.socket.end();
        await sleep(100);
        data.end(fileBody);
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
  });

  test("a client that vanishes without QUIT aborts its upload: the server sees a reset, not the end of a file (D4.83)", async () => {
    let end: Promise<{ end: string }> | undefined;
    const { client } = await setUp({
      async STOR(s) {
        s.say("150 Go on");
        end = readAll(await s.data());
      },
    });
    const data = await passive(client);
    await client.ask("STOR x");
    data.write(fileBody);
    await sleep(50);
    client.close();
    await sleep(50);
    expect((await end)?.end).toBe("reset");
    data.destroy();
  });

  test("commands before the greeting are held (D3.40)", async () => {
    const server = await startFakeServer({}, { greeting: "" });
    cleanups.push(() => server.stop());
    const gateway = await startGateway(server.port);
    cleanups.push(() => gateway.stop());
    const client = await openDialogue(gateway.port);
    cleanups.push(() => client.close());
    client.write("USER u\r\nPASS p\r\n");
    await sleep(100);
    expect(server.sessions[0]?.lines).toEqual([]);
    server.sessions[0]?.say("220 late");
    expect(await client.reply()).toBe("220 late");
    expect(await client.reply()).toMatch(/^331/);
    expect(await client.reply()).toMatch(/^230/);
  });

  test("one byte per segment is read the same (D3.37)", async () => {
    const { client, server } = await setUp();
    for (const byte of "pwd\r\n") {
      client.write(byte);
      await sleep(2);
    }
    expect(await client.reply()).toBe('257 "/"');
    expect(server.sessions[0]?.lines.at(-1)).toBe("pwd");
  });

  test("an unreachable server is said with 421", async () => {
    const gateway: TestGateway = await startGateway(1, { timeouts: { connectMs: 300 } });
    cleanups.push(() => gateway.stop());
    const client = await openDialogue(gateway.port);
    cleanups.push(() => client.close());
    expect(await client.rest()).toMatch(/^421 The server is unreachable: .*ECONNREFUSED.*\r\n$/);
  });

  test("over the session limit a client is told so with 421 (D5.89)", async () => {
    const { gateway } = await setUp({}, { limits: { sessionsPerClient: 1 } });
    const second = await openDialogue(gateway.port);
    cleanups.push(() => second.close());
    expect(await second.rest()).toMatch(/^421 Too many sessions/);
  });

  test("stop ends a session with 421 and FIN, never a bare reset (D5.88)", async () => {
    const { client, gateway } = await setUp();
    const rest = client.rest();
    void gateway.stop();
    expect(await rest).toMatch(/^421 .*\r\n$/);
    client.socket.end();
    await once(client.socket, "close");
  });

  test("drain lets a transfer finish, then ends the session", async () => {
    const { client, gateway } = await setUp({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        await sleep(200);
        data.end(fileBody);
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    const drained = gateway.gateway.drain();
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.rest()).toMatch(/^226 Done\r\n421 .*\r\n$/);
    client.socket.end();
    await drained;
  });
});
