// The client's AUTH, PBSZ, PROT and CCC, answered by the gateway (RFC 2228, RFC 4217).
import { describe, expect, test } from "vitest";
import { play, playFromStart, prologue, type PlayOptions } from "./play.ts";

/** The client's control connection is under TLS, and nobody has logged in. */
const secured = "connected 10.0.0.5:21\nS> 220 ready\nC> AUTH TLS\ntls started client";
const loggedIn = `${secured}\nC> USER u\nS> 331 password\nC> PASS p\nS> 230 in`;
const terminated: PlayOptions = { tls: {}, before: loggedIn };

describe("AUTH", () => {
  test.each(["TLS", "TLS-C", "SSL", "TLS-P", "tls", "tls-c"])(
    "%s is answered by 234, and TLS begins behind it",
    (name) => {
      play(
        `
      C> AUTH ${name}
           >C 234 AUTH TLS successful.
           start tls client
      tls started client
      C> USER u
           >S USER u
    `,
        { tls: {}, before: "connected 10.0.0.5:21\nS> 220 ready" },
      );
    },
  );

  test("is not said to the server: what the client and the server have is each its own", () => {
    const { effects } = play("C> AUTH TLS\n     >C 234 AUTH TLS successful.\n     start tls client", { tls: {} });
    expect(effects.some(({ kind }) => kind === "to-server")).toBe(false);
  });

  test.each(["GSSAPI", "KERBEROS_V4", "", "TLS 1"])("%j is a mechanism that nobody has: 504", (name) => {
    play(
      `
      C> AUTH ${name}
           refuse tls
           >C 504 AUTH refused: use AUTH TLS.
    `,
      { tls: {} },
    );
  });

  test("under TLS is refused: there is none beneath it", () => {
    play(
      `
      C> AUTH TLS
           refuse tls-order
           >C 503 AUTH refused: this connection is under TLS already.
    `,
      terminated,
    );
  });

  test("waits until every earlier command has its reply, and what follows it in the same breath ends the session", () => {
    play(
      `
      C> NOOP
           >S NOOP
      C> AUTH TLS
      S> 200 ok
           >C 200 ok
           >C 234 AUTH TLS successful.
           start tls client
      tls failed client bytes-before-tls: 22 bytes
           refuse bytes-before-tls
           >C 421 Something was sent in clear behind AUTH.
           end bytes-before-tls
    `,
      { tls: {} },
    );
  });

  test("with lines behind it that were read already is never answered by 234", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      C> AUTH TLS
           quirk command-before-greeting
      C> USER evil
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
           refuse bytes-before-tls
           >C 421 Something was sent in clear behind AUTH.
           end bytes-before-tls
    `,
      { tls: {} },
    );
  });

  test("after a login in clear begins anew: who was logged in opens nothing until USER and PASS were said again", () => {
    play(
      `
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
      tls started client
      C> PASV
           refuse not-logged-in
           >C 530 PASV refused: log in with USER and PASS first.
      C> USER u
           >S USER u
      S> 331 password
           >C 331 password
      C> PASS p
           >S PASS ****
      S> 230 in
           >C 230 in
      C> PASV
           >S PASV
    `,
      { tls: {} },
    );
  });

  test("voids a data connection that was announced in clear", () => {
    play(
      `
      C> AUTH TLS
           release
           >C 234 AUTH TLS successful.
           start tls client
    `,
      { tls: {}, after: "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)\nopened 192.0.2.1:50010" },
    );
  });

  test("is refused as ever where TLS is", () => {
    play(`
      C> AUTH TLS
           refuse tls
           >C 502 AUTH refused: this gateway has no TLS.
    `);
  });
});

describe("a client that says nothing after AUTH", () => {
  test("has the time to log in, as if it had come just now", () => {
    play(
      `
      C> AUTH TLS
           timer idle
           timer login
           >C 234 AUTH TLS successful.
           start tls client
      timer login
           >C 421 Login timed out.
           end login-timeout
    `,
      { tls: {}, timers: true },
    );
  });
});

describe("a handshake with the client that fails", () => {
  test.each([
    ["not-tls", "tls-failed"],
    ["protocol-version", "tls-version"],
    ["no-shared-cipher", "tls-version"],
    ["unknown-ca", "tls-certificate"],
    ["rejected", "tls-certificate"],
    ["closed", "tls-failed"],
  ])("by %s ends the session without a word, and is known as %s", (cause, known) => {
    const { facts } = play(
      `
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
      tls failed client ${cause}: alert 42
           fail client-control ${known}
           refuse tls-failed
           end tls-failed
    `,
      { tls: {} },
    );
    expect(facts).toContainEqual({
      ...{ kind: "tls-failed", side: "client", connection: "control" },
      ...{ cause, detail: "alert 42" },
    });
  });
});

describe("PBSZ and PROT", () => {
  test("are answered by the gateway: PBSZ 0 is what TLS has, and PROT P protects what is announced from then on", () => {
    play(
      `
      C> PBSZ 0
           >C 200 PBSZ=0
      C> PROT P
           >C 200 Protection set to Private.
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100 under TLS, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PROT C
           >C 200 Protection set to Clear.
      C> EPSV
           release
           >S EPSV
      S> 229 Extended (|||51211|)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
    `,
      terminated,
    );
  });

  test("protect what the gateway dials in active mode too, and the standing port", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 under TLS
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
    `,
      { ...terminated, after: "C> PBSZ 0\nC> PROT P" },
    );
  });

  test.each([
    ["PBSZ", "tls-argument", "501 PBSZ refused: use PBSZ 0."],
    ["PBSZ x", "tls-argument", "501 PBSZ refused: use PBSZ 0."],
    ["PROT P", "tls-order", "503 PROT refused: say PBSZ 0 first."],
    ["PROT S", "prot-level", "536 PROT refused: use PROT C or PROT P."],
    ["PROT E", "prot-level", "536 PROT refused: use PROT C or PROT P."],
    ["PROT X", "tls-argument", "504 PROT refused: use PROT C or PROT P."],
    ["PROT", "tls-argument", "504 PROT refused: use PROT C or PROT P."],
    ["ADAT x", "tls", "502 ADAT refused: use AUTH TLS."],
    ["MIC x", "tls", "502 MIC refused: use AUTH TLS."],
    ["CPSV", "tls", "502 CPSV refused: use AUTH TLS."],
    ["CCC", "ccc", "533 CCC refused by policy of this gateway."],
  ])("%j under TLS is answered %s", (line, reason, reply) => {
    play(`C> ${line}\n     refuse ${reason}\n     >C ${reply}`, terminated);
  });

  test.each(["PBSZ 0", "PROT P"])("%j without TLS is refused: 503", (line) => {
    play(`C> ${line}\n     refuse tls-order\n     >C 503 ${line.slice(0, 4)} refused: say AUTH TLS first.`, {
      tls: {},
    });
  });

  test.each(["SSL", "TLS-P"])("need not be said after AUTH %s, which begins with PROT P", (name) => {
    const before = loggedIn.replace("AUTH TLS", `AUTH ${name}`);
    play(
      `
      C> EPSV
           >S EPSV
      S> 229 Extended (|||51210|)
           open client side for 192.168.1.100 under TLS, dial 10.0.0.5:51210
    `,
      { tls: {}, before },
    );
  });

  test("said behind PASV, PROT leaves nothing to use: the client has to announce again", () => {
    play(
      `
      C> RETR a
           release
           refuse no-data-connection
           >C 425 Can't open data connection: PROT has changed; announce another one.
    `,
      {
        ...terminated,
        after: "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)\nopened 192.0.2.1:50010\nC> PBSZ 0\nC> PROT P",
      },
    );
  });
});

