// Lines as clients type, cut and decorate them, up to what must not get through.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { setClient, setGateway, setServer, setStage, until } from "./stage.ts";
import { sleep } from "../virtual-time.ts";

/** What the server receives of `bytes`, and what the client reads in answer until a NOOP of its own is answered. */
async function said(bytes: string, script = {}) {
  const { client, server } = await setStage({ NOOP: (s) => s.say("299 last"), ...script });
  const before = { server: server.session.lines.length, client: client.segments.length };
  client.write(bytes);
  client.write("NOOP last\r\n");
  const answered = (): string => client.segments.slice(before.client).join("");
  await until(() => answered().endsWith("299 last\r\n"));
  return {
    lines: server.session.lines.slice(before.server, -1),
    answers: answered().slice(0, -"299 last\r\n".length),
  };
}

describe("a line is forwarded as typed", () => {
  test.each([
    ["in lower case (D3.34)", "pwd\r\n", "pwd"],
    ["in mixed case (D3.34)", "pWd\r\n", "pWd"],
    ["without the blanks before the verb (D3.35)", " \tPWD\r\n", "PWD"],
    ["with HT before the argument (D3.35)", "CWD\ta b\r\n", "CWD\ta b"],
    ["with several blanks before the argument (D3.35)", "CWD   a  b \r\n", "CWD   a  b "],
    ["ended by a bare LF (D3.36)", "PWD\n", "PWD"],
    ["ended by CR CR LF (D3.36)", "PWD\r\r\n", "PWD"],
    ["with CR NUL in a path name (D3.47)", "CWD a\r\0b\r\n", "CWD a\r\0b"],
    ["with parentheses, digits and quotes in a name (D3.58)", 'CWD (1,2,3,4,5,6) "x"\r\n', 'CWD (1,2,3,4,5,6) "x"'],
    ["in UTF-8 (D3.57)", "CWD \xc3\xa4\xe2\x82\xac\r\n", "CWD \xc3\xa4\xe2\x82\xac"],
    ["in latin-1 (D3.57)", "CWD \xe4\xf6\xfc\r\n", "CWD \xe4\xf6\xfc"],
    ["in Shift-JIS, with 0x5c as a second byte (D3.57)", "CWD \x83\x5c\x83\x5c\r\n", "CWD \x83\x5c\x83\x5c"],
    ["with a doubled 0xff (D3.48)", "CWD a\xff\xffb\r\n", "CWD a\xff\xffb"],
    ["with a verb that nobody knows (D3.55)", "XYZZY magic\r\n", "XYZZY magic"],
    ["as an X-command of Microsoft's (D3.56)", "XPWD\r\n", "XPWD"],
  ])("%s", async (_, typed, line) => {
    expect((await said(typed)).lines).toEqual([line]);
  });

  test.each(["OPTS UTF8 ON", "CLNT x", "MFMT 20200101000000 a", "HASH a", "SITE CHMOD 644 a", "SIZE a", "MDTM a"])(
    "%s (D3.55)",
    async (line) => expect((await said(`${line}\r\n`)).lines).toEqual([line]),
  );

  test.each(["REST 100", "ALLO 1000", "TYPE A N", "TYPE E", "TYPE L 8", "STRU R", "MODE B", "MODE Z"])(
    "%s (D3.54)",
    async (line) => expect((await said(`${line}\r\n`)).lines).toEqual([line]),
  );
});

test.each(["\r\n", "  \t\r\n", "\n"])("a blank line is no command, and has no reply: %j (D3.96)", async (typed) => {
  expect(await said(typed + typed)).toMatchObject({ lines: [], answers: "" });
});

