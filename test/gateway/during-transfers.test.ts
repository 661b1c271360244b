// What is said while data moves, and when servers answer it (D3.51, D5.86).
import { describe, expect, test } from "vitest";
import { download, fileBody, type FakeSession } from "./fake-server.ts";
import { closed, dialData, portOf, readAll } from "./ftp-dialogue.ts";
import { passive, setStage, until } from "./stage.ts";
import { sleep } from "../virtual-time.ts";

describe("commands during a transfer are answered (D3.51)", () => {
  async function duringDownload(command: string, answer: (s: FakeSession) => void) {
    let finish: (() => void) | undefined;
    const stage = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        const data = await s.data();
        data.write(fileBody);
        await new Promise<void>((resolve) => (finish = resolve));
        data.end(fileBody);
        await closed(data);
        s.say("226 Done");
      },
      [command]: answer,
    });
    const data = await passive(stage.client);
    const received = readAll(data);
    await stage.client.ask("RETR x");
    await until(() => finish !== undefined);
    return { ...stage, data, received, finish: () => finish?.() };
  }

  test("STAT at once, in several lines", async () => {
    const { client, received, data, finish } = await duringDownload("STAT", (s) =>
      s.write("213-Status\r\n moving\r\n213 end\r\n"),
    );
    expect(await client.ask("STAT")).toBe("213-Status\n moving\n213 end");
    finish();
    expect((await received).bytes.length).toBe(2 * fileBody.length);
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("NOOP at once; its 200 is not taken for the end (D5.86)", async () => {
    const { client, received, data, finish } = await duringDownload("NOOP", (s) => s.say("200 Still here"));
    expect(await client.ask("NOOP")).toBe("200 Still here");
    finish();
    expect((await received).bytes.length).toBe(2 * fileBody.length);
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });

  test("NOOP after the transfer, in order (D5.86)", async () => {
    const { client, server, received, data, finish } = await duringDownload("NOOP", () => {});
    client.write("NOOP\r\n");
    await sleep(30);
    finish();
    expect((await received).bytes.length).toBe(2 * fileBody.length);
    data.end();
    expect(await client.reply()).toBe("226 Done");
    server.session.say("200 Sorry, was busy");
    expect(await client.reply()).toBe("200 Sorry, was busy");
  });

  test("an unknown command, with its 502", async () => {
    const { client, received, data, finish } = await duringDownload("XYZZY", (s) => s.say("502 What?"));
    expect(await client.ask("XYZZY")).toBe("502 What?");
    finish();
    await received;
    data.end();
    expect(await client.reply()).toBe("226 Done");
  });
});

describe("the next transfer, announced while one runs", () => {
  test("in one write with it is served after it (D3.39)", async () => {
    const { client } = await setStage();
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\nPASV\r\n");
    expect((await received).bytes.equals(fileBody)).toBe(true);
    data.end();
    const replies = [await client.reply(), await client.reply(), await client.reply()];
    expect(replies.map((reply) => reply.slice(0, 3)).toSorted()).toEqual(["150", "226", "227"]);
    const next = await dialData(portOf(replies.find((reply) => reply.startsWith("227")) ?? ""));
    const again = readAll(next);
    client.write("RETR x\r\n");
    expect((await again).bytes.equals(fileBody)).toBe(true);
  });

  test("a hundred small files over one control connection, each in one write with the next PASV (D3.39)", async () => {
    const { client, gateway } = await setStage({ RETR: download(Buffer.from("small")) });
    let announced = await client.ask("PASV");
    for (let count = 0; count < 100; count += 1) {
      const data = await dialData(portOf(announced));
      const received = readAll(data);
      client.write("RETR x\r\n");
      expect((await received).bytes.toString()).toBe("small");
      data.end();
      expect(await client.reply()).toMatch(/^150/);
      expect(await client.reply()).toMatch(/^226/);
      announced = await client.ask("PASV");
    }
    expect(await gateway.sample('data_ports{gateway="test",side="client",state="open"}')).toBe(1);
  });
});