describe("where TLS is required", () => {
  test.each(["USER u", "PASS p", "CWD /", "PASV", "REIN"])("for the login, %j gets 530 before AUTH", (line) => {
    play(`C> ${line}\n     refuse tls-required\n     >C 530 ${line.split(" ", 1)[0]!} refused: say AUTH TLS first.`, {
      tls: { client: { require: "login" } },
      before: "connected 10.0.0.5:21\nS> 220 ready",
    });
  });

  test.each(["FEAT", "SYST", "NOOP", "QUIT", "OPTS UTF8 ON", "HELP"])(
    "for the login, %j passes before AUTH",
    (line) => {
      play(`C> ${line}\n     >S ${line}`, {
        tls: { client: { require: "login" } },
        before: "connected 10.0.0.5:21\nS> 220 ready",
      });
    },
  );

  test("for the login, a login under TLS passes, and its transfers may be in clear", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> RETR a
           >S RETR a
    `,
      { tls: { client: { require: "login" } }, before: loggedIn },
    );
  });

  test.each(["PASV", "EPSV", "PORT 192,168,1,100,10,21", "EPRT |1|192.168.1.100|2581|"])(
    "for data, not even a data connection is announced under PROT C: %j gets 521",
    (line) => {
      const verb = line.split(" ", 1)[0]!;
      play(`C> ${line}\n     refuse clear-data\n     >C 521 ${verb} refused: data connections need PROT P.`, {
        tls: { client: { require: "data" } },
        before: loggedIn,
      });
    },
  );

  test.each(["RETR a", "STOR a", "APPE a", "LIST", "NLST", "MLSD"])(
    "for data, %j under PROT C gets 521, and under PROT P it passes",
    (line) => {
      play(
        `
      C> ${line}
           refuse clear-data
           >C 521 ${line.split(" ", 1)[0]!} refused: data connections need PROT P.
      C> PBSZ 0
           >C 200 PBSZ=0
      C> PROT C
           refuse prot-level
           >C 534 PROT C refused by policy of this gateway.
      C> PROT P
           >C 200 Protection set to Private.
      C> ${line}
           >S ${line}
    `,
        { tls: { client: { require: "data" } }, before: loggedIn },
      );
    },
  );

  test("for data, the login needs TLS too", () => {
    play("C> USER u\n     refuse tls-required\n     >C 530 USER refused: say AUTH TLS first.", {
      tls: { client: { require: "data" } },
      before: "connected 10.0.0.5:21\nS> 220 ready",
    });
  });
});

describe("where the client's certificate names the user", () => {
  const named: PlayOptions = {
    tls: { client: { user: "cn" } },
    before: secured.replace("tls started client", 'tls started client user "alice": CN=alice,O=x'),
  };

  test("USER has to be that user, and any other gets 530", () => {
    play(
      `
      C> USER bob
           refuse certificate-user
           >C 530 USER refused: your certificate is for another user.
      C> USER alice
           >S USER alice
    `,
      named,
    );
  });

  test.each(["USERbob", "\xa0USER bob"])("a USER that hides in another verb is none: %j", (line) => {
    play(
      `
      C> ${line}
           refuse certificate-user
           >C 530 USER refused: your certificate is for another user.
    `,
      named,
    );
  });

  test("a client without one is nobody", () => {
    play(
      `
      C> USER alice
           refuse certificate-user
           >C 530 USER refused: your certificate is for another user.
    `,
      { ...named, before: secured },
    );
  });

  test("it stands in what is recorded of the session", () => {
    const { facts } = playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
      tls started client TLSv1.2 AES128-SHA resumed in 3 ms for gw.example.net user "alice": CN=alice
    `,
      { tls: {} },
    );
    expect(facts.filter(({ kind }) => kind === "tls-started")).toEqual([
      {
        ...{ kind: "tls-started", side: "client", connection: "control", version: "TLSv1.2", cipher: "AES128-SHA" },
        ...{ resumed: true, durationMs: 3, name: "gw.example.net", peer: "CN=alice" },
      },
    ]);
  });
});

