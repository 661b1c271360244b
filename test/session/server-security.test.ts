// What the gateway says to the server to bring its leg under TLS (RFC 4217), and what comes of each answer.
import { describe, expect, test } from "vitest";
import { play, playFromStart, prologue, type PlayOptions } from "./play.ts";

const connected = "     connect 10.0.0.5:21\n      connected 10.0.0.5:21";
const greeted = "connected 10.0.0.5:21\nS> 220 ready";
const login = "C> USER u\nS> 331 password\nC> PASS p\nS> 230 in";
/** The server's leg is under TLS, and nobody has logged in. */
const secured = `${greeted}\nS> 234 go\ntls started server\nS> 200 PBSZ=0\nS> 200 private`;

describe("serverSide.tls.mode auto", () => {
  const auto: PlayOptions = { tls: { server: { mode: "auto" } } };

  test("says AUTH TLS behind the greeting, PBSZ 0 and PROT P, before anything of the client's goes on", () => {
    const { facts } = playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      C> USER u
      S> 234 go
           start tls server
      tls started server TLSv1.3 TLS_AES_128_GCM_SHA256 in 2 ms for ftp.example.com
           >S PBSZ 0
      S> 200 PBSZ=0
           >S PROT P
      S> 200 private
           >S USER u
      `,
      auto,
    );
    expect(facts).toContainEqual({
      ...{ kind: "tls-started", side: "server", connection: "control", version: "TLSv1.3" },
      ...{ cipher: "TLS_AES_128_GCM_SHA256", resumed: false, durationMs: 2, name: "ftp.example.com" },
    });
  });

  test.each([500, 502, 504, 530, 534])("goes on in clear with a server that answers %i to AUTH", (code) => {
    playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      C> USER u
      S> ${code} no
           >S USER u
      `,
      auto,
    );
  });

  test("does not with one that can't for now (431)", () => {
    playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      S> 431 later
           fail server-control tls-refused
           refuse tls-refused
           >C 421 There is no TLS with the server, which refuses it.
           end tls-refused
      `,
      auto,
    );
  });

  test.each([
    ["unknown-ca", "tls-certificate", "The server's certificate is not trusted."],
    ["certificate-name", "tls-certificate", "The server's certificate is not trusted."],
    ["certificate-expired", "tls-certificate", "The server's certificate is not trusted."],
    ["certificate-pin", "tls-certificate", "The server's certificate is not trusted."],
    ["protocol-version", "tls-version", "There is no common version or cipher for TLS with the server."],
    ["not-tls", "tls-failed", "There is no TLS with the server: the handshake failed."],
    ["timed-out", "tls-failed", "There is no TLS with the server: the handshake failed."],
  ])("never goes on in clear after a handshake that failed (%s): the client is told 421", (cause, known, words) => {
    const { facts } = play(
      `
      tls failed server ${cause}: CN=other
           fail server-control ${known}
           refuse tls-failed
           >C 421 ${words}
           end tls-failed
      `,
      { ...auto, before: `${greeted}\nS> 234 go` },
    );
    const failure = facts.find(({ kind }) => kind === "failure");
    expect(failure).toHaveProperty("diagnosis.sentence", expect.stringContaining("CN=other"));
  });

  test("takes nothing that the server has said in clear behind its 234", () => {
    play(
      `
      tls failed server bytes-before-tls: 12 bytes
           refuse bytes-before-tls
           >C 421 Something was sent in clear behind AUTH.
           end bytes-before-tls
      `,
      { ...auto, before: `${greeted}\nS> 234 go` },
    );
  });

  test("attack: a reply that stands in clear behind the server's 234 is not told to the client", () => {
    playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      S> 234 go
           start tls server
      S> 230 You are in.
           refuse bytes-before-tls
           >C 421 Something was sent in clear behind AUTH.
           end bytes-before-tls
      `,
      auto,
    );
  });

  test("a server that refuses PROT P is not used in clear: 421", () => {
    play(
      `
      S> 536 no
           fail server-control tls-refused
           refuse tls-refused
           >C 421 There is no TLS with the server, which refuses it.
           end tls-refused
      `,
      { ...auto, before: `${greeted}\nS> 234 go\ntls started server\nS> 200 PBSZ=0` },
    );
  });

  test("PROT is said though the server has no PBSZ", () => {
    play(
      `
      S> 500 what
           >S PROT P
      S> 200 private
      C> USER u
           >S USER u
      `,
      { ...auto, before: `${greeted}\nS> 234 go\ntls started server` },
    );
  });

  test("data connections of the server run TLS, whatever the client's do", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 under TLS
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PORT 192,168,1,100,10,21
           release
           open server side for 10.0.0.5 under TLS, dial 192.168.1.100:2581 from 20 #2
      `,
      { ...auto, before: `${secured}\n${login}` },
    );
  });

  test("a server that closes instead of answering AUTH ends the session", () => {
    play("S closes\n     >C 421 The server closed the connection.\n     end server-gone", { ...auto, before: greeted });
  });

  test("a server that says 421 to AUTH is not waited for, and the client may say QUIT", () => {
    play("S> 421 busy\n     >C 421 busy\nC> QUIT\n     >S QUIT", { ...auto, before: greeted });
  });

  test("after REIN, PBSZ and PROT are said again", () => {
    play(
      `
      C> REIN
           >S REIN
      S> 220 ready
           >C 220 ready
           >S PBSZ 0
      C> USER u
      S> 200 PBSZ=0
           >S PROT P
      S> 200 private
           >S USER u
      `,
      { ...auto, before: `${secured}\n${login}` },
    );
  });

  test("AUTH of the client is its own affair", () => {
    play("C> AUTH TLS\n     >C 234 AUTH TLS successful.\n     start tls client", {
      ...auto,
      before: `${secured}\n${login}`,
    });
  });
});

describe("serverSide.tls.mode off", () => {
  test("says nothing of TLS to the server", () => {
    playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u
      `,
      { tls: { server: { mode: "off" } } },
    );
  });
});

