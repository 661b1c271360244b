// A pool whose servers have users or hosts: the gateway greets by itself, and USER tells which server is to be asked.
import { describe, expect, test } from "vitest";
import type { PoolChoice, ServerFor } from "../../src/session/options.ts";
import { meantServers } from "../../src/session/pool-choice.ts";
import { playFromStart, type PlayOptions } from "./play.ts";

const servers: readonly ServerFor[] = [
  { users: ["acme-*"], hosts: ["ftp.acme.example"] },
  { hosts: ["*.beta.example"] },
  {},
];

function poolOf(choice: Partial<PoolChoice> = {}, rest: PlayOptions = {}): PlayOptions {
  return { route: { kind: "pool", choice: { servers, byUser: false, features: () => [], ...choice } }, ...rest };
}

/** Plays from the gateway's own greeting. */
function playPool(script: string, options: PlayOptions = poolOf()): ReturnType<typeof playFromStart> {
  return playFromStart(`     >C 220 FTP gateway ready.\n${script}`, options);
}

/** Until USER is passed on to the first server. */
const chosen = `
C> USER acme-bob
     resolve pool:21
resolved 10.0.0.5:21 10.0.0.6:21
     connect 10.0.0.5:21 10.0.0.6:21 for acme-bob
connected 10.0.0.5:21
S> 220 ready
     >S USER acme-bob`;

describe("before USER the gateway answers by itself", () => {
  test("what needs no server", () => {
    playPool(`
C> SYST
     >C 215 UNIX Type: L8
C> NOOP
     >C 200 NOOP command successful.
C> FEAT
     >C 211-Features:
     >C  HOST
     >C 211 End
C> OPTS UTF8 ON
     >C 200 OPTS UTF8 command successful.
C> OPTS MLST type;
     >C 501 OPTS knows UTF8 only before login.
C> HELP
     >C 214 Log in with USER.
C> QUIT
     >C 221 Goodbye.
     end quit
    `);
  });

  test.each(["PASS secret", "PASV", "SITE HELP", "OPEN 10.0.0.5", "CWD /", "USER", "USER  "])(
    "%s needs USER first",
    (command) => {
      playPool(`
C> ${command}
     refuse no-server
     >C 530 Log in with USER first.
      `);
    },
  );

  test("FEAT names TLS where the gateway has it, and no HOST where no server has hosts", () => {
    playPool(
      `
C> FEAT
     >C 211-Features:
     >C  AUTH TLS
     >C  PBSZ
     >C  PROT
     >C 211 End
    `,
      poolOf({ servers: [{}], byUser: true }, { tls: {} }),
    );
  });

  test("FEAT names what all servers have, but for what policy hides and what is the gateway's own to say", () => {
    const features = () => ["UTF8", "MDTM", "SITE CHMOD", "AUTH TLS", "PROT", "HOST"];
    playPool(
      `
C> FEAT
     >C 211-Features:
     >C  UTF8
     >C  MDTM
     >C  HOST
     >C 211 End
    `,
      poolOf({ features }, { policy: { commands: { deny: ["SITE"] } } }),
    );
  });

  test("what a server has is learned from its answer to FEAT", () => {
    const { effects } = playPool(`${chosen}
C> FEAT
     >S FEAT
S> 331 Password
     >C 331 Password
S> 211-Features:
     >C 211-Features:
S>  UTF8
     >C  UTF8
S>  MLST type*;size*;
     >C  MLST type*;size*;
S> 211 End
     >C 211 End
    `);
    expect(effects).toContainEqual({ kind: "learn-features", features: ["UTF8", "MLST type*;size*;"] });
  });

  test("an unknown HOST is 504, one that is none 501, and the one that was said before holds", () => {
    playPool(`
C> HOST ftp.acme.example
     >C 220 Host accepted.
C> HOST nobody.example
     refuse host-not-allowed
     >C 504 nobody.example is not served here.
C> HOST beta.example
     refuse host-not-allowed
     >C 504 beta.example is not served here.
C> HOST ftp.acme.example:21
     refuse malformed-login
     >C 501 Use HOST name.
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for bob at ftp.acme.example
    `);
  });

  test("a user for whom no server is can log in as another", () => {
    playPool(
      `
C> USER bob
     refuse no-server
     >C 530 No server is for this user.
C> USER acme-bob
     resolve pool:21
    `,
      poolOf({ servers: servers.slice(0, 2) }),
    );
  });
});

