// What servers send beside well-formed replies to what was asked: it goes through as it came, and upsets nothing.
import { describe, expect, test } from "vitest";
import type { SessionEffect } from "../../src/session/events.ts";
import { feed, play, playFromStart, prologue } from "./play.ts";

function said(effects: readonly SessionEffect[], to: "to-client" | "to-server"): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === to ? [effect.bytes] : []));
}

test("a reply is passed on with the bytes and the line end that it came with (D2.29, D3.57)", () => {
  const { effects } = play(`
    C> PWD
         >S PWD
    S(bare-lf)> 257 "/\x83\x5c\xff (1,2,3,4,5,6)" is current
         >C 257 "/\x83\x5c\xff (1,2,3,4,5,6)" is current
    S(cr-cr-lf)> 331 Why not
         quirk unasked-reply
         >C 331 Why not
  `);
  expect(said(effects, "to-client")).toEqual(['257 "/\x83\x5c\xff (1,2,3,4,5,6)" is current\n', "331 Why not\r\r\n"]);
});

describe("a multi-line reply", () => {
  test("goes on line by line as it comes, with lines of any form (D2.27, D2.28, D2.30)", () => {
    play(
      `
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      S> no leading space
           >C no leading space
      S>
           quirk blank-reply-line
           >C
      S> 226 done
           quirk other-code-in-reply
           >C 226 done
      S> 211-again
           >C 211-again
      S>  211 End of nothing
           >C  211 End of nothing
      S> 211 End
           >C 211 End
    `,
    );
  });

  test("may be ended by a bare code (D2.26)", () => {
    const { session } = play(`
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      S> 211
           quirk bare-reply-code
           >C 211
    `);
    expect(session.outstanding).toEqual([]);
  });

  test("of any length is never collected (D2.31)", () => {
    const lines = "\nS>  line of a listing without end".repeat(5000);
    const { session } = play("C> NOOP\n     >S NOOP", { after: `C> STAT\nS> 211-Status${lines}` });
    expect(JSON.stringify({ ...session, options: undefined }).length).toBeLessThan(2000);
  });

  test("is not interrupted by an answer of our own", () => {
    play(`
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      C> AUTH TLS
           refuse tls
      S> 211 End
           >C 211 End
           >C 502 AUTH refused: this gateway has no TLS.
    `);
  });
});

test("a server that greets with text and no code has greeted nobody: the text passes, and the client's time to log in runs (D2.30)", () => {
  playFromStart(
    `
         connect 10.0.0.5:21
    connected 10.0.0.5:21
    S> Welcome to our server
         quirk stray-reply-line
         >C Welcome to our server
    C> USER u
         quirk command-before-greeting
    timer login
         >C 421 The server sent no greeting in time.
         end login-timeout
    `,
  );
});