describe("a line is refused, the session lives", () => {
  test.each([
    ["with a lone CR inside (D3.36)", "CWD a\rb\r\n"],
    ["with a stray NUL (D3.47)", "CWD a\0b\r\n"],
    ["longer than 4096 bytes (D3.46)", `CWD ${"x".repeat(5000)}\r\n`],
    ["of a megabyte (D3.46)", `CWD ${"x".repeat(1_000_000)}\r\n`],
  ])("%s", async (_, typed) => {
    const { lines, answers } = await said(typed);
    expect(lines).toEqual([]);
    expect(answers).toMatch(/^500 [^\r\n]*\r\n$/);
  });

  test("once, however long it is, and what follows it is served (D3.46)", async () => {
    const { lines, answers } = await said(`${"x".repeat(9000)}\r\nPWD\r\n${"y".repeat(9000)}\r\n`);
    expect(lines).toEqual(["PWD"]);
    expect(answers).toMatch(/^500 .*\r\n257 .*\r\n500 .*\r\n$/);
  });

  test("a line of exactly 4096 bytes is not (D3.46)", async () => {
    const line = `CWD ${"x".repeat(4092)}`;
    expect((await said(`${line}\r\n`)).lines).toEqual([line]);
  });

  test("a line without end takes no memory and is answered once (D3.46)", async () => {
    const { client } = await setStage();
    const before = process.memoryUsage.rss();
    for (let count = 0; count < 200; count += 1) client.write("x".repeat(65_536));
    expect(await client.reply()).toMatch(/^500 /);
    await sleep(100);
    expect(process.memoryUsage.rss() - before).toBeLessThan(120_000_000);
    client.write("\r\nNOOP\r\n");
    expect(await client.reply()).toMatch(/^200/);
  });
});

describe("Telnet", () => {
  const answers = (bytes: string) => said(bytes).then((heard) => heard.answers);

  test.each([
    ["DO is answered with WONT", "\xff\xfd\x06", "\xff\xfc\x06"],
    ["WILL is answered with DONT", "\xff\xfb\x01", "\xff\xfe\x01"],
    ["DONT is not answered", "\xff\xfe\x01", ""],
    ["WONT is not answered", "\xff\xfc\x01", ""],
    ["NOP, AYT and AO are dropped", "\xff\xf1\xff\xf6\xff\xf5", ""],
    ["a subnegotiation is dropped", "\xff\xfa\x18\x00xterm\xff\xf0", ""],
  ])("%s (D3.48)", async (_, bytes, answer) => {
    const heard = await said(`${bytes}PWD\r\n`);
    expect(heard.lines).toEqual(["PWD"]);
    expect(heard.answers).toBe(`${answer}257 "/"\r\n`);
  });

  test("is taken out of the middle of a command (D3.48)", async () => {
    expect((await said("P\xff\xf1W\xff\xfb\x03D\r\n")).lines).toEqual(["PWD"]);
  });

  test("is understood however it is split (D3.48)", async () => {
    const { client, server } = await setStage();
    for (const byte of "\xff\xfb\x01P\xff\xfd\x06WD\xff\xf1\r\n") {
      client.write(byte);
      await sleep(2);
    }
    await until(() => client.segments.join("").includes('257 "/"'));
    expect(server.session.lines.at(-1)).toBe("PWD");
    expect(client.segments.join("")).toContain("\xff\xfe\x01");
    expect(client.segments.join("")).toContain("\xff\xfc\x06");
  });

  test("left unfinished does not hang the session (D3.48)", async () => {
    expect(await answers("\xff\xfa\x18 no end\r\n")).toMatch(/^(?:500 .*\r\n)?$/);
    expect(await answers("\xff\r\n")).toBe("");
  });

  test("in a flood of WILL is answered within bounds (D3.64)", async () => {
    const { client } = await setStage();
    client.write("\xff\xfb\x01".repeat(100_000));
    client.write("\r\nPWD\r\n");
    await until(() => client.segments.join("").includes('257 "/"'));
    expect(client.segments.join("").length).toBeLessThan(20_000);
  });
});

