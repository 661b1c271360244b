// What is said while data moves, and when servers answer it (QUIRKS D3.51, D5.86).
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { fileBody, type FakeSession } from "./fake-server.ts";
import { closed, readAll } from "./ftp-dialogue.ts";
import { passive, setStage, until } from "./stage.ts";

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
