// From the connection to the login: the greeting, what comes before it, and the ways in which servers log people in.
import { describe, expect, test } from "vitest";
import { play, playFromStart } from "./play.ts";

describe("the greeting", () => {
  test("of any form reaches the client as it came (D2.30)", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> Welcome to AppleShare
           quirk stray-reply-line
           >C Welcome to AppleShare
      S> 220-\x07 Hello
           >C 220-\x07 Hello
      S> 530 is not me
           quirk other-code-in-reply
           >C 530 is not me
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u
    `);
  });

  test("may be announced by a 120, and commands wait for it (D3.40)", () => {
    playFromStart(`
           connect 10.0.0.5:21
      C> USER u
           quirk command-before-greeting
      connected 10.0.0.5:21
      S> 120 Ready in 1 minute
           >C 120 Ready in 1 minute
      C> PASS p
      S> 220 Ready
           >C 220 Ready
           >S USER u
           >S PASS ****
    `);
  });

  test.each(["421 Too many connections", "500 Go away", "530 Not from there"])(
    "that is none ends the session: %s (D4.84)",
    (reply) => {
      const { facts } = playFromStart(`
           connect 10.0.0.5:21
      C> USER u
           quirk command-before-greeting
      connected 10.0.0.5:21
      S> ${reply}
           >C ${reply}
           end server-closing
    `);
      expect(facts.at(-1)).toEqual({ kind: "ended", reason: "server-closing", detail: reply });
    },
  );

  test("that never comes because the server closes is replaced by a 421", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S closes
           >C 421 The server closed the connection.
           end server-gone
    `);
  });

  test("of a server that can't be reached is a 421 with the reason", () => {
    playFromStart(`
           connect 10.0.0.5:21
      unreachable 10.0.0.5:21 ECONNREFUSED
           refuse server-unreachable
           >C 421 The server is unreachable: connection refused.
           end server-unreachable
    `);
  });
});

describe("the server of a fixed route", () => {
  test("that has a name is resolved, and its addresses are tried in order", () => {
    playFromStart(
      `
           resolve ftp.example.com:2121
      resolved 10.0.0.5:2121 [fd00:2::5]:2121
           connect 10.0.0.5:2121 [fd00:2::5]:2121
      `,
      { route: { kind: "fixed", host: "ftp.example.com", port: 2121 } },
    );
  });

  test("whose name is unknown is unreachable", () => {
    playFromStart(
      `
           resolve ftp.example.com:21
      unresolved ftp.example.com ENOTFOUND
           refuse server-unreachable
           >C 421 The server is unreachable: its name can't be resolved (ENOTFOUND).
           end server-unreachable
      `,
      { route: { kind: "fixed", host: "ftp.example.com", port: 21 } },
    );
  });

  test("that is this gateway is not connected to (D5.90)", () => {
    playFromStart(
      `
           resolve loop.example.com:21
      resolved 10.0.0.5:21
           >C 421 The server is this gateway itself.
           end loop
      `,
      { route: { kind: "fixed", host: "loop.example.com", port: 21 }, own: { listensAt: () => true } },
    );
  });

  test("is where the client meant to go on the transparent route", () => {
    playFromStart(
      `
           connect 192.0.2.1:21
      connected 192.0.2.1:21
      `,
      { route: { kind: "transparent" } },
    );
  });
});

