// ABOR with a transfer under way, and the many ways in which servers answer it (D3.49-50).
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { fileBody, type FakeSession } from "./fake-server.ts";
import { type Dialogue, readAll } from "./ftp-dialogue.ts";
import { passive, setStage, until } from "./stage.ts";
import { sleep } from "../virtual-time.ts";

/** A download without end, and an ABOR that is answered so. */
function endless(answers: readonly string[], order: "close-first" | "reply-first") {
  let running: Socket | undefined;
  return {
    async RETR(s: FakeSession) {
      s.say("150 Here it comes");
      running = await s.data();
      running.write(fileBody);
    },
    async ABOR(s: FakeSession) {
      if (order === "close-first") running?.resetAndDestroy();
      for (const answer of answers) s.say(answer);
      await sleep(20);
      running?.destroy();
    },
  };
}

/** The first reply of that kind; others before it are what an abort has left over. */
async function replyOf(client: Dialogue, line: string, expected: RegExp): Promise<string> {
  client.write(`${line}\r\n`);
  for (;;) {
    const reply = await client.reply();
    if (expected.test(reply)) return reply;
    expect(reply).toMatch(/^(?:22[56]|4\d\d) /);
  }
}

describe("an ABOR", () => {
  test.each([
    ["426 and 226", ["426 Aborted", "226 Closed"], "close-first"],
    ["426 and 226, then the close", ["426 Aborted", "226 Closed"], "reply-first"],
    ["426 and 225", ["426 Aborted", "225 Open"], "close-first"],
    ["426 alone", ["426 Aborted"], "close-first"],
    ["226 alone", ["226 Aborted"], "close-first"],
    ["226 alone, then the close", ["226 Aborted"], "reply-first"],
    ["450 and 226", ["450 Aborted", "226 Closed"], "close-first"],
  ] as const)("answered %s ends the transfer, and the session goes on in step (D3.50)", async (_, answers, order) => {
    const { client, server } = await setStage(endless(answers, order));
    const data = await passive(client);
    const received = readAll(data);
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    await until(() => client.segments.length > 0 && server.session.lines.includes("RETR x"));
    await sleep(20);
    client.write("ABOR\r\n");
    expect(await client.reply()).toMatch(/^(?:4\d\d|226|225) /);
    data.destroy();
    await received;
    await sleep(100);
    await replyOf(client, "NOOP", /^200 /);
    expect(await replyOf(client, "PASV", /^227 /)).toMatch(/\(127,0,0,1,\d+,\d+\)/);
    expect(await replyOf(client, "RETR x", /^150 /)).toBe("150 Here it comes");
  });

  test("with nothing under way is the server's to answer (D3.50)", async () => {
    const { client } = await setStage({ ABOR: (s) => s.say("226 Nothing to abort") });
    expect(await client.ask("ABOR")).toBe("226 Nothing to abort");
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("that the server does not hear is felt by it: its data connection ends (D3.49)", async () => {
    const { client, server } = await setStage({ ...endless([], "reply-first"), ABOR: () => {} });
    const data = await passive(client);
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    const sent = server.session.data();
    client.write("ABOR\r\n");
    data.destroy();
    await readAll(await sent);
  });
});
