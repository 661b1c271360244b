// What policy lets through: commands denied or allowed by name, reading without writing, anonymous logins only.
import { describe, expect, test } from "vitest";
import { play, playFromStart } from "./play.ts";

describe("a list of denied commands", () => {
  const policy = { commands: { deny: ["SITE", "MKD"] } };

  test("has them refused in any case, and lets everything else pass", () => {
    play(
      `
      C> site chmod 644 a
           refuse denied-command
           >C 502 SITE refused by policy of this gateway.
      C> MKD a
           refuse denied-command
           >C 502 MKD refused by policy of this gateway.
      C> RMD a
           >S RMD a
      `,
      { policy },
    );
  });
});

describe("attack: a denied command in a verb that nobody knows, of which some servers read four letters wherever they begin", () => {
  test.each(["DELEfile", "\xa0DELE file", "dele\xa0file", "\x01MKD a", "SITECHMOD 644 a", "-SITE chmod 644 a"])(
    "is refused: %j",
    (line) => {
      play(
        `
        C> ${line}
             refuse denied-command
             >C 502 Command refused by policy of this gateway.
        `,
        { policy: { commands: { deny: ["DELE", "MKD", "SITE CHMOD"] } } },
      );
    },
  );

  test.each(["USERroot", "\xa0USER root"])("likewise a user where only anonymous ones are let in: %j", (line) => {
    play(`C> ${line}\n     refuse anonymous-only\n     >C 530 Only anonymous login is allowed here.`, {
      policy: { anonymousOnly: true },
    });
  });

  test.each(["RMDA a", "XDELE a", "DEL a", "RETR DELE", "PASSIVE"])(
    "and a command that is not denied passes: %s",
    (line) => {
      play(`C> ${line}\n     >S ${line === "PASSIVE" ? "PASS ****" : line}`, {
        policy: { commands: { deny: ["DELE", "MKD"] } },
      });
    },
  );
});

