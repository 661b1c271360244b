// Replies as servers, and what stands in front of them, give them: passed on byte for byte, paired, and bounded.
import { describe, expect, test } from "vitest";
import { passive, setClient, setGateway, setServer, setStage, until } from "./stage.ts";
import { readAll } from "./ftp-dialogue.ts";
import { passUntil, sleep } from "../virtual-time.ts";

describe("the greeting", () => {
  test.each([
    ["of one line", "220 Ready\r\n"],
    ["of several lines (D2.30)", "220-Welcome\r\n220-to this\r\n220 Ready\r\n"],
    ["with lines that are not numbered (D2.27)", "220-Welcome\r\nto this\r\n 220 not yet\r\n220 Ready\r\n"],
    ["with control characters (D2.30)", "220-\x07\x1b[1mWelcome\x00\r\n220 Ready\r\n"],
    ["with empty lines inside (D2.28)", "220-Welcome\r\n\r\n\r\n220 Ready\r\n"],
    ["with bare LFs", "220-Welcome\n220 Ready\n"],
    ["without a text (D2.26)", "220\r\n"],
    ["with a code of its own inside (D2.27)", "220-a\r\n500 b\r\n220-c\r\n220 Ready\r\n"],
    ["in bytes that are no text (D2.30)", "220 \x80\xff\xfe\r\n"],
  ])("%s is passed on as it came", async (_, greeting) => {
    const server = await setServer({}, { greeting: "" });
    const client = await setClient(await setGateway(server.port));
    await until(() => server.sessions.length === 1);
    server.session.write(greeting);
    await until(() => client.segments.join("").length >= greeting.length);
    expect(client.segments.join("")).toBe(greeting);
    client.write("USER u\r\n");
    await until(() => client.segments.join("").endsWith("331 Password please\r\n"));
    expect(server.session.lines).toEqual(["USER u"]);
  });

  test("of 421 is the client's too, and the end", async () => {
    const server = await setServer({}, { greeting: "421 Too many users" });
    const client = await setClient(await setGateway(server.port));
    expect(await client.rest()).toBe("421 Too many users\r\n");
  });

  test("of 530 is the client's too, and the end", async () => {
    const server = await setServer({}, { greeting: "530 Not you" });
    const client = await setClient(await setGateway(server.port));
    expect(await client.rest()).toMatch(/^530 Not you\r\n/);
  });

  test("that never comes ends in 421 at the login timeout", async () => {
    const server = await setServer({}, { greeting: "" });
    const client = await setClient(await setGateway(server.port, { timeouts: { loginMs: 200 } }));
    expect(await passUntil(client.rest())).toMatch(/^421 .*\r\n$/);
  });

  test("replaced by a server that closes at once is a 421", async () => {
    const server = await setServer({}, { greeting: "" });
    const client = await setClient(await setGateway(server.port));
    await until(() => server.sessions.length === 1);
    server.session.socket.end();
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
  });
});

/** What the client reads after `command`, when the server answers with these bytes and NOOP ends it. */
async function answered(bytes: string, command = "HELP"): Promise<string> {
  const { client } = await setStage({ [command]: (s) => s.write(bytes), NOOP: (s) => s.say("299 last") });
  const before = client.segments.length;
  client.write(`${command}\r\n`);
  await sleep(20);
  client.write("NOOP\r\n");
  await until(() => client.segments.slice(before).join("").endsWith("299 last\r\n"));
  return client.segments.slice(before).join("").slice(0, -"299 last\r\n".length);
}

describe("a reply is passed on as it came", () => {
  test.each([
    ["one line", "214 Help\r\n"],
    ["several lines", "214-a\r\n b\r\n214 c\r\n"],
    ["continuation lines that begin with other codes (D2.27)", "214-a\r\n500 b\r\n226 c\r\n214 d\r\n"],
    ["continuation lines without a blank (D2.27)", "211-status\r\nfile\r\n.\r\n211 end\r\n"],
    ["the same code and a hyphen inside", "214-a\r\n214-b\r\n214 c\r\n"],
    ["the same code and a longer number inside", "214-a\r\n2145 b\r\n214 c\r\n"],
    ["empty lines inside (D2.28)", "214-a\r\n\r\n214 b\r\n"],
    ["a bare code at the end (D2.26)", "214-a\r\n b\r\n214\r\n"],
    ["a bare code alone (D2.26)", "214\r\n"],
    ["a code above 599 (D2.26)", "666 Protected\r\n"],
    ["a 227 inside an error text (D1.15)", "550 227 Entering Passive Mode (1,2,3,4,5,6)\r\n"],
    ["a 227 that nobody asked for (D1.14)", "227 Logout.\r\n"],
    ["NULs, Telnet and high bytes", "214 a\0b\xff\xfb\x01\x80c\r\n"],
    ["bare LFs", "214-a\n b\n214 c\n"],
    ["CR CR LF", "214 a\r\r\n"],
    ["a line of 60000 bytes", `214 ${"x".repeat(60_000)}\r\n`],
  ])("%s", async (_, bytes) => {
    expect(await answered(bytes)).toBe(bytes);
  });

  test("but a 227 inside a reply to something else has a blank before it (D1.15)", async () => {
    const inside = "227 Entering (1,2,3,4,5,6)\r\n";
    expect(await answered(`214-a\r\n${inside}214 b\r\n`)).toBe(`214-a\r\n ${inside}214 b\r\n`);
  });

  test("megabytes of lines, streamed and never collected (D2.31)", async () => {
    const body = Array.from({ length: 60_000 }, (_, index) => ` line ${index} ${"x".repeat(80)}\r\n`).join("");
    const reply = `214-begin\r\n${body}214 end\r\n`;
    const { client } = await setStage({ HELP: (s) => s.write(reply) });
    const before = client.segments.length;
    let length = 0;
    client.socket.on("data", (chunk) => (length += chunk.length));
    client.write("HELP\r\n");
    await until(() => length >= reply.length, 10_000);
    expect(client.segments.slice(before).join("")).toBe(reply);
  }, 15_000);

  test("before its end has come (D2.31)", async () => {
    const { client, server } = await setStage({ HELP: (s) => s.write("214-first\r\n second\r\n") });
    client.write("HELP\r\n");
    await until(() => client.segments.at(-1)?.endsWith(" second\r\n") === true);
    server.session.write("214 end\r\n");
    expect(await client.reply()).toBe("214-first\n second\n214 end");
  });
});