describe("with USER a server is asked for", () => {
  test("its greeting is not the client's, what follows USER is held, and all that it says later passes", () => {
    const { facts } = playPool(`
C> USER acme-bob
     resolve pool:21
C> PASS secret
C> SYST
resolved 10.0.0.5:21 10.0.0.6:21
     connect 10.0.0.5:21 10.0.0.6:21 for acme-bob
connected 10.0.0.5:21
S> 220-Welcome
S> 220 ready
     >S USER acme-bob
     >S PASS ****
     >S SYST
S> 331 Password
     >C 331 Password
S> 230 in
     >C 230 in
S> 215 Windows_NT
     >C 215 Windows_NT
    `);
    expect(facts.at(-2)).toEqual({ kind: "logged-in", user: "acme-bob" });
  });

  test("it is told HOST and OPTS first, one after the other, and its answers are not the client's", () => {
    playPool(`
C> OPTS utf8 on
     >C 200 OPTS UTF8 command successful.
C> HOST FTP.beta.example
     >C 220 Host accepted.
C> USER bob
     resolve pool:21
resolved 10.0.0.6:21
     connect 10.0.0.6:21 for bob at ftp.beta.example
connected 10.0.0.6:21
S> 220 ready
     >S HOST FTP.beta.example
C> PASS secret
S> 500 What
     >S OPTS utf8 on
S> 501 No
     >S USER bob
     >S PASS ****
    `);
  });

  test("the name in the client's TLS counts as HOST, which the server is not told; HOST goes before it", () => {
    const tls = { tls: {} };
    const secured = `
C> AUTH TLS
     >C 234 AUTH TLS successful.
     start tls client
tls started client for ftp.acme.example`;
    playPool(
      `${secured}
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for bob at ftp.acme.example
connected 10.0.0.5:21
S> 220 ready
     >S USER bob
    `,
      poolOf({}, tls),
    );
    playPool(
      `${secured}
C> HOST one.beta.example
     >C 220 Host accepted.
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for bob at one.beta.example
    `,
      poolOf({}, tls),
    );
  });

  test("HOST with an address in brackets is told the server as it was said", () => {
    playPool(
      `
C> HOST [2001:DB8::5]
     >C 220 Host accepted.
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for bob at 2001:db8::5
connected 10.0.0.5:21
S> 220 ready
     >S HOST [2001:DB8::5]
S> 220 ok
     >S USER bob
    `,
      poolOf({ servers: [{ hosts: ["2001:db8::5"] }] }),
    );
  });

  test("TLS towards the server comes before HOST and USER", () => {
    playPool(
      `
C> HOST ftp.acme.example
     >C 220 Host accepted.
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for bob at ftp.acme.example
connected 10.0.0.5:21
S> 220 ready
     >S AUTH TLS
S> 234 go
     start tls server
tls started server
     >S PBSZ 0
S> 200 ok
     >S PROT P
S> 200 ok
     >S HOST ftp.acme.example
S> 220 ok
     >S USER bob
    `,
      poolOf({}, { tls: { server: { mode: "required" } } }),
    );
  });

  test("all that is said is 421 where none is up", () => {
    const { facts } = playPool(`
C> USER acme-bob
     resolve pool:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21 for acme-bob
unreachable no server of the pool is up
     refuse server-unreachable
     >C 421 No server is available now. Try again later.
     end server-unreachable
    `);
    expect(facts).toContainEqual(
      expect.objectContaining({ kind: "failure", diagnosis: expect.objectContaining({ cause: "no-server-up" }) }),
    );
  });
});