describe("a list of allowed commands", () => {
  const policy = { commands: { allow: ["PASV", "RETR", "CWD"] } };

  test("lets them pass, and what every session needs (D3.55)", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u
      C> PASS p
           >S PASS ****
      C> CWD /
           >S CWD /
      C> EPSV
           refuse denied-command
      C> QUIT
           >S QUIT
      `,
      { policy },
    );
  });

  test("does not repeat a verb that nobody knows: it may be a password", () => {
    play(
      `
      C> hunter2
           refuse denied-command
           >C 502 Command refused by policy of this gateway.
      `,
      { policy },
    );
  });
});

describe("a read-only gateway", () => {
  test.each([
    "STOR a",
    "STOU",
    "APPE a",
    "DELE a",
    "RMD a",
    "MKD a",
    "XMKD a",
    "RNFR a",
    "RNTO b",
    "MFMT 1 a",
    "SITE CHMOD 1 a",
  ])("refuses what changes files: %s", (line) => {
    const verb = line.split(" ", 1)[0] ?? "";
    play(
      `
        C> ${line}
             refuse read-only
             >C 550 ${verb} refused: this gateway is read-only.
        `,
      { policy: { readOnly: true } },
    );
  });

  test.each(["RETR a", "LIST", "CWD a", "SIZE a", "MDTM a", "REST 1"])("lets pass what doesn't: %s", (line) => {
    play(`C> ${line}\n     >S ${line}`, { policy: { readOnly: true } });
  });
});

describe("attack: what a read-only gateway does not know to read is refused", () => {
  test.each([
    ["MDTM 20260101120000 a.txt", "MDTM"],
    ["MDTM 20260101120000+120 a.txt", "MDTM"],
    ["MFMT 20260101120000 a.txt", "MFMT"],
    ["STOU", "STOU"],
    ["SITE CHMOD 777 a.txt", "SITE"],
    ["SITE HELPER", "SITE"],
    ["XYZZY a.txt", "Command"],
    ["ALLO 5", "ALLO"],
  ])("%s", (line, named) => {
    play(
      `
      C> ${line}
           refuse read-only
           >C 550 ${named} refused: this gateway is read-only.
      `,
      { policy: { readOnly: true } },
    );
  });

  test.each(["MDTM a.txt", "MDTM 2026 report.txt", "SITE HELP", "SITE HELP CHMOD", "STAT", "OPTS UTF8 ON", "CWD x"])(
    "but %s passes",
    (line) => {
      play(`C> ${line}\n     >S ${line}`, { policy: { readOnly: true } });
    },
  );
});

describe("attack: CR NUL, at which some servers end the line, passes in the name of a file alone", () => {
  test.each([
    "NOOP\r\0DELE x",
    "TYPE I\r\0DELE x",
    "PASS a\r\0DELE x",
    "REST 0\r\0DELE x",
    "RETR\r\0DELE x",
    "XYZZY\r\0x",
  ])("%j is refused", (line) => {
    play(`
        C> ${line}
             refuse nul-byte
             >C 500 A command must not hold NUL.
      `);
  });

  test("a name keeps it (D3.47)", () => {
    play("C> CWD a\r\0b\n     >S CWD a\r\0b");
  });
});

describe("SITE CHMOD is a command of its own in the lists of commands", () => {
  test.each([
    "SITE CHMOD 777 a",
    "site  chmod 777 a",
    "SITE \tChmod 777 a",
    "SITE \r\0CHMOD 777 a",
    "SITE \xa0CHMOD 777 a",
  ])("denied, however it is written: %j", (line) => {
    play(
      `
        C> ${line}
             refuse denied-command
             >C 502 SITE refused by policy of this gateway.
        `,
      { policy: { commands: { deny: ["SITE CHMOD"] } } },
    );
  });

  test("denied, others of SITE pass", () => {
    play("C> SITE CHMODE\n     >S SITE CHMODE", { policy: { commands: { deny: ["SITE CHMOD"] } } });
  });

  test("allowed, others of SITE do not pass", () => {
    play(
      `
      C> SITE CHMOD 644 a
           >S SITE CHMOD 644 a
      C> SITE EXEC sh
           refuse denied-command
      `,
      { policy: { commands: { allow: ["SITE CHMOD"] } } },
    );
  });
});

test("a user name that has its password behind a colon is told without it", () => {
  const { facts } = playFromStart(`
         connect 10.0.0.5:21
    connected 10.0.0.5:21
    S> 220 ready
         >C 220 ready
    C> USER bob:secret@host
         >S USER bob: ****
    S> 230 in
         >C 230 in
         quirk login-without-password
  `);
  expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "bob" });
});

test("SITE that names a server changes no files", () => {
  playFromStart(
    `
         >C 220 FTP gateway ready; log in as user@host.
    C> SITE 10.0.0.5
         connect 10.0.0.5:21
    `,
    { policy: { readOnly: true }, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
  );
});

describe("a gateway for anonymous logins", () => {
  const policy = { anonymousOnly: true };

  test.each(["anonymous", "ftp", "Anonymous", " anonymous"])("lets pass %j", (user) => {
    play(`C> USER ${user}\n     >S USER ${user}`, { policy });
  });

  test.each(["root", "anonymous@corp", "anonymousx", ""])("refuses %j", (user) => {
    play(
      `
      C> USER ${user}
           refuse anonymous-only
           >C 530 Only anonymous login is allowed here.
      `,
      { policy },
    );
  });

  test("looks at the user before the last @ on the login route", () => {
    playFromStart(
      `
           >C 220 FTP gateway ready; log in as user@host.
      C> USER anonymous@corp@10.0.0.5
           refuse anonymous-only
           >C 530 Only anonymous login is allowed here.
      C> USER anonymous@10.0.0.5
           connect 10.0.0.5:21
      `,
      { policy, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    );
  });
});

describe("what would need TLS is refused (D3.60, D5.94)", () => {
  test.each(["AUTH TLS", "AUTH SSL", "auth tls-p", "PBSZ 0", "PROT P", "CCC", "ADAT x", "SSCN ON", "CPSV"])(
    "%s",
    (line) => {
      const verb = (line.split(" ", 1)[0] ?? "").toUpperCase();
      play(`
      C> ${line}
           refuse tls
           >C 502 ${verb} refused: this gateway has no TLS.
      C> NOOP
           >S NOOP
    `);
    },
  );
});

test.each([
  ["no blank behind it", "PORT192,168,1,100,10,21", "PORT"],
  ["a delimiter behind it", "eprt|1|192.168.1.100|2581|", "EPRT"],
  ["a CR NUL behind it", "PORT\r\0 192,168,1,100,10,21", "PORT"],
  ["a no-break space before it", "\xa0PORT 192,168,1,100,10,21", "PORT"],
  ["an escaped 0xff before it", "\xff\xff EPRT |1|192.168.1.100|2581|", "EPRT"],
  ["a byte behind it", "PASV\xa0", "PASV"],
  ["a hyphen behind it", "EPSV-ALL", "EPSV"],
])("an announcement that only a careless server would understand is not passed on: %s", (_title, line, verb) => {
  play(`
    C> ${line}
         refuse malformed-endpoint
         >C 501 ${verb} refused: malformed argument.
  `);
});

test("nor is one of the long form, nor a verb that only begins alike taken for one", () => {
  play(`
    C> LPRT,4,4,1,2,3,4,2,1,2
         refuse long-form
         >C 502 Command refused: use EPRT or EPSV.
    C> PORTAL x
         >S PORTAL x
  `);
});
