// The bytes of a transfer and the two ends of its data connection: whole, half closed, stalled, given up.
import { describe, expect, test } from "vitest";
import { download, fileBody, type FakeSession } from "./fake-server.ts";
import { closed, type DataEnd, readAll } from "./ftp-dialogue.ts";
import { announce } from "./modes.ts";
import { downloadWhole, expectNothingLeft, passive, setStage, until } from "./stage.ts";
import { passUntil, sleep } from "../virtual-time.ts";

describe("a transfer", () => {
  test("of 32 MiB arrives whole, down and up", async () => {
    const body = Buffer.alloc(32 * 1024 * 1024);
    for (let at = 0; at < body.length; at += 4096) body.writeUInt32LE(at, at);
    let uploaded: Promise<DataEnd> | undefined;
    const { client } = await setStage({
      RETR: download(body),
      async STOR(s) {
        s.say("150 Go on");
        const data = await s.data();
        uploaded = readAll(data);
        await uploaded;
        data.end();
        s.say("226 Done");
      },
    });
    expect((await downloadWhole(client)).bytes.equals(body)).toBe(true);
    const data = await passive(client);
    client.write("STOR x\r\n");
    data.end(body);
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toMatch(/^226/);
    expect((await uploaded)?.bytes.equals(body)).toBe(true);
  }, 20_000);

  test("of one byte, and of none, arrives so (D4.81)", async () => {
    const { client } = await setStage({ RETR: (s, name) => download(Buffer.alloc(Number(name), "a"))(s, name) });
    for (const size of [1, 0]) {
      const data = await passive(client);
      const received = readAll(data);
      client.write(`RETR ${size}\r\n`);
      expect(await received).toEqual({ bytes: Buffer.alloc(size, "a"), end: "fin" });
      data.end();
      expect(await client.reply()).toMatch(/^150/);
      expect(await client.reply()).toBe("226 Done");
    }
  });

  test("follows another on the same session, in changing modes", async () => {
    const { client, gateway } = await setStage();
    for (const mode of ["PASV", "PORT", "EPSV", "EPRT", "PASV"] as const) {
      const announced = await announce(client, mode, "127.0.0.1");
      client.write("RETR x\r\n");
      const data = await announced.socket;
      expect((await readAll(data)).bytes.equals(fileBody)).toBe(true);
      data.end();
      expect(await client.reply()).toMatch(/^150/);
      expect(await client.reply()).toMatch(/^226/);
    }
    client.write("QUIT\r\n");
    client.socket.end();
    await expectNothingLeft(gateway);
    const outcome = (mode: string): Promise<number> =>
      gateway.sample(
        `transfers_total{gateway="test",direction="download",client_mode="${mode}",server_mode="${mode}",plane="relay",outcome="complete"}`,
      );
    expect([await outcome("PASV"), await outcome("PORT")]).toEqual([2, 1]);
  });

  test("by an unknown command that the server answers with 150 uses the data connection too", async () => {
    const { client } = await setStage({ XLST: download(Buffer.from("odd listing")) });
    const data = await passive(client);
    const received = readAll(data);
    client.write("XLST\r\n");
    expect((await received).bytes.toString()).toBe("odd listing");
    data.end();
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toMatch(/^226/);
  });

  test("with REST before it resumes where the client said", async () => {
    const { client, server } = await setStage({ REST: (s) => s.say("350 Restarting") });
    expect(await client.ask("PASV")).toMatch(/^227/);
    expect(await client.ask("REST 100")).toMatch(/^350/);
    client.write("RETR x\r\n");
    await until(() => server.session.lines.includes("RETR x"));
    expect(server.session.lines.slice(-3)).toEqual(["PASV", "REST 100", "RETR x"]);
  });

  test("with PRET before PASV keeps that order (D3.59)", async () => {
    const { client, server } = await setStage({ PRET: (s) => s.say("200 OK") }, { serverSide: { mode: "passive" } });
    client.write("PRET RETR x\r\nPASV\r\n");
    expect(await client.reply()).toMatch(/^200/);
    expect(await client.reply()).toMatch(/^227/);
    expect(server.session.lines.slice(2)).toEqual(["PRET RETR x", "EPSV"]);
  });
});