describe("a multi-line reply that has no end", () => {
  const excluded = "C> CWD a\nS> 553-\nS> 553- Directory excluded.";
  const opened = `
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)`;

  test.each(["", "\nS> 200 ok"])(
    "but perhaps another code is over when the next command is answered (D2.97): %j",
    (last) => {
      const { session } = play(
        `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
      timer doubt
           quirk reply-without-end${opened}
      C> RETR a
           >S RETR a
      S> 550 No
           >C 550 No
           dismiss
      `,
        { after: excluded + last },
      );
      expect(session.outstanding).toEqual([]);
    },
  );

  test.each(["NOOP", "TYPE I", "PWD"])("is over when the next command is answered: %s (D2.97)", (line) => {
    const { session } = play(
      `
      C> ${line}
           >S ${line}
      S> 200-All
      S> 200 well
      timer doubt
           quirk reply-without-end
           >C 200-All
           >C 200 well
      `,
      { after: excluded },
    );
    expect([session.outstanding, session.openReply]).toEqual([[], undefined]);
  });

  test("is not taken for one if its end follows, though a command was sent meanwhile (D2.97, D1.15)", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,1,1)
      S> 553 End
           quirk other-code-in-reply
           >C  227 Entering Passive Mode (10,0,0,5,1,1)
           >C 553 End
      S> 227 Entering Passive Mode (10,0,0,5,200,10)${opened}
      `,
      { after: excluded },
    );
  });

  test("is not taken for one if lines go on (D2.97)", () => {
    const { session } = play("C> NOOP\n     >S NOOP", { after: excluded });
    const line = "\nS>  line";
    const { facts } = feed(`${prologue[4]}\n${excluded}\nC> NOOP\nS> 226 a size${line.repeat(40)}\nS> 553 End`);
    expect(session.openReply).toMatchObject({ code: 553, isOvertaken: true });
    expect(facts).not.toContainEqual({ kind: "quirk", quirk: "reply-without-end" });
  });

  test("does not hold up our own answers for longer than the linger time without a line (D2.97)", () => {
    play(
      `
      C> AUTH TLS
           refuse tls
      S> 553- more
           >C 553- more
      timer linger
      timer linger
           quirk reply-without-end
           >C 502 AUTH refused: this gateway has no TLS.
      `,
      { after: excluded },
    );
  });

  test("attack: to a PASV, and goes on for ever, is given up after three times the linger time (D2.31)", () => {
    play(`
      C> PASV
           >S PASV
      C> NOOP
      S> 227-Wait
      S> 227-more
      timer linger
      S> 227-more
      timer linger
      S> 227-more
      timer linger
           quirk reply-without-end
           refuse server-endpoint-malformed
           >C 425 Can't open data connection: PASV answered 227 Wait
           >S NOOP
      S> 227-more
           >C 227-more
      S> 227-more
           >C 227-more
    `);
  });

  test("to a PASV does not hold the client up for longer than that (D2.97)", () => {
    play(
      `
      C> PASV
           >S PASV
      C> NOOP
      S> 553- Directory excluded.
           >C 553- Directory excluded.
      timer linger
      timer linger
           quirk reply-without-end
           >S NOOP
      `,
    );
  });
});

describe("a line that is no reply", () => {
  test.each([
    ["blank", "", "blank-reply-line"],
    ["text", "Welcome to AppleShare", "stray-reply-line"],
    ["a code out of range (D2.26)", "999 What", "stray-reply-line"],
    ["a number too long", "2200 What", "stray-reply-line"],
  ])("passes and answers nothing: %s (D2.28)", (_, text, quirk) => {
    play(`
      C> NOOP
           >S NOOP
      S> ${text}
           quirk ${quirk}
           >C ${text}
      S> 200 ok
           >C 200 ok
    `);
  });

  test.each([
    ["226", "bare-reply-code"],
    ["226\tdone", "odd-separator"],
    ["226:done", "odd-separator"],
  ])("but begins with a code is one: %j (D2.26)", (text, quirk) => {
    const { session } = play(`
      C> NOOP
           >S NOOP
      S> ${text}
           quirk ${quirk}
           >C ${text}
    `);
    expect(session.outstanding).toEqual([]);
  });
});

describe("a reply that nobody asked for", () => {
  test("passes, and the next one is still paired with its command", () => {
    play(`
      S> 200 By the way
           quirk unasked-reply
           >C 200 By the way
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
    `);
  });
});

describe("preliminary replies to other commands", () => {
  test("leave them waiting for the final one (D2.24)", () => {
    const { session } = play(`
      C> SITE BUILD
           >S SITE BUILD
      S> 150 Building (1,2,3,4,5,6)
           >C 150 Building (1,2,3,4,5,6)
      C> NOOP
           >S NOOP
      S> 250 Built
           >C 250 Built
      S> 200 ok
           >C 200 ok
    `);
    expect(session.outstanding).toEqual([]);
  });
});

describe("what the client says goes on as it came", () => {
  test.each([
    "RETR  two blanks",
    "RETR a blank behind ",
    "retr \xe9t\xe9 \x83\x5c (1,2,3,4,5,6)",
    "STOR a\r\0b",
    "RETR a\xff\xffb",
    "XYZZY",
    "MLSD",
    "OPTS UTF8 ON",
    "HOST ftp.example.com",
    "LANG fr",
    "CLNT x",
    "MFMT 20020717210715 a",
    "SITE CHMOD 644 a",
    "HASH a",
    "TYPE L 8",
    "TYPE A N",
    "STRU R",
    "MODE Z",
    "XCWD /",
    "SYST",
    "REST STREAM",
    "ALLO 5 R 3",
    "ACCT x",
  ])("%j (D3.54–D3.58, D3.61, D3.63)", (line) => {
    const { effects } = play(`C> ${line}\n     >S ${line.replace(/^(ACCT) .*/, "$1 ****")}`);
    expect(said(effects, "to-server")).toEqual([`${line}\r\n`]);
  });

  test("but for blanks before the verb and a line end that is none (D3.35, D3.36)", () => {
    const { effects } = play(`
      C(bare-lf)>   RETR a
           quirk bare-lf
           quirk leading-space
           >S RETR a
    `);
    expect(said(effects, "to-server")).toEqual(["RETR a\r\n"]);
  });
});

describe("lines that are no commands are answered with 500, and the session lives", () => {
  test.each([
    ["line-too-long", "Line too long. (D3.46)"],
    ["nul-byte", "A command must not hold NUL. (D3.47)"],
    ["lone-cr", "A command must not hold a bare CR. (D3.36)"],
  ])("%s: %s", (reason, title) => {
    play(`
      C refused ${reason}
           refuse ${reason}
           >C 500 ${title.replace(/ \(.*/, "")}
      C> NOOP
           >S NOOP
    `);
  });

  test("blank-line: beyond sixteen blank lines in a row (D3.96)", () => {
    const blank = "\n      C>\n           quirk blank-command-line";
    play(`
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 200 ok${blank.repeat(16)}
      C>
           refuse blank-line
           >C 500 Empty command.
      C> NOOP
           >S NOOP${blank}
    `);
  });
});

test.each(["", "   ", "\t"])("a blank line between commands is none, and has no reply: %j (D3.96)", (line) => {
  play(
    `
    C> USER joe
         timer idle
         >S USER joe
    C> ${line}
         quirk blank-command-line
    C> PASS x
         timer idle
         >S PASS ****
    C> ${line}
         quirk blank-command-line
    C> PWD
         timer idle
         >S PWD
    S> 331 Password
         >C 331 Password
    S> 230 In
         >C 230 In
    S> 257 "/"
         >C 257 "/"
    `,
    { timers: true },
  );
});

test("commands beyond the limit are held until replies make room (D3.64)", () => {
  play(
    `
    C> NOOP 1
         >S NOOP 1
    C> NOOP 2
         >S NOOP 2
    C> NOOP 3
    C> NOOP 4
    S> 200 one
         >C 200 one
         >S NOOP 3
    S> 200 two
         >C 200 two
         >S NOOP 4
    `,
    { heldCommands: 2 },
  );
});

test("Telnet options that a server asks for are refused on the spot, and the client hears nothing of them (D3.98)", () => {
  play(`
    S telnet ff fe 01
         quirk telnet-command
         telnet to the server ff fe 01
    S telnet
         quirk telnet-command
    C> NOOP
         >S NOOP
  `);
});

test("refusals of Telnet options are answered on the spot (D3.48)", () => {
  play(`
    telnet ff fc 01
         telnet ff fc 01
    C> NOOP
         >S NOOP
  `);
});