describe("serverSide.tls.mode required", () => {
  const required: PlayOptions = { tls: { server: { mode: "required" } } };

  test.each([431, 500, 502, 534])("tells the client why there is no session with a server that answers %i", (code) => {
    play(
      `
      S> ${code} no
           fail server-control tls-refused
           refuse tls-refused
           >C 421 There is no TLS with the server, which refuses it.
           end tls-refused
      `,
      { ...required, before: greeted },
    );
  });

  test("on the login route, USER goes to the server under TLS", () => {
    playFromStart(
      `
           >C 220 FTP gateway ready; log in as user@host.
      C> USER u@10.0.0.5
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >S AUTH TLS
      S> 234 go
           start tls server
      tls started server
           >S PBSZ 0
      S> 200 PBSZ=0
           >S PROT P
      S> 200 private
           >S USER u
      `,
      { ...required, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    );
  });

  test("a multi-line answer to AUTH is one answer, and the client reads none of it", () => {
    play("S> 234-go\nS> on\nS> 234 now\n     start tls server", { ...required, before: greeted });
  });
});

describe("serverSide.tls.implicit", () => {
  const implicit: PlayOptions = { tls: { server: { mode: "required", implicit: true } } };

  test("begins TLS before the greeting, and says no AUTH", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           start tls server
      tls started server
      S> 220 ready
           >C 220 ready
           >S PBSZ 0
      S> 200 ok
           >S PROT P
      S> 200 ok
      C> USER u
           >S USER u
      `,
      implicit,
    );
  });

  test.each([500, 502, 503, 530])(
    "takes data for private where the server does not know PROT, or not yet (%i)",
    (code) => {
      const events = `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           start tls server
      tls started server
      S> 220 ready
           >C 220 ready
           >S PBSZ 0
      S> ${code} no
           >S PROT P
      S> ${code} no
      C> USER u
           >S USER u
      `;
      playFromStart(events, implicit);
    },
  );

  test("gives up a server that knows PROT and refuses it", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           start tls server
      tls started server
      S> 220 ready
           >C 220 ready
           >S PBSZ 0
      S> 200 ok
           >S PROT P
      S> 534 no
           fail server-control tls-refused
           refuse tls-refused
           >C 421 There is no TLS with the server, which refuses it.
           end tls-refused
      `,
      implicit,
    );
  });

  test("says PROT C where data are to be in clear: such servers begin with P", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           start tls server
      tls started server
      S> 220 ready
           >C 220 ready
           >S PBSZ 0
      S> 200 ok
           >S PROT C
      S> 200 ok
      `,
      { tls: { server: { mode: "required", implicit: true, data: "clear" } } },
    );
  });

  test("a server that speaks no TLS is told to the client as 421", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           start tls server
      tls failed server not-tls: 220 ready
           fail server-control tls-failed
           refuse tls-failed
           >C 421 There is no TLS with the server: the handshake failed.
           end tls-failed
      `,
      implicit,
    );
  });
});