describe("ABOR", () => {
  test.each([
    ["plain", "ABOR\r\n"],
    ["in lower case", "abor\r\n"],
    ["after IP and DM in line", "\xff\xf4\xff\xf2ABOR\r\n"],
    ["after IP, the urgent IAC lost", "\xff\xf4\xf2ABOR\r\n"],
    ["after IP, the urgent DM lost", "\xff\xf4\xffABOR\r\n"],
    ["after DM alone", "\xf2ABOR\r\n"],
  ])("%s reaches the server (D3.49)", async (_, bytes) => {
    const heard = await said(bytes, { ABOR: (s: { say(line: string): void }) => s.say("225 Nothing to abort") });
    expect(heard.lines.map((line) => line.toUpperCase())).toEqual(["ABOR"]);
    expect(heard.answers).toBe("225 Nothing to abort\r\n");
  });

  test.each([
    ["the IAC of the DM urgent", ["ff f4", "!ff", "f2 41 42 4f 52 0d 0a"]],
    ["the last of three bytes urgent", ["!ff f4 ff", "f2 41 42 4f 52 0d 0a"]],
    ["the DM urgent", ["ff f4 ff", "!f2", "41 42 4f 52 0d 0a"]],
    ["two sequences in a row", ["!ff f4 ff", "f2 41 42 4f 52 0d 0a", "!ff f4 ff", "f2 41 42 4f 52 0d 0a"]],
  ])("with %s reaches the server (D3.49)", async (_, pieces) => {
    const server = await setServer({ ABOR: (s) => s.say("225 Nothing to abort") });
    const gateway = await setGateway(server.port);
    const script = `
import socket, sys, time
s = socket.create_connection(("127.0.0.1", ${gateway.port}))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.recv(1000)
for piece in ${JSON.stringify(pieces)}:
    s.send(bytes.fromhex(piece.lstrip("!")), socket.MSG_OOB if piece[0] == "!" else 0)
    time.sleep(0.03)
s.send(b"NOOP\\r\\n")
got = b""
while b"200" not in got and (more := s.recv(1000)): got += more
sys.stdout.write(got.decode("latin1"))`;
    const child = spawn("python3", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += String(chunk)));
    await once(child, "close");
    const wanted = pieces.filter((piece) => piece.includes("0d 0a")).map(() => "ABOR");
    expect(server.session.lines).toEqual([...wanted, "NOOP"]);
    expect(printed).toBe("225 Nothing to abort\r\n".repeat(wanted.length) + "200 Nothing done\r\n");
  });
});

test("an HTTP request that is too long and carries FTP behind the login opens nothing (D3.62)", async () => {
  const { client, server, gateway } = await setStage();
  client.write(`POST /${"x".repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\nPORT 127,0,0,1,40,5\r\n`);
  expect(await client.rest()).toMatch(/^421 .*\r\n$/);
  expect(server.session.lines.filter((line) => line.startsWith("PORT"))).toEqual([]);
  expect(await gateway.sample('sessions_total{gateway="test",end="not-ftp"}')).toBe(1);
});

test("a client that asks for a data connection before it has logged in is answered 530, and no port is opened", async () => {
  const server = await setServer();
  const client = await setClient(await setGateway(server.port));
  await client.reply();
  for (const line of ["PASV", "EPSV", "PORT 127,0,0,1,40,5", "EPRT |1|127.0.0.1|10245|"]) {
    expect(await client.ask(line)).toMatch(/^530 /);
  }
  expect(server.session.lines).toEqual([]);
});

describe("another protocol on our port is ended at its first line (D3.62)", () => {
  test.each([
    ["HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["an HTTP upload that carries FTP", "POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nPORT 127,0,0,1,4,5\r\n"],
    ["SMTP", "EHLO x\r\nMAIL FROM:<a@b>\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9\r\n"],
    [
      "an HTTP request that is too long",
      `POST /${"x".repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\nPORT 127,0,0,1,40,5\r\n`,
    ],
    ["a blank line in front of it", "\r\nPOST / HTTP/1.1\r\n\r\nPORT 127,0,0,1,40,5\r\n"],
    ["an unknown method", "XYZZY / FOO\r\nPORT 127,0,0,1,40,5\r\n"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\n"],
  ])("%s", async (_, bytes) => {
    const server = await setServer();
    const client = await setClient(await setGateway(server.port));
    client.write(bytes);
    expect(await client.rest()).toMatch(/^(?:220 .*\r\n)?421 .*\r\n$/);
    expect(server.sessions.flatMap(({ lines }) => lines)).toEqual([]);
  });
});

describe("TLS, while the gateway has none", () => {
  test.each(["AUTH TLS", "AUTH SSL", "auth tls-c", "PBSZ 0", "PROT P", "CCC"])(
    "%s is refused by the gateway (D5.94)",
    async (line) => {
      const { lines, answers } = await said(`${line}\r\n`);
      expect(lines).toEqual([]);
      expect(answers).toMatch(/^5\d\d .*\r\n$/);
    },
  );

  test("a ClientHello in one segment with AUTH goes no further, and ends the session (D3.62 D5.93)", async () => {
    const hello = "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\n\r\x00\xff\xfe\xff\xfa\x00\n\x00\x01\r\n";
    const { client, server } = await setStage();
    client.write(`AUTH TLS\r\n${hello}`);
    expect(await client.rest()).toMatch(/^502 .*\r\n421 .*\r\n$/);
    expect(server.session.lines.filter((line) => line.includes("\x16"))).toEqual([]);
  });
});