describe("until USER is passed on another server takes the place of one that", () => {
  const connecting = chosen.split("\n").slice(0, -2).join("\n");
  const next = `
connected 10.0.0.6:21
S> 220 ready
     >S USER acme-bob
S> 331 Password
     >C 331 Password`;

  test.each([
    ["S> 421 Too many users", "said 421 Too many users"],
    ["S> 530 Not from there", "said 530 Not from there"],
    ["S> 230 Logged in", "said 230 Logged in"],
    ["S closes", "the server closed the control connection"],
    ["S lost ECONNRESET", "ECONNRESET"],
    ["S refused line-too-long", "sent a line that is too long"],
    ["timer silence", "was not ready within 30000 ms"],
  ])("fails before its greeting: %s", (event, detail) => {
    playPool(`${connecting}\n${event}\n     connect next: ${detail}${next}`);
  });

  test("greets with an error in several lines, none of which is the client's", () => {
    playPool(
      `${connecting}
S> 530-Not
  welcome
S> 530 Bye
     connect next: said 530 Not${next}`.replace("  welcome\n", ""),
    );
  });

  test("does not know the host", () => {
    playPool(`
C> HOST ftp.acme.example
     >C 220 Host accepted.
C> USER bob
     resolve pool:21
resolved 10.0.0.5:21 10.0.0.6:21
     connect 10.0.0.5:21 10.0.0.6:21 for bob at ftp.acme.example
connected 10.0.0.5:21
S> 220 ready
     >S HOST ftp.acme.example
S> 504 Unknown
     connect next: does not know the host: 504 Unknown
connected 10.0.0.6:21
S> 220 ready
     >S HOST ftp.acme.example
S> 220 ok
     >S USER bob
    `);
  });

  test.each([
    ["refuses TLS", "S> 502 No", "AUTH was answered 502 No"],
    [
      "says more in clear behind AUTH",
      "S> 234 go\n     start tls server\nS> 220 more",
      "said more in clear behind AUTH",
    ],
    [
      "fails in TLS",
      "S> 234 go\n     start tls server\ntls failed server unknown-ca: self-signed",
      "TLS failed: unknown-ca, self-signed",
    ],
  ])("%s", (_, events, detail) => {
    playPool(
      `${connecting}
S> 220 ready
     >S AUTH TLS
${events}
     connect next: ${detail}
connected 10.0.0.6:21
S> 220 ready
     >S AUTH TLS
S> 234 go
     start tls server
    `,
      poolOf({}, { tls: { server: { mode: "required" } } }),
    );
  });

  test("and never after: who was told of one has that one, whatever becomes of it", () => {
    playPool(`${chosen}
S> 331 Password
     >C 331 Password
timer silence
S closes
     >C 421 The server closed the connection.
     end server-gone
    `);
  });

  test("and no timer waits for it any more", () => {
    const { effects } = playPool(chosen);
    const timers = effects.flatMap((effect) =>
      effect.kind === "timer" || effect.kind === "cancel" ? [`${effect.kind} ${effect.timer}`] : [],
    );
    expect(timers.filter((line) => line.endsWith("silence"))).toEqual(["timer silence", "cancel silence"]);
  });
});

describe("a second USER", () => {
  test.each<[string, string, Partial<PoolChoice>]>([
    ["of the same server's users passes", "acme-eve", {}],
    ["of the same name passes", " ACME-BOB", { byUser: true }],
  ])("%s", (_, user, choice) => {
    playPool(`${chosen}\nC> USER ${user}\n     >S USER ${user}`, poolOf(choice));
  });

  test.each<[string, string, Partial<PoolChoice>]>([
    ["of another server's users is refused", "bob", {}],
    ["is refused where each user has a server", "acme-eve", { byUser: true }],
  ])("%s", (_, user, choice) => {
    playPool(
      `${chosen}
S> 331 Password
     >C 331 Password
C> USER ${user}
     refuse other-server
     >C 503 Already connected to another server; QUIT first.
    `,
      poolOf(choice),
    );
  });
});

describe("whom a server is for", () => {
  test.each([
    ["acme-bob", undefined, [0]],
    ["ACME-BOB", "one.beta.example", [0]],
    ["bob", "one.beta.example", [1]],
    ["bob", "FTP.acme.example.", [0]],
    ["bob", "beta.example", [2]],
    ["bob", "2001:db8::5", [2]],
    ["bob", undefined, [2]],
  ])("user %s, host %s", (user, host, expected) => {
    expect(meantServers(servers, { user, host }).map((server) => servers.indexOf(server))).toEqual(expected);
  });
});