describe("serverSide.tls.data", () => {
  const to = (data: "match" | "clear" | "private"): PlayOptions => ({ tls: { server: { mode: "auto", data } } });
  const authorised = `${greeted}\nS> 234 go\ntls started server`;

  test("clear says neither PBSZ nor PROT", () => {
    play("tls started server\nC> USER u\n     >S USER u", { ...to("clear"), before: `${greeted}\nS> 234 go` });
  });

  test("match is private where the client's leg is in clear, and in clear where the server refuses that", () => {
    play(
      `
      tls started server
           >S PBSZ 0
      S> 200 ok
           >S PROT P
      S> 536 no
      C> USER u
           >S USER u
      `,
      { ...to("match"), before: `${greeted}\nS> 234 go` },
    );
  });

  test("match says to the server what the client says, and the client is told what came of it", () => {
    play(
      `
      C> PROT C
           >S PROT C
      C> PASV
      S> 200 clear
           >C 200 Protection set to Clear.
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PROT P
           >S PROT P
      S> 534 no
           >C 534 no
      C> PASV
           release
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
      `,
      {
        ...to("match"),
        before: `${authorised}\nS> 200 ok\nS> 200 ok\nC> AUTH TLS\ntls started client\n${login}\nC> PBSZ 0`,
      },
    );
  });

  test("private stays private, whatever the client says", () => {
    play(
      `
      C> PROT C
           >C 200 Protection set to Clear.
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 under TLS
      `,
      { ...to("private"), before: `${secured}\nC> AUTH TLS\ntls started client\n${login}\nC> PBSZ 0` },
    );
  });
});

describe("serverSide.tls.mode match-client", () => {
  const matching: PlayOptions = { tls: { server: { mode: "match-client", data: "match" } } };

  test("says nothing of TLS for a client in clear", () => {
    playFromStart(
      `
      ${connected}
      S> 220 ready
           >C 220 ready
      C> USER u
           >S USER u
      `,
      matching,
    );
  });

  test("asks the server first: TLS begins there, then here, and PROT is said as the client says it", () => {
    play(
      `
      C> AUTH TLS
           >S AUTH TLS
      S> 234 go
           start tls server
      tls started server
           >C 234 AUTH TLS successful.
           start tls client
      tls started client
      C> PBSZ 0
           >C 200 PBSZ=0
      C> PROT P
           >S PBSZ 0
      S> 200 PBSZ=0
           >S PROT P
      S> 200 private
           >C 200 Protection set to Private.
      C> USER u
           >S USER u
      S> 230 in
           >C 230 in
           quirk login-without-password
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100 under TLS, dial 10.0.0.5:51210 under TLS
      `,
      { ...matching, before: greeted },
    );
  });

  test("AUTH SSL begins with PROT P on both legs", () => {
    play(
      `
      C> AUTH SSL
           >S AUTH TLS
      S> 234 go
           start tls server
      tls started server
           >S PBSZ 0
      S> 200 PBSZ=0
           >S PROT P
      S> 200 private
           >C 234 AUTH TLS successful.
           start tls client
      `,
      { ...matching, before: greeted },
    );
  });

  test.each(["431 later", "500 what", "534 no"])("the server's refusal is the client's: %s", (reply) => {
    play(
      `
      C> AUTH TLS
           >S AUTH TLS
      S> ${reply}
           >C ${reply}
      C> PASV
           >S PASV
      `,
      { ...matching, before: prologue[4] },
    );
  });

  test("a handshake with the server that fails is told in clear, and the client never begins its own", () => {
    play(
      `
      C> AUTH TLS
           >S AUTH TLS
      S> 234 go
           start tls server
      tls failed server unknown-ca
           fail server-control tls-certificate
           refuse tls-failed
           >C 421 The server's certificate is not trusted.
           end tls-failed
      `,
      { ...matching, before: greeted },
    );
  });

  test("a server that comes after the client's AUTH has to follow: 421 if it does not", () => {
    playFromStart(
      `
           >C 220 FTP gateway ready; log in as user@host.
      C> AUTH TLS
           >C 234 AUTH TLS successful.
           start tls client
      tls started client
      C> USER u@10.0.0.5
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >S AUTH TLS
      S> 500 what
           fail server-control tls-refused
           refuse tls-refused
           >C 421 There is no TLS with 10.0.0.5, which refuses it.
           end tls-refused
      `,
      { ...matching, route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    );
  });

  test("a client under implicit TLS has said so: the server has to follow, and its data are private too", () => {
    playFromStart(
      `
           start tls client
      tls started client
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      S> 234 go
           start tls server
      tls started server
           >S PBSZ 0
      S> 200 ok
           >S PROT P
      S> 200 ok
      C> USER u
           >S USER u
      `,
      { ...matching, isImplicit: true },
    );
  });
});