describe("a server that talks nonsense", () => {
  test("without codes is passed on, and the next command still works", async () => {
    expect(await answered("hello there\r\n")).toBe("hello there\r\n");
    expect(await answered("\r\n")).toBe("\r\n");
    expect(await answered("99 low\r\n")).toBe("99 low\r\n");
    expect(await answered("2144 long\r\n")).toBe("2144 long\r\n");
  });

  test("in binary is passed on or ended, never hung or crashed", async () => {
    const { client, server, gateway } = await setStage();
    let garbage = "";
    for (let seed = 7; garbage.length < 200_000; seed = (seed * 16_807) % 2_147_483_647) {
      garbage += String.fromCharCode(seed & 255);
    }
    client.socket.resume();
    server.session.write(garbage);
    await sleep(150);
    const other = await setClient(gateway);
    await other.login();
    expect(await other.ask("NOOP")).toMatch(/^200/);
  });

  test("in a line over 64 KiB ends its session with 421", async () => {
    const { client, server } = await setStage();
    server.session.write(`214 ${"x".repeat(70_000)}\r\n`);
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    await until(() => server.session.socket.readableEnded || server.session.socket.destroyed);
  });

  test("in a line without end costs no memory", async () => {
    const { client, server } = await setStage();
    for (let count = 0; count < 100; count += 1) server.session.write("x".repeat(10_000));
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
  });
});

describe("a server that says 421", () => {
  test("at any time: the client is told, and it is the end (D2.33)", async () => {
    const { client, server } = await setStage();
    server.session.say("421 Going down");
    expect(await passUntil(client.rest())).toBe("421 Going down\r\n");
  });

  test("in several lines: all of them are told (D2.33)", async () => {
    const { client, server } = await setStage();
    server.session.write("421-Going\r\n down\r\n421 now\r\n");
    expect(await passUntil(client.rest())).toBe("421-Going\r\n down\r\n421 now\r\n");
  });

  test("in the middle of a download: the client is told, and its data is no whole file (D2.33)", async () => {
    const { client } = await setStage({
      async RETR(s) {
        s.say("150 Here it comes");
        (await s.data()).write("part of it");
        await sleep(50);
        s.say("421 Going down");
        s.socket.end();
      },
    });
    const received = readAll(await passive(client));
    client.write("RETR x\r\n");
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.rest()).toMatch(/^421 /);
    expect((await received).end).toBe("reset");
  });

  test("instead of an answer to PASV: the client is told (D2.33)", async () => {
    const { client } = await setStage({ PASV: (s) => s.say("421 Timeout") });
    client.write("PASV\r\n");
    expect(await passUntil(client.rest())).toBe("421 Timeout\r\n");
  });
});

describe("login", () => {
  test("is done when 230 comes right after USER (D2.30)", async () => {
    const { client } = await setStage({ USER: (s) => s.say("230 Welcome") }, { timeouts: { loginMs: 150 } });
    await sleep(250);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("with an account is done after ACCT (D2.30)", async () => {
    const script = {
      PASS: (s: { say(line: string): void }) => s.say("332 Account?"),
      ACCT: (s: { say(line: string): void }) => s.say("230 In"),
    };
    const { client } = await setStage(script, { timeouts: { loginMs: 250 } });
    expect(await client.ask("ACCT money")).toMatch(/^230/);
    await sleep(350);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });

  test("that is not done in time ends the session with 421", async () => {
    const server = await setServer();
    const client = await setClient(await setGateway(server.port, { timeouts: { loginMs: 200 } }));
    await client.reply();
    await client.ask("USER u");
    expect(await passUntil(client.rest())).toMatch(/^421 .*\r\n$/);
  });

  test("again as somebody else is between client and server (D3.53)", async () => {
    const { client, server } = await setStage();
    expect(await client.ask("USER other")).toMatch(/^331/);
    expect(await client.ask("PASS p")).toMatch(/^230/);
    expect(server.session.lines.slice(-2)).toEqual(["USER other", "PASS p"]);
  });

  test("is void after REIN, and so is what was negotiated (D3.52)", async () => {
    const { client } = await setStage({ REIN: (s) => s.say("220 Again") }, { timeouts: { loginMs: 250 } });
    const data = await passive(client);
    expect(await client.ask("REIN")).toMatch(/^220/);
    expect((await readAll(data)).end).toBe("reset");
    expect(await passUntil(client.rest())).toMatch(/^421 .*\r\n$/);
  });
});
