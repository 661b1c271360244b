// Peers that leave: by FIN or by reset, in every phase of a session. Nobody hangs, nobody is lied to, nothing is left.
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { download, fileBody, type Script } from "./fake-server.ts";
import { closed, type DataEnd, readAll } from "./ftp-dialogue.ts";
import { announce } from "./modes.ts";
import { expectNothingLeft, passive, setClient, setGateway, setServer, setStage, until } from "./stage.ts";
import { passUntil, passUntilTrue, sleep } from "../virtual-time.ts";

const short = { timeouts: { lingerMs: 200, idleMs: 8000, pinholeMs: 8000, loginMs: 8000 } };
/** Before the greeting a client that has closed its direction may still want to read, within the time to log in. */
const shorter = { timeouts: { ...short.timeouts, loginMs: 400 } };

const silentAfter: Readonly<Record<string, Script>> = {
  "before the greeting": {},
  "after the greeting": {},
  "with a command unanswered": { NOOP: () => {} },
  "with PASV unanswered": { PASV: () => {} },
  "with a pinhole open": {},
  "with RETR unanswered": { RETR: () => {} },
  "with the data connection made": { RETR: () => {} },
  "with data running": {
    async RETR(s) {
      s.say("150 Here it comes");
      (await s.data()).write(fileBody);
    },
  },
};

async function reach(phase: string) {
  const greeting = phase === "before the greeting" ? "" : "220 Ready";
  const server = await setServer(silentAfter[phase], { greeting });
  const gateway = await setGateway(server.port, phase === "before the greeting" ? shorter : short);
  const client = await setClient(gateway);
  await until(() => server.sessions.length === 1);
  if (phase !== "before the greeting") await client.login();
  let received: Promise<DataEnd> | undefined;
  switch (phase) {
    case "with a command unanswered":
      client.write("NOOP\r\n");
      break;
    case "with PASV unanswered":
      client.write("PASV\r\n");
      break;
    case "with a pinhole open":
      await client.ask("PASV");
      break;
    case "with RETR unanswered":
      await client.ask("PASV");
      client.write("RETR x\r\n");
      break;
    case "with the data connection made":
    case "with data running":
      received = readAll(await passive(client));
      client.write("RETR x\r\n");
      await sleep(60);
      break;
    default:
  }
  await sleep(10);
  return { server, gateway, client, received };
}

describe.each(Object.keys(silentAfter))("%s", (phase) => {
  test.each(["fin", "reset"])("a client that leaves by %s takes everything with it", async (how) => {
    const { server, gateway, client, received } = await reach(phase);
    if (how === "reset") client.socket.resetAndDestroy();
    else client.close();
    await expectNothingLeft(gateway, passUntilTrue);
    await until(() => server.session.socket.readableEnded || server.session.socket.destroyed);
    if (received !== undefined) expect((await received).end).toBe("reset");
  });

  test.each(["fin", "reset"])("a server that leaves by %s ends the session with 421 and FIN", async (how) => {
    const { server, gateway, client, received } = await reach(phase);
    const rest = client.rest();
    if (how === "reset") server.session.socket.resetAndDestroy();
    else server.session.socket.destroy();
    // Data that runs is given its time: it may be all there is (D4.70).
    if (phase === "with data running") expect((await passUntil(received!)).end).toBe("reset");
    expect(await passUntil(rest)).toMatch(/421 [^\r\n]*\r\n$/);
    client.socket.end();
    await expectNothingLeft(gateway);
  });
});

describe("QUIT during a transfer", () => {
  test("lets it finish; 226 and 221 both reach the client (D4.83)", async () => {
    let transfer: Promise<void> | undefined;
    const { client } = await setStage({
      RETR: (s, argument) => (transfer = Promise.resolve(download(Buffer.alloc(2_000_000, 1))(s, argument))),
      async QUIT(s) {
        await transfer;
        s.say("221 Goodbye");
        s.socket.end();
      },
    });
    const data = await passive(client);
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    client.write("QUIT\r\n");
    const received = await readAll(data);
    expect([received.bytes.length, received.end]).toEqual([2_000_000, "fin"]);
    data.end();
    expect(await client.rest()).toBe("226 Done\r\n221 Goodbye\r\n");
  });

  test("answered 221 at once lets it finish all the same (D4.83)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
        await sleep(150);
        data.end(fileBody);
        s.say("226 Done");
        s.socket.end();
      },
      QUIT: (s) => s.say("221 When it is done"),
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    await sleep(30);
    expect(await client.ask("QUIT")).toBe("221 When it is done");
    expect(await received).toMatchObject({ end: "fin" });
    expect((await received).bytes.length).toBe(2 * fileBody.length);
    data.end();
  });

  test("and then FIN lets it finish (D4.83)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
        await sleep(150);
        data.end(fileBody);
        s.say("226 Done");
      },
      QUIT: () => {},
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    await sleep(30);
    client.socket.end("QUIT\r\n");
    expect((await received).bytes.length).toBe(2 * fileBody.length);
    expect((await received).end).toBe("fin");
    data.end();
  });

  test("of an upload lets it finish (D4.83)", async () => {
    const { client, server } = await setStage({ QUIT: () => {} });
    const data = await passive(client);
    expect(await client.ask("STOR x")).toMatch(/^150/);
    data.write(fileBody);
    client.write("QUIT\r\n");
    await until(() => server.session.lines.includes("QUIT"));
    await sleep(50);
    data.end(fileBody);
    expect(await client.reply()).toBe("226 Got 20000");
  });
});

