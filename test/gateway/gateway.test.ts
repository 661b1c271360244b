// The entrance: how many may come in, how it says so, and how it closes (D5).
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { download, fileBody } from "./fake-server.ts";
import { type Dialogue, readAll } from "./ftp-dialogue.ts";
import {
  downloadWhole,
  expectNothingLeft,
  passive,
  setClient,
  setGateway,
  setServer,
  setStage,
  until,
} from "./stage.ts";
import { isOnLoop } from "../sockets/tested-sockets.ts";
import { passUntil, sleep } from "../virtual-time.ts";

async function farewellOf(client: Dialogue): Promise<string> {
  const text = await client.rest();
  client.socket.end();
  return text;
}

describe("over a limit a client is told so with 421 and FIN (D5.89)", () => {
  test.each([
    ["all sessions", { sessions: 2 }, "too-many-sessions"],
    ["its own sessions", { sessionsPerClient: 2 }, "too-many-sessions-per-client"],
  ])("%s", async (_, limits, reason) => {
    const server = await setServer();
    const gateway = await setGateway(server.port, { limits });
    const inside = [await setClient(gateway), await setClient(gateway)];
    for (const client of inside) await client.login();
    expect(await farewellOf(await setClient(gateway))).toMatch(/^421 Too many sessions[^\r\n]*\r\n$/);
    expect(server.sessions).toHaveLength(2);
    expect(await gateway.sample(`refusals_total{gateway="test",reason="${reason}"}`)).toBe(1);
    expect(await gateway.sample(`sessions_total{gateway="test",end="${reason}"}`)).toBe(1);
    for (const client of inside) expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("and is let in again as soon as another has left, though its server does not close", async () => {
    const { client, gateway, server } = await setStage(
      { QUIT: (s) => s.say("221 Bye") },
      { limits: { sessionsPerClient: 1 } },
    );
    server.session.socket.removeAllListeners("end");
    client.write("QUIT\r\n");
    await client.rest();
    expect(await (await setClient(gateway)).reply()).toMatch(/^220/);
    await passUntil(gateway.gateway.stop());
  });

  test("but another client is not concerned", async () => {
    const { gateway } = await setStage({}, { limits: { sessionsPerClient: 1 } });
    const other = await setClient(gateway, "127.0.0.1", "127.0.0.2");
    await other.login();
    expect(await other.ask("NOOP")).toMatch(/^200/);
  });

  test("whatever it has sent already: the 421 is not overtaken by a reset", async () => {
    const { gateway } = await setStage({}, { limits: { sessionsPerClient: 1 } });
    const client = await setClient(gateway);
    client.write("USER u\r\nPASS p\r\n".repeat(100));
    expect(await farewellOf(client)).toMatch(/^421 .*\r\n$/);
  });
});

describe("stop", () => {
  test("ends every session with 421 and FIN, never a bare reset (D5.88)", async () => {
    const { client, gateway, server } = await setStage();
    const second = await setClient(gateway);
    const stopped = gateway.gateway.stop();
    expect(await farewellOf(client)).toMatch(/^421 .*\r\n$/);
    expect(await farewellOf(second)).toMatch(/421 .*\r\n$/);
    await stopped;
    await until(() => server.sessions.every(({ socket }) => socket.readableEnded));
    expect(gateway.gateway.isReady()).toBe(false);
  });

  test("resets a running transfer and does not claim that it is whole", async () => {
    const { client, gateway } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).write(fileBody);
      },
    });
    const received = readAll(await passive(client));
    await client.ask("RETR x");
    await sleep(50);
    void gateway.gateway.stop();
    expect((await received).end).toBe("reset");
    expect(await farewellOf(client)).toMatch(/^(?:426 .*\r\n)?421 .*\r\n$/);
  });

  test("does not wait for a client that never closes", async () => {
    const { client, gateway } = await setStage();
    client.socket.pause();
    const before = performance.now();
    await passUntil(gateway.gateway.stop());
    expect(performance.now() - before).toBeLessThan(4000);
  });

  test("twice, and after a drain, is harmless", async () => {
    const { client, gateway } = await setStage();
    client.socket.on("end", () => client.socket.end());
    await Promise.all([gateway.gateway.drain(), gateway.gateway.stop(), gateway.gateway.stop()]);
    await gateway.gateway.stop();
    await gateway.gateway.drain();
  });
});