describe("a data connection", () => {
  test("carries both directions at once (D4.82)", async () => {
    let heard: Promise<DataEnd> | undefined;
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Both ways");
        const data = await s.data();
        heard = readAll(data);
        data.end(fileBody);
        await heard;
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    data.end("and back");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toBe("226 Done");
    expect((await heard)?.bytes.toString()).toBe("and back");
  });

  test("half closed by the client stays open the other way (D4.77)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        await readAll(data);
        data.end(fileBody);
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    data.end();
    expect(await received).toMatchObject({ end: "fin" });
    expect((await received).bytes.length).toBe(fileBody.length);
  });

  test("half closed by the server stays open the other way (D4.77)", async () => {
    let heard: Promise<DataEnd> | undefined;
    const { client } = await setStage({
      async STOR(s) {
        s.say("150 Go on");
        const data = await s.data();
        data.end();
        heard = readAll(data);
        await heard;
        s.say("226 Done");
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("STOR x\r\n");
    expect((await received).end).toBe("fin");
    data.end(fileBody);
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toBe("226 Done");
    expect((await heard)?.bytes.equals(fileBody)).toBe(true);
  });

  test("reset by the server after its 226 is no broken transfer if all was delivered (D4.77)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.end(fileBody);
        s.say("226 Done");
        await sleep(100);
        data.resetAndDestroy();
      },
    });
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect(await received).toMatchObject({ end: "fin" });
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toBe("226 Done");
  });

  test("that nobody reads from holds the server back (back-pressure)", async () => {
    let sent: FakeSession | undefined;
    let written = 0;
    const { client } = await setStage({
      async RETR(s) {
        sent = s;
        s.say("150 Here it comes");
        const data = await s.data();
        const chunk = Buffer.alloc(65_536);
        const more = (): void => {
          while (written < 200_000_000) {
            written += chunk.length;
            if (!data.write(chunk)) return void data.once("drain", more);
          }
        };
        more();
      },
    });
    const data = await passive(client);
    data.pause();
    client.write("RETR x\r\n");
    await until(() => sent !== undefined);
    await sleep(500);
    expect(written).toBeLessThan(60_000_000);
    data.destroy();
  });

  test("without a byte for too long is reset on both sides, and the client told", async () => {
    let heard: Promise<DataEnd> | undefined;
    const { client, gateway } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          const data = await s.data();
          heard = readAll(data);
          data.write("some");
        },
      },
      { timeouts: { dataStallMs: 200, lingerMs: 100 } },
    );
    const received = readAll(await passive(client));
    client.write("RETR x\r\n");
    expect(await passUntil(received)).toMatchObject({ end: "reset" });
    expect((await heard)?.end).toBe("reset");
    expect(await client.reply()).toMatch(/^150/);
    expect(await passUntil(client.reply())).toMatch(/^426/);
    expect(gateway.log.some((line) => line["outcome"] === "stalled")).toBe(true);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("with a byte now and then is not (D5.87)", async () => {
    const { client } = await setStage(
      {
        async RETR(s) {
          s.say("150 Here it comes");
          const data = await s.data();
          for (let count = 0; count < 8; count += 1) {
            data.write("x");
            await sleep(60);
          }
          data.end();
          s.say("226 Done");
        },
      },
      { timeouts: { dataStallMs: 200 } },
    );
    expect(await downloadWhole(client)).toEqual({ bytes: Buffer.from("xxxxxxxx"), end: "fin" });
  });
});

describe("a 226 before the client has read everything", () => {
  const early = (size: number) => ({
    async RETR(s: FakeSession) {
      s.say("150 Here it comes");
      (await s.data()).end(Buffer.alloc(size, 1));
      s.say("226 Done");
    },
  });

  test("waits for a slow reader (D4.68)", async () => {
    const { client } = await setStage(early(20_000_000));
    const data = await passive(client);
    data.pause();
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    let final: string | undefined;
    const replied = client.reply().then((reply) => (final = reply));
    await sleep(300);
    expect(final).toBeUndefined();
    expect((await readAll(data)).bytes.length).toBe(20_000_000);
    data.end();
    expect(await replied).toBe("226 Done");
  });

  test("becomes a 426 when the reader stops for the linger time (D4.68)", async () => {
    const { client } = await setStage(early(50_000_000), { timeouts: { lingerMs: 200 } });
    const data = await passive(client);
    data.pause();
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    expect(await passUntil(client.reply())).toMatch(/^426/);
    expect((await readAll(data)).end).toBe("reset");
  });

  test("becomes a 426 when the reader resets", async () => {
    const { client } = await setStage(early(50_000_000));
    const data = await passive(client);
    data.pause();
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    await sleep(100);
    data.resetAndDestroy();
    await closed(data);
    expect(await client.reply()).toMatch(/^426/);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });
});
