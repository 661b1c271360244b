// Passthrough: AUTH is the server's, what comes behind its 234 is nobody's to read, and CCC brings lines back.
import { describe, expect, test } from "vitest";
import { wantsClientInput } from "../../src/session/wanted-input.ts";
import { feed, passiveReady, play, playFromStart, type PlayOptions } from "./play.ts";

const passthrough: PlayOptions = { tls: "passthrough" };

const greeted = "connected 10.0.0.5:21\nS> 220 ready";
const opaque = "C> AUTH TLS\nS> 234 Go ahead";
const secured = `${opaque}\nopaque moved 517 up 0 down\nopaque moved 0 up 1400 down\nopaque moved 80 up 0 down secured`;

/** The client has logged in, in clear. */
function playPassing(script: string, options: PlayOptions = {}) {
  return play(script, { ...passthrough, ...options });
}

describe("AUTH where TLS passes through", () => {
  test("goes to the server as it was typed, and its 234 begins what nobody here reads", () => {
    const { facts } = playPassing(`
      C> auth  tls
           >S auth  tls
      S> 234 Go ahead
           >C 234 Go ahead
           go opaque
      opaque moved 517 up 0 down
    `);
    expect(facts).toContainEqual({ kind: "opaque" });
    expect(facts).toContainEqual({ kind: "reply", code: 234 });
  });

  test.each(["TLS", "TLS-C", "SSL", "TLS-P", "ssl"])("%s is passed on", (mechanism) => {
    playPassing(`
      C> AUTH ${mechanism}
           >S AUTH ${mechanism}
      S> 334 Some say it so
           >C 334 Some say it so
           go opaque
    `);
  });

  test("other mechanisms would hide line by line what is to be translated: 504", () => {
    playPassing(`
      C> AUTH GSSAPI
           refuse tls
           >C 504 AUTH refused: use AUTH TLS.
    `);
  });

  test.each(["431", "500", "502", "504", "534"])("a server that answers %s is served in clear", (code) => {
    playPassing(`
      C> AUTH TLS
           >S AUTH TLS
      C> PASV
      S> ${code} Not here
           >C ${code} Not here
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("what the client has said behind AUTH is never obeyed, and ends the session before any 234 (bytes-before-tls)", () => {
    const { facts } = playPassing(`
      C> AUTH TLS
           >S AUTH TLS
      C> DELE a
      S> 234 Go ahead
           refuse bytes-before-tls
           >C 421 Something was sent in clear behind AUTH.
           end bytes-before-tls
    `);
    expect(facts).not.toContainEqual({ kind: "opaque" });
  });

  test("nor is a piece of a line, or what the server says in clear behind its 234 (bytes-before-tls)", () => {
    for (const side of ["client", "server"]) {
      playPassing(`
        C> AUTH TLS
             >S AUTH TLS
        S> 234 Go ahead
             >C 234 Go ahead
             go opaque
        tls failed ${side} bytes-before-tls: the ${side} has said more in clear
             refuse bytes-before-tls
             >C 421 Something was sent in clear behind AUTH.
             end bytes-before-tls
      `);
    }
  });

  test("data connections that were announced before are released, and their ports with them", () => {
    play(
      `
      C> AUTH TLS
           >S AUTH TLS
      S> 234 Go ahead
           release
           >C 234 Go ahead
           go opaque
      closed released
      `,
      { ...passthrough, after: passiveReady },
    );
  });

  test.each([
    [{ readOnly: true }, "tls", ""],
    [{ anonymousOnly: true }, "tls", ""],
    [{ commands: { deny: ["DELE"] } }, "tls", ""],
    [{ commands: { allow: ["AUTH", "RETR"] } }, "tls", ""],
  ])("is refused where policy forbids what could not be seen then: %j", (policy, reason, reply) => {
    playPassing(
      `
      C> AUTH TLS
           refuse ${reason}
           >C ${reply || "534 AUTH refused: this gateway's policy forbids what it could not see under TLS."}
      `,
      { policy },
    );
  });

  test("is refused where another policy holds for some users, who could not be told apart", () => {
    playPassing(
      `
      C> AUTH TLS
           refuse tls
           >C 534 AUTH refused: this gateway's policy forbids what it could not see under TLS.
      `,
      { userPolicies: [{ users: ["eve"], policy: { readOnly: true } }] },
    );
  });

  test("PBSZ, PROT and CCC in clear are the server's to answer; what is for other mechanisms is refused", () => {
    playPassing(`
      C> PBSZ 0
           >S PBSZ 0
      S> 503 AUTH first
           >C 503 AUTH first
      C> CPSV
           refuse tls
           >C 502 CPSV refused: use AUTH TLS.
    `);
  });

  test("FEAT lists what the server has of it", () => {
    playPassing(`
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  AUTH TLS
           >C  AUTH TLS
      S>  PBSZ
           >C  PBSZ
      S>  PROT
           >C  PROT
      S>  CCC
           >C  CCC
      S> 211 End
           >C 211 End
    `);
  });
});

describe("an opaque session", () => {
  test("is told nothing in clear at its end, whoever ends it", () => {
    playPassing("stop stopped\n     end stopped", { after: opaque });
    playPassing("timer idle\n     end idle", { after: secured });
    playPassing("timer login\n     end login-timeout", { after: opaque });
  });

  test("has the time to log in for its handshake, and is the server's and the idle time's to limit from then on", () => {
    playPassing(
      `
      opaque moved 517 up 0 down
           timer idle
      opaque moved 0 up 1400 down
           timer idle
      opaque moved 80 up 0 down secured
           timer idle
           cancel login
      opaque moved 0 up 60 down secured
           timer idle
      timer login
      timer idle
           end idle
      `,
      { after: opaque, timers: true },
    );
  });

  test("after a login in clear is one of nobody's, as after REIN (RFC 4217 4)", () => {
    const { session } = playPassing("opaque moved 517 up 0 down", { after: opaque });
    expect(session.loggedIn).toBe(false);
    expect(session.user).toBe("");
  });

  test("ends with the server's end, in order or not", () => {
    const { facts } = playPassing("S closes\n     end opaque-closed", { after: secured, failures: true });
    expect(facts.at(-1)).toMatchObject({ kind: "ended", reason: "opaque-closed" });
    playPassing("S lost ECONNRESET\n     fail server-control reset\n     end server-gone", { after: secured });
  });

  test("ends some time after the client has closed its direction, with what the server says until then", () => {
    playPassing(
      `
      C closes
           timer grace
           timer grace
      opaque moved 0 up 60 down secured
           timer idle
           timer grace
      timer grace
           end client-gone
      `,
      { after: secured, timers: true },
    );
  });

  test("has not failed where the client resets a connection whose end nobody could read", () => {
    playPassing("C lost ECONNRESET\n     end client-gone", { after: secured, failures: true });
  });

  test("goes on while the gateway drains, for what is under way can't be seen", () => {
    const { session } = playPassing("drain", { after: secured });
    expect(session.phase.name).toBe("relaying");
  });

  test("ends where something comes that is no TLS", () => {
    const { facts } = playPassing("tls failed client not-tls: what came is no TLS record\n     end tls-failed", {
      after: opaque,
    });
    expect(facts).toContainEqual(expect.objectContaining({ kind: "tls-failed", side: "client", cause: "not-tls" }));
  });
});

describe("CCC where TLS passed through", () => {
  const cleared = `${secured}\nopaque ended`;

  test("brings commands and replies back, translated as ever, for whoever has done a handshake", () => {
    const { facts } = playPassing(
      `
      opaque ended
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      `,
      { after: secured },
    );
    expect(facts).toContainEqual({ kind: "opaque-ended" });
  });

  test("is no login where no handshake was seen", () => {
    playPassing(
      `
      opaque ended
      C> PORT 192,168,1,100,10,21
           refuse not-logged-in
           >C 530 PORT refused: log in with USER and PASS first.
      `,
      { after: `${opaque}\nopaque moved 5 up 7 down` },
    );
  });

  test("is followed by a farewell in clear, and by another AUTH if the client wants", () => {
    playPassing(
      `
      C> AUTH TLS
           >S AUTH TLS
      S> 234 Again
           >C 234 Again
           go opaque
      opaque ended
      timer idle
           >C 421 Idle for too long.
           end idle
      `,
      { after: cleared },
    );
  });
});

describe("implicit TLS that passes through", () => {
  const implicit: PlayOptions = { ...passthrough, isImplicit: true };

  test("begins with the first byte, once the server is connected; until then the client is not read", () => {
    const { session } = feed("", implicit);
    expect(wantsClientInput(session)).toBe(false);
    const { session: connected } = playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           go opaque
      opaque moved 517 up 0 down
      `,
      implicit,
    );
    expect(wantsClientInput(connected)).toBe(true);
  });

  test("is not for clients for whom policy forbids what could not be seen, and who can't be told so", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           refuse tls
           end tls-failed
      `,
      { ...implicit, policy: { readOnly: true } },
    );
  });

  test("has no words for a server that can't be reached", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      unreachable 10.0.0.5:21 ECONNREFUSED
           refuse server-unreachable
           end server-unreachable
      `,
      implicit,
    );
  });

  test("is nothing to a session that does not pass TLS through", () => {
    const { session } = feed(greeted, { isImplicit: true });
    expect(session.passthrough).toBeUndefined();
  });
});