describe("drain", () => {
  test("lets nobody in, ends idle sessions with 421, and resolves (D5.88)", async () => {
    const { client, gateway } = await setStage();
    const drained = gateway.gateway.drain();
    expect(await farewellOf(client)).toMatch(/^421 .*\r\n$/);
    await drained;
    await expect(setClient(gateway)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("lets a transfer finish, then ends its session (D5.88)", async () => {
    const { client, gateway } = await setStage({
      async RETR(s, argument) {
        await sleep(150);
        await download()(s, argument);
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    await sleep(30);
    const drained = gateway.gateway.drain();
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await farewellOf(client)).toMatch(/^150 .*\r\n226 Done\r\n421 .*\r\n$/);
    await drained;
  });

  test("cuts a transfer off when its time is over", async () => {
    const { client, gateway } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data()).write(fileBody);
        },
      },
      { timeouts: { drainMs: 150 } },
    );
    const received = readAll(await passive(client));
    await client.ask("RETR x");
    const drained = gateway.gateway.drain();
    expect((await passUntil(received)).end).toBe("reset");
    expect(await farewellOf(client)).toMatch(/421 .*\r\n$/);
    await drained;
  });

  test("lets nobody in either while a reload that it has met still holds the listening socket", async () => {
    const server = await setServer();
    const gateway = await setGateway(server.port);
    const change = await gateway.gateway.prepare();
    await gateway.gateway.drain();
    const client = connect(gateway.port, "127.0.0.1");
    const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    change.rollback();
    expect(await gateway.sample('sessions_active{gateway="test"}')).toBe(0);
  });

  test("is cut short by stop", async () => {
    const { client, gateway } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).write(fileBody);
      },
    });
    const received = readAll(await passive(client));
    await client.ask("RETR x");
    const drained = gateway.gateway.drain();
    await sleep(30);
    const stopped = gateway.gateway.stop();
    expect((await received).end).toBe("reset");
    await farewellOf(client);
    await Promise.all([drained, stopped]);
  });
});

describe("the idle time", () => {
  test("ends a session of which nobody says anything, with 421", async () => {
    const { client } = await setStage({}, { timeouts: { idleMs: 200 } });
    expect(await passUntil(farewellOf(client))).toMatch(/^421 .*\r\n$/);
  });

  test("begins anew with each command", async () => {
    const { client } = await setStage({}, { timeouts: { idleMs: 250 } });
    for (let count = 0; count < 5; count += 1) {
      await sleep(120);
      expect(await client.ask("NOOP")).toMatch(/^200/);
    }
  });

  test("does not run while data moves (D5.87)", async () => {
    const { client } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          const data = await s.data();
          for (let count = 0; count < 6; count += 1) {
            data.write("some");
            await sleep(100);
          }
          data.end();
          s.say("226 Done");
        },
      },
      { timeouts: { idleMs: 200 } },
    );
    expect((await downloadWhole(client)).end).toBe("fin");
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("ends a session whose server has fallen silent (D5.86)", async () => {
    const { client } = await setStage({ NOOP: () => {} }, { timeouts: { idleMs: 200 } });
    client.write("NOOP\r\n");
    expect(await passUntil(farewellOf(client))).toMatch(/^421 .*\r\n$/);
  });
});

test("both control connections are kept alive (D5.85)", async () => {
  const { client, gateway, server } = await setStage();
  const hex = (port: number | undefined): string => (port ?? 0).toString(16).toUpperCase().padStart(4, "0");
  // The gateway's ends: its listening port towards the client, and the other end of the server's socket.
  const ends = [
    [gateway.port, client.socket.localPort],
    [server.session.socket.remotePort, server.port],
  ] as const;
  // On the loop a dialled connection has it when it is some seconds old: late-keepalive.test.ts.
  for (const [local, remote] of isOnLoop ? ends.slice(0, 1) : ends) {
    // Once everything is acknowledged, column `tr` says 02: the keepalive timer runs.
    await until(async () => {
      const rows = (await readFile("/proc/net/tcp", "latin1")).split("\n");
      const row = rows.find((line) => line.includes(`:${hex(local)} 0100007F:${hex(remote)} `));
      return row?.trim().split(/\s+/)[5]?.startsWith("02:") === true;
    });
  }
});

test("a listen endpoint that is taken is named in the error, and nothing stays open", async () => {
  const server = await setServer();
  const first = await setGateway(server.port);
  const listen = [
    { address: "127.0.0.1", port: 0 },
    { address: "127.0.0.1", port: first.port },
  ];
  await expect(setGateway(server.port, { listen })).rejects.toThrow(`127.0.0.1:${first.port}`);
});

test("it listens on several endpoints, of both families", async () => {
  const server = await setServer();
  const listen = [
    { address: "127.0.0.1", port: 0 },
    { address: "::1", port: 0 },
  ];
  const gateway = await setGateway(server.port, { listen });
  const client = await setClient(gateway);
  await client.login();
  await once(client.socket.end("QUIT\r\n"), "close");
  await expectNothingLeft(gateway);
});