describe("CCC, where it is allowed", () => {
  const allowed: PlayOptions = { tls: { client: { ccc: true } }, before: loggedIn };

  test("is answered under TLS, and lines in clear follow; PROT stays as it was", () => {
    const { facts } = play(
      `
      C> CCC
           >C 200 CCC successful; clear text from here on.
           end tls client
      tls ended client
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100 under TLS, dial 10.0.0.5:51210
    `,
      { ...allowed, after: "C> PBSZ 0\nC> PROT P" },
    );
    expect(facts).toContainEqual({ kind: "tls-ended", side: "client" });
  });

  test("waits for the replies of earlier commands", () => {
    play(
      `
      C> NOOP
           >S NOOP
      C> CCC
      S> 200 ok
           >C 200 ok
           >C 200 CCC successful; clear text from here on.
           end tls client
    `,
      allowed,
    );
  });

  test("before AUTH is refused: 503", () => {
    play("C> CCC\n     refuse tls-order\n     >C 503 CCC refused: say AUTH TLS first.", {
      ...allowed,
      before: prologue[4],
    });
  });

  test("is final: AUTH and CCC behind it are refused, and so is another login where one needs TLS", () => {
    play(
      `
      C> AUTH TLS
           refuse tls-order
           >C 503 AUTH refused after CCC.
      C> CCC
           refuse tls-order
           >C 503 CCC refused: say AUTH TLS first.
      C> USER v
           refuse tls-required
           >C 530 USER refused: say AUTH TLS first.
      C> USERv
           refuse tls-required
           >C 530 Command refused: say AUTH TLS first.
      C> CWD /
           >S CWD /
    `,
      { tls: { client: { ccc: true, require: "login" } }, before: loggedIn, after: "C> CCC\ntls ended client" },
    );
  });
});