describe("a login", () => {
  const greeted = `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u`;

  test("may need no password (D2.30, D3.53)", () => {
    const { facts, session } = playFromStart(`${greeted}
      S> 230 Welcome
           >C 230 Welcome
           quirk login-without-password
      timer login
    `);
    expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "u" });
    expect(session.phase.name).toBe("relaying");
  });

  test("may need an account (D2.30, D3.53)", () => {
    const { facts } = playFromStart(`${greeted}
      S> 331 Password
           >C 331 Password
      C> PASS p
           >S PASS ****
      S> 332 Account
           >C 332 Account
      C> ACCT a
           >S ACCT ****
      S> 230 Welcome
           >C 230 Welcome
    `);
    expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "u" });
  });

  test("may be rejected and tried again with another name (D3.53)", () => {
    const { facts } = playFromStart(`${greeted}
      S> 530 No
           >C 530 No
      C> USER v
           >S USER v
      S> 331 Password
           >C 331 Password
      C> PASS
           >S PASS
      S> 202 Superfluous
           >C 202 Superfluous
    `);
    expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "v" });
  });

  test("in one segment with what follows is passed on in order, each reply to its command (D3.39)", () => {
    playFromStart(`${greeted}
      C> PASS p
           >S PASS ****
      C> SYST
           >S SYST
      C> PASV
      S> 331 Password
           >C 331 Password
      S> 230-Welcome
           >C 230-Welcome
      S> 227 Entering Passive Mode (10,0,0,5,1,1)
           quirk other-code-in-reply
           >C  227 Entering Passive Mode (10,0,0,5,1,1)
      S> 230 in
           >C 230 in
           >S PASV
      S> 215 UNIX Type: L8
           >C 215 UNIX Type: L8
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
    `);
  });

  test("is void after REIN, and may be had again (D3.52)", () => {
    const { facts } = play(
      `
      C> REIN
           timer idle
           >S REIN
      S> 120 Wait
           >C 120 Wait
      S> 220 Again
           >C 220 Again
           timer login
      C> HOST ftp.example.com
           timer idle
           >S HOST ftp.example.com
      S> 220 Same here
           >C 220 Same here
      C> USER w
           timer idle
           >S USER w
      S> 230 in
           >C 230 in
           quirk login-without-password
           cancel login
      `,
      { timers: true },
    );
    expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "w" });
  });

  test("stays after a REIN that the server rejects", () => {
    play(`
      C> REIN
           >S REIN
      S> 502 No
           >C 502 No
      timer login
      C> NOOP
           >S NOOP
    `);
  });

  test("is refused where it asks for TLS, and bytes of a handshake after that are lines of nonsense (D5.93)", () => {
    playFromStart(`${greeted}
      C> AUTH TLS
           refuse tls
      C refused nul-byte
           refuse nul-byte
      S> 331 Password
           >C 331 Password
           >C 502 AUTH refused: this gateway has no TLS.
           >C 500 A command must not hold NUL.
    `);
  });
});

describe("a client that does not speak FTP is not answered line by line (D3.62)", () => {
  test.each(["GET / HTTP/1.1", "POST /x HTTP/1.0", "EHLO mail.example.com", "SSH-2.0-OpenSSH_9.6", "\x16\x03\x01"])(
    "%j, before the server is there",
    (line) => {
      playFromStart(`
             connect 10.0.0.5:21
        C> ${line}
             refuse not-ftp
             >C 421 This is an FTP gateway.
             end not-ftp
        C> USER u
      `);
    },
  );

  test("a ClientHello, once the greeting is out", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C refused nul-byte
           refuse not-ftp
           >C 421 This is an FTP gateway.
           end not-ftp
    `);
  });

  test.each([
    "GET / HTTP/1.1",
    "POST /upload HTTP/1.0",
    "X-ANYTHING / HTTP/1.1",
    "Host: ftp.example.com",
    "Content-Type: text/plain",
    " folded: header",
    "EHLO mail.example.com",
    "MAIL FROM:<a@example.com>",
    "SSH-2.0-OpenSSH_9.6",
    "\x16\x03\x01",
  ])("%j, after the login too", (line) => {
    play(`
      C> ${line.trimStart()}
           refuse not-ftp
           >C 421 This is an FTP gateway.
           end not-ftp
    `);
  });

  test("a request that is too long to be read is the end, and what stands in its body is not heard", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C refused line-too-long
           refuse not-ftp
           >C 421 This is an FTP gateway.
           end not-ftp
      C> USER anonymous
      C> PORT 192,168,1,100,10,21
    `);
  });

  test("a line in the middle that begins like a request or a handshake and can't be read is the end", () => {
    play(`
      C refused not-ftp
           refuse not-ftp
           >C 421 This is an FTP gateway.
           end not-ftp
    `);
  });

  test.each(["", "   ", "XYZZY", "user-agent"])("a first line that no FTP client says: %j", (line) => {
    playFromStart(`
           connect 10.0.0.5:21
      C> ${line}
           refuse not-ftp
           >C 421 This is an FTP gateway.
           end not-ftp
    `);
  });

  test.each(["HOST ftp.example.com", "OPTS UTF8 ON", "CLNT NcFTP: 3.2", "FEAT", "noop", "SITE HELP", "STAT"])(
    "but %j may come first, and is passed on",
    (line) => {
      playFromStart(`
             connect 10.0.0.5:21
        connected 10.0.0.5:21
        S> 220 ready
             >C 220 ready
        C> ${line}
             >S ${line}
      `);
    },
  );

  test.each(["XYZZY a: b", "SITE CHMOD 644 a:b", "RETR notes on HTTP/1.1", "GET a.txt", "STOR mail from: bob"])(
    "%j is a command like any other later",
    (line) => {
      play(`
        C> ${line}
             >S ${line}
      `);
    },
  );
});