describe("a client that hangs up right after its upload, without QUIT", () => {
  const body = Buffer.alloc(3_000_000, "0123456789abcdef");
  const leave = {
    "by FIN": (control: Socket) => void control.end(),
    "by a reset": (control: Socket) => void control.resetAndDestroy(),
    "with the 150 unread": (control: Socket) => void control.destroy(),
  };

  test.each(
    (["PASV", "EPSV", "PORT", "EPRT"] as const).flatMap((mode) =>
      (Object.keys(leave) as (keyof typeof leave)[]).map((how) => [mode, how] as const),
    ),
  )("leaves a slow server every byte and the FIN, and then the end: %s, %s (D4.83)", async (mode, how) => {
    let received: DataEnd | undefined;
    let isControlOpen: boolean | undefined;
    const { client, server, gateway } = await setStage({
      async STOR(s) {
        const data = await s.data();
        data.pause();
        s.say("150 Go on");
        await sleep(700);
        received = await readAll(data);
        isControlOpen = !s.socket.readableEnded;
        data.end();
        s.say(`226 Got ${received.bytes.length}`);
      },
    });
    const announced = await announce(client, mode, "127.0.0.1");
    client.write("STOR x\r\n");
    const data = await announced.socket;
    await sleep(20);
    data.end(body);
    await sleep(20);
    leave[how](client.socket);
    await passUntil(until(() => received !== undefined, 10_000));
    expect([received?.end, received?.bytes.equals(body)]).toEqual(["fin", true]);
    expect(isControlOpen).toBe(true);
    await passUntil(until(() => server.session.socket.readableEnded));
    await passUntil(expectNothingLeft(gateway));
    expect(await gateway.sample('sessions_total{gateway="test",end="client-gone"}')).toBe(1);
  });
});

describe("QUIT", () => {
  test("is the server's to answer, and the end", async () => {
    const { client, gateway } = await setStage();
    client.write("QUIT\r\n");
    expect(await client.rest()).toBe("221 Goodbye\r\n");
    client.socket.end();
    await expectNothingLeft(gateway);
    expect(await gateway.sample('sessions_total{gateway="test",end="quit"}')).toBe(1);
  });

  test("in several lines is passed on whole", async () => {
    const { client } = await setStage({ QUIT: (s) => s.write("221-You have\r\n been here\r\n221 Bye\r\n") });
    client.write("QUIT\r\n");
    expect(await client.rest()).toBe("221-You have\r\n been here\r\n221 Bye\r\n");
  });

  test("to a server that closes without an answer ends cleanly", async () => {
    const { client, gateway } = await setStage({ QUIT: (s) => void s.socket.end() });
    client.write("QUIT\r\n");
    expect(await client.rest()).toMatch(/^(?:(?:221|421) .*\r\n)?$/);
    client.socket.end();
    await expectNothingLeft(gateway);
  });

  test("answered by a server that does not close is the end all the same", async () => {
    const { client, server, gateway } = await setStage({ QUIT: (s) => s.say("221 Bye") });
    client.write("QUIT\r\n");
    expect(await client.rest()).toBe("221 Bye\r\n");
    client.socket.end();
    await expectNothingLeft(gateway);
    await until(() => server.session.socket.readableEnded);
  });
});

describe("a client that closes its direction and still reads", () => {
  test("in the middle of a command that the server is slow to answer is answered", async () => {
    const { client } = await setStage({
      async HELP(s) {
        await sleep(150);
        s.say("214 Help");
      },
    });
    client.socket.end("HELP\r\n");
    expect(await client.rest()).toMatch(/^214 Help\r\n/);
  });

  test("while its listing runs, without QUIT, is treated as gone (D4.83)", async () => {
    const { client, gateway } = await setStage({
      async LIST(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write("-rw");
        await closed(data);
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("LIST\r\n");
    expect(await client.reply()).toMatch(/^150/);
    await sleep(50);
    client.socket.end();
    expect((await received).end).toBe("reset");
    await expectNothingLeft(gateway);
  });
});

describe("a server that closes the control connection while data runs", () => {
  test.each(["PASV", "PORT"] as const)("sends the rest of its file to the end: %s (D4.70)", async (mode) => {
    const { client, gateway } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
        s.socket.end();
        await sleep(100);
        data.end(fileBody);
      },
    });
    const announced = await announce(client, mode, "127.0.0.1");
    client.write("RETR x\r\n");
    const data = await announced.socket;
    const { bytes, end } = await readAll(data);
    expect([bytes.length, end]).toEqual([2 * fileBody.length, "fin"]);
    data.end();
    expect(await client.rest()).toMatch(/^150 .*\r\n(?:4\d\d .*\r\n)?421 .*\r\n$/);
    client.socket.end();
    await expectNothingLeft(gateway);
  });

  test("and then stalls is not waited for for ever", async () => {
    const { client, gateway } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data()).write(fileBody);
          s.socket.end();
        },
      },
      { timeouts: { lingerMs: 200 } },
    );
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect((await passUntil(received)).end).toBe("reset");
    expect(await client.rest()).toMatch(/421 .*\r\n$/);
    client.socket.end();
    await expectNothingLeft(gateway);
  });

  test("with a limit on its mind says so: its 421 text reaches the client (D4.84)", async () => {
    const { client } = await setStage({
      PASV(s) {
        s.say("421 Too many connections from your address");
        s.socket.end();
      },
    });
    client.write("PASV\r\n");
    expect(await client.rest()).toBe("421 Too many connections from your address\r\n");
  });
});