describe("REIN under TLS", () => {
  test("is answered under TLS, which then ends: the connection is as after the greeting (RFC 4217 11)", () => {
    play(
      `
      C> REIN
           >S REIN
      S> 220 ready
           >C 220 ready
           end tls client
      tls ended client
      C> PROT P
           refuse tls-order
           >C 503 PROT refused: say AUTH TLS first.
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
    `,
      { tls: { client: { ccc: true } }, before: loggedIn, after: "C> PBSZ 0\nC> PROT P" },
    );
  });

  test("is refused where nothing may end TLS: the client connects anew", () => {
    play("C> REIN\n     refuse ccc\n     >C 502 REIN refused under TLS, which it would end; connect anew.", terminated);
  });

  test("that the server does not know leaves everything as it is", () => {
    play("C> REIN\n     >S REIN\nS> 502 no\n     >C 502 no\nC> NOOP\n     >S NOOP", {
      tls: { client: { ccc: true } },
      before: loggedIn,
    });
  });
});

describe("a listener where TLS comes first", () => {
  test("begins with the handshake; only then the server is looked for, and data connections are private", () => {
    playFromStart(
      `
           start tls client
      tls started client
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u
      S> 230 in
           >C 230 in
           quirk login-without-password
      C> EPSV
           >S EPSV
      S> 229 Extended (|||51210|)
           open client side for 192.168.1.100 under TLS, dial 10.0.0.5:51210
    `,
      { tls: {}, isImplicit: true },
    );
  });

  test("on the login route greets under TLS", () => {
    playFromStart(
      `
           start tls client
      tls started client
           >C 220 FTP gateway ready; log in as user@host.
    `,
      { tls: {}, isImplicit: true, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    );
  });

  test("ends a session whose client speaks no TLS without a word", () => {
    playFromStart(
      `
           start tls client
      tls failed client not-tls: USER
           fail client-control tls-failed
           refuse tls-failed
           end tls-failed
    `,
      { tls: {}, isImplicit: true },
    );
  });
});

describe("on the login route, before a server is known,", () => {
  const login: PlayOptions = { tls: {}, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } };

  test("FEAT tells of TLS, and AUTH is taken", () => {
    playFromStart(
      `
           >C 220 FTP gateway ready; log in as user@host.
      C> FEAT
           >C 211-Features:
           >C  AUTH TLS
           >C  PBSZ
           >C  PROT
           >C 211 End
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
      tls started client
      C> PBSZ 0
           >C 200 PBSZ=0
      C> PROT P
           >C 200 Protection set to Private.
      C> USER u@10.0.0.5
           connect 10.0.0.5:21
    `,
      login,
    );
  });
});

describe("a client that leaves", () => {
  test("while its AUTH waits has said nothing too early", () => {
    play(
      `
      C> NOOP
           >S NOOP
      C> AUTH TLS
      C closes
      S> 200 ok
           >C 200 ok
           >C 234 AUTH TLS successful.
           start tls client
      tls failed client closed
           fail client-control tls-failed
           refuse tls-failed
           end tls-failed
      `,
      { tls: {} },
    );
  });
});

describe("a gateway that drains", () => {
  test("says goodbye under TLS, once a handshake that has begun is done", () => {
    play(
      `
      drain
      tls started client
           >C 421 The gateway is shutting down.
           end drained
      `,
      { tls: {}, after: "C> AUTH TLS" },
    );
  });
});
