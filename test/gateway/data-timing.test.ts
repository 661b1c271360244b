// When data and replies come in an order of their own (D4): nothing is lost, nothing is claimed, nothing hangs.
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { fileBody, type FakeSession } from "./fake-server.ts";
import { closed, dialData, listenData, portLine, portOf, readAll } from "./ftp-dialogue.ts";
import { announce } from "./modes.ts";
import { activeSamples, expectNothingLeft, passive, setStage, until } from "./stage.ts";
import { passUntil, quiet, sleep } from "../virtual-time.ts";

const linger = { timeouts: { lingerMs: 250 } };

describe("data that comes early", () => {
  test("before the 150 reaches the client after the 150 (D4.66)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        (await s.data()).end(fileBody);
        await sleep(300);
        s.say("150 Here it comes");
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const seen: string[] = [];
    data.once("data", () => seen.push("byte"));
    expect(await client.ask("RETR x")).toMatch(/^150/);
    seen.push("150");
    await quiet();
    expect(seen).toEqual(["150", "byte"]);
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("before the command, from the server, is kept for it (D4.65)", async () => {
    const { client, server } = await setStage({
      RETR(s) {
        s.say("150 Here it comes");
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    (await server.session.data()).end(fileBody);
    await sleep(100);
    const received = readAll(data);
    expect(await client.ask("RETR x")).toMatch(/^150/);
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("before the command, from the client, is kept for it (D4.65)", async () => {
    const { client } = await setStage();
    const data = await passive(client);
    data.end(fileBody);
    await sleep(100);
    expect(await client.ask("STOR x")).toMatch(/^150/);
    expect(await client.reply()).toBe("226 Got 10000");
  });

  test("the client's connection is accepted however early it is made (D4.65)", async () => {
    const { client } = await setStage();
    const data = await passive(client);
    await sleep(300);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });

  test("by a server in active mode that dials before its 200 is kept (D4.65)", async () => {
    const { client } = await setStage({
      async PORT(s) {
        const data = await s.data();
        s.say("200 PORT command successful");
        data.end(fileBody);
      },
      async RETR(s) {
        s.say("150 Here it comes");
        s.say("226 Done");
      },
    });
    const listener = await listenData();
    expect(await client.ask(portLine(listener.port))).toMatch(/^200/);
    client.write("RETR x\r\n");
    expect((await readAll(await listener.socket)).bytes.equals(fileBody)).toBe(true);
  });
});

describe("the preliminary reply", () => {
  const sends = (...lines: string[]) => ({
    async RETR(s: FakeSession) {
      for (const line of lines) s.say(line);
      const data = await s.data();
      data.end(fileBody);
      await closed(data);
      s.say("226 Done");
    },
  });

  test.each([
    ["as 125 (D4.67)", ["125 Already open"]],
    ["twice (D4.67)", ["150 One", "150 Two"]],
    ["in several lines (D4.67)", ["150-One\r\n two\r\n150 three"]],
    ["as 151 (D2.25)", ["151 Odd"]],
    ["not at all (D4.67)", []],
  ])("%s", async (_, lines) => {
    const { client } = await setStage(sends(...lines));
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect((await passUntil(received)).bytes.equals(fileBody)).toBe(true);
    data.end();
    const said: string[] = [];
    while (said.at(-1) !== "226 Done") said.push(await client.reply());
    expect(said.join("\r\n")).toBe(
      [...lines, "226 Done"].join("\r\n").replaceAll(/-One\r\n two\r\n150/g, "-One\n two\n150"),
    );
  });
});

describe("the final reply", () => {
  test("250 is as good as 226 (D4.68)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).end(fileBody);
        s.say("250 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.reply()).toBe("250 Done");
  });

  test("right away, for a listing of nothing, without any data connection (D4.67)", async () => {
    const { client } = await setStage({ LIST: (s) => s.say("226 Nothing there") }, linger);
    await client.ask("PASV");
    expect(await passUntil(client.ask("LIST"))).toMatch(/^(?:226|425|426) /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("right away, for a listing of nothing, with a data connection that is closed at once (D4.67, D4.81)", async () => {
    const { client } = await setStage({
      async LIST(s) {
        s.say("226 Nothing there");
        (await s.data()).end();
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("LIST\r\n");
    expect(await received).toEqual({ bytes: Buffer.alloc(0), end: "fin" });
    data.end();
    expect(await client.reply()).toBe("226 Nothing there");
  });

  test("before the data is held until the client has all of it (D4.68)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        s.say("226 Done");
        await sleep(200);
        (await s.data()).end(fileBody);
      },
    });
    const data = await passive(client);
    const saidAt = performance.now();
    const received = readAll(data);
    await client.ask("RETR x");
    expect(await client.reply()).toBe("226 Done");
    expect(performance.now()).toBe(saidAt + 200);
    expect((await received).bytes.equals(fileBody)).toBe(true);
  });

  test("in several lines is held whole (D4.68)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        s.write("226-Done\r\n in detail\r\n226 end\r\n");
        await sleep(100);
        (await s.data()).end(fileBody);
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.length).toBe(fileBody.length);
    data.end();
    expect(await client.reply()).toBe("226-Done\n in detail\n226 end");
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("after the FIN is waited for (D4.69)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).end(fileBody);
        await sleep(300);
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).end).toBe("fin");
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("that never comes is a 451, and a late one is nobody's (D4.69)", async () => {
    const { client, server } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data()).end(fileBody);
        },
      },
      linger,
    );
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    await received;
    data.end();
    expect(await passUntil(client.reply())).toMatch(/^451 /);
    server.session.say("226 Late");
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test.each(["PASV", "PORT"] as const)(
    "of an upload is true after much more than the linger time: %s (D4.69)",
    async (mode) => {
      const { client } = await setStage(
        {
          async STOR(s) {
            s.say("150 Go on");
            const data = await s.data();
            data.resume().on("end", () => data.end());
            await closed(data);
            await sleep(6000);
            s.say("226 Scanned and stored");
          },
        },
        linger,
      );
      const announced = await announce(client, mode, "127.0.0.1");
      await client.ask("STOR x");
      (await announced.socket).end(fileBody);
      await sleep(3000);
      expect(await client.ask("NOOP")).toMatch(/^200/);
      expect(await passUntil(client.reply())).toBe("226 Scanned and stored");
    },
  );

  test.each([
    ["PORT", "same"],
    ["EPRT", "same"],
    ["PASV", "active"],
  ] as const)(
    "comes true though the server connects long after its 125: %s, mode %s (D4.67)",
    async (mode, serverMode) => {
      const { client } = await setStage(
        {
          async RETR(s) {
            s.say("125 Your job is queued");
            await sleep(6000);
            const data = await s.data();
            data.end(fileBody);
            await closed(data);
            s.say("226 Done");
          },
        },
        { serverSide: { mode: serverMode }, timeouts: { pinholeMs: 1000, lingerMs: 250 } },
      );
      const announced = await announce(client, mode, "127.0.0.1");
      expect(await client.ask("RETR x")).toMatch(/^125/);
      const data = await passUntil(announced.socket, 20_000);
      const received = await passUntil(readAll(data), 20_000);
      expect([received.end, received.bytes.equals(fileBody)]).toEqual(["fin", true]);
      data.end();
      expect(await passUntil(client.reply())).toBe("226 Done");
    },
  );

  test("of a file whose server connected from another address is no completion (D4.74)", async () => {
    const { client, gateway } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          (await s.data({ localAddress: "127.0.0.2" })).end(fileBody);
          s.say("226 Done");
        },
      },
      linger,
    );
    const announced = await announce(client, "PORT", "127.0.0.1");
    expect(await client.ask("RETR x")).toMatch(/^150/);
    expect(await passUntil(client.reply())).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    announced.close();
    expect(await gateway.sample('refusals_total{gateway="test",reason="no-data-connection"}')).toBe(1);
  });

  test("that never comes for an upload is a 451 (D4.69)", async () => {
    const { client } = await setStage(
      {
        async STOR(s) {
          s.say("150 Go on");
          const data = await s.data();
          data.resume().on("end", () => data.end());
        },
      },
      linger,
    );
    const data = await passive(client);
    await client.ask("STOR x");
    data.end(fileBody);
    expect(await passUntil(client.reply(), 20_000)).toMatch(/^451 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("replaced by the end of the control connection: the data arrives, then 421 (D4.70)", async () => {
    const { client, gateway } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).end(fileBody);
        s.socket.end();
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    await client.ask("RETR x");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    client.close();
    await expectNothingLeft(gateway);
  });
});

describe("a refusal after the pinhole was opened releases it at once (D4.71)", () => {
  test.each(["425 No data", "426 Broken", "450 Busy", "451 Error", "550 No such file", "553 Bad name", "530 Log in"])(
    "%s",
    async (said) => {
      const { client, gateway } = await setStage({ RETR: (s) => s.say(said) });
      const port = portOf(await client.ask("PASV"));
      expect(await client.ask("RETR x")).toBe(said);
      await until(async () => (await activeSamples(gateway)).length === 1);
      expect((await readAll(await dialData(port))).end).toBe("reset");
    },
  );

  // Some clients take a reset for the end of the session (basic-ftp).
  test("550 with the client connected already: its data connection ends in order, after the reply", async () => {
    const { client, gateway } = await setStage({ RETR: (s) => s.say("550 No such file") });
    const data = await passive(client);
    const received = readAll(data);
    expect(await client.ask("RETR x")).toMatch(/^550/);
    expect(await received).toMatchObject({ bytes: Buffer.alloc(0), end: "fin" });
    await until(async () => (await activeSamples(gateway)).length === 1);
  });

  test("553 with bytes of the client's under way: its data connection is reset", async () => {
    const { client } = await setStage({
      async STOR(s) {
        await once(await s.data(), "readable");
        s.say("553 Bad name");
      },
    });
    const data = await passive(client);
    data.write(fileBody);
    const received = readAll(data);
    expect(await client.ask("STOR x")).toMatch(/^553/);
    expect((await received).end).toBe("reset");
  });

  test("550 after PORT: the client is never dialled, or reset", async () => {
    const { client } = await setStage({ RETR: (s) => s.say("550 No such file") });
    const listener = await listenData();
    await client.ask(portLine(listener.port));
    expect(await client.ask("RETR x")).toMatch(/^550/);
    const outcome = await Promise.race([listener.socket.then(() => "dialled"), sleep(150).then(() => "left alone")]);
    expect(outcome).toBe("left alone");
    listener.close();
  });
});
