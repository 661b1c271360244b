// Policies: what holds for a client's network at its birth, and for a user once its login is accepted. Attack: somebody is
// logged in as one user and has what holds for another.
import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../src/net/endpoint.ts";
import type { Policy } from "../../src/session/options.ts";
import { policiesOf } from "../../src/session/policies.ts";
import { clientOptions, feed, play, playFromStart, type PlayOptions } from "./play.ts";

const network = (text: string) => parseNetwork(text) ?? expect.fail(text);

describe("of the entries", () => {
  const own = clientOptions({}).policy;
  const lax: Policy = { ...own, minDataPort: 1 };
  const strict: Policy = { ...own, readOnly: true };
  const at = (address: string, ...entries: Parameters<typeof policiesOf>[1]) => policiesOf(own, entries, address);

  test("none that holds the client leaves the gateway's own", () => {
    expect(at("192.0.2.1", { clients: [network("10.0.0.0/8")], policy: lax })).toEqual({
      policy: own,
      userPolicies: [],
    });
  });

  test("the first whose networks hold the client is chosen, and ends the list", () => {
    const entries = [
      { clients: [network("192.168.0.0/16"), network("10.1.0.0/16")], policy: lax },
      { clients: [network("10.0.0.0/8")], policy: strict },
      { users: ["alice"], policy: lax },
    ];
    expect(at("10.1.2.3", ...entries).policy).toBe(lax);
    expect(at("10.2.2.3", ...entries)).toEqual({ policy: strict, userPolicies: [] });
  });

  test("an IPv4 network holds no IPv6 client, and the other way round", () => {
    const entries = [{ clients: [network("0.0.0.0/0")], policy: lax }];
    expect(at("fd00::1", ...entries).policy).toBe(own);
    expect(at("10.0.0.1", { clients: [network("::/0")], policy: lax }).policy).toBe(own);
  });

  test("those with users stand ready where their networks hold the client, up to the first without", () => {
    const entries = [
      { clients: [network("10.0.0.0/8")], users: ["alice"], policy: lax },
      { clients: [network("172.16.0.0/12")], users: ["bob"], policy: lax },
      { clients: [network("10.0.0.0/8")], policy: strict },
      { users: ["carol"], policy: lax },
    ];
    expect(at("10.0.0.1", ...entries)).toEqual({
      policy: strict,
      userPolicies: [{ users: ["alice"], policy: lax }],
    });
  });
});

const refusedDele = `
           refuse read-only
           >C 550 DELE refused: this gateway is read-only.`;
const passedDele = `
           >S DELE a`;

/** Everybody reads; alice and those whose name begins with `admin` may write too. */
const writers: PlayOptions = {
  policy: { readOnly: true },
  userPolicies: [
    { users: ["alice"], policy: { readOnly: false } },
    { users: ["admin*"], policy: { readOnly: false } },
  ],
};
/** Everybody may write, but for guests. */
const guests: PlayOptions = { userPolicies: [{ users: ["guest", "anonymous"], policy: { readOnly: true } }] };

const greeted = "connected 10.0.0.5:21\nS> 220 ready\n";
const loggedInAs = (user: string): string => `${greeted}C> USER ${user}\nS> 331 pw\nC> PASS p\nS> 230 in\n`;

/** Whether DELE passes after these events. */
function mayWrite(events: string, options: PlayOptions): boolean {
  const { effects } = feed(`${events}\nC> DELE a`, options);
  return effects.some((effect) => effect.kind === "to-server" && effect.bytes === "DELE a\r\n");
}

describe("a user's policy", () => {
  test.each(["alice", "ALICE", " alice ", "admin7"])("holds once the login of %j is accepted", (user) => {
    expect(mayWrite(loggedInAs(user), writers)).toBe(true);
  });

  test.each(["u", "alice2", "al", "xadmin"])("does not hold for %j", (user) => {
    expect(mayWrite(loggedInAs(user), writers)).toBe(false);
  });

  test.each(["guest", "Guest", "anonymous", "ftp", "FTP "])("takes away as it gives: %j may only read", (user) => {
    expect(mayWrite(loggedInAs(user), guests)).toBe(false);
    expect(mayWrite(loggedInAs("u"), guests)).toBe(true);
  });

  test("holds after a login without password, and after one with an account (232 too)", () => {
    expect(mayWrite(`${greeted}C> USER alice\nS> 230 in`, writers)).toBe(true);
    expect(mayWrite(`${greeted}C> USER alice\nS> 232 in`, writers)).toBe(true);
    const account = `${greeted}C> USER alice\nS> 331 pw\nC> PASS p\nS> 332 account\nC> ACCT x\nS> 230 in`;
    expect(mayWrite(account, writers)).toBe(true);
  });

  test("is chosen anew by another USER, and by one after REIN", () => {
    const first = loggedInAs("alice");
    const again = (user: string) => `C> USER ${user}\nS> 331 pw\nC> PASS p\nS> 230 in\n`;
    expect(mayWrite(first + again("u"), writers)).toBe(false);
    expect(mayWrite(first + again("u") + again("admin"), writers)).toBe(true);
    expect(mayWrite(`${first}C> REIN\nS> 220 again\n${again("u")}`, writers)).toBe(false);
    expect(mayWrite(`${loggedInAs("u")}C> REIN\nS> 220 again\n${again("alice")}`, writers)).toBe(true);
  });

  test("decides about announced endpoints and FEAT, too", () => {
    const options: PlayOptions = {
      policy: { minDataPort: 2000 },
      userPolicies: [{ users: ["alice"], policy: { minDataPort: 1024, commands: { deny: ["SIZE"] } } }],
    };
    play(
      `
      C> PORT 192,168,1,100,4,1
           refuse low-port
           >C 504 PORT refused: ports below 2000 are not allowed.
      C> USER alice
           >S USER alice
      S> 230 in
           >C 230 in
      C> SIZE a
           refuse denied-command
           >C 502 SIZE refused by policy of this gateway.
      C> FEAT
           >S FEAT
      S> 211-Features
           >C 211-Features
      S>  SIZE
      S>  REST STREAM
           >C  REST STREAM
      S> 211 End
           >C 211 End
      C> PORT 192,168,1,100,4,1
           open server side for 10.0.0.5, dial 192.168.1.100:1025 from 20
      `,
      options,
    );
  });

  test("may let in those whom the gateway's own keeps out, and the other way round", () => {
    const members: PlayOptions = {
      policy: { anonymousOnly: true },
      userPolicies: [{ users: ["alice"], policy: { anonymousOnly: false } }],
    };
    const noRoot: PlayOptions = { userPolicies: [{ users: ["root"], policy: { commands: { deny: ["USER"] } } }] };
    const refusedAs = (user: string, options: PlayOptions) =>
      feed(`${greeted}C> USER ${user}`, options).facts.flatMap((fact) =>
        fact.kind === "refusal" ? [fact.reason, fact.detail] : [],
      );
    expect(refusedAs("alice", members)).toEqual([]);
    expect(refusedAs("bob", members)).toEqual(["anonymous-only", "Only anonymous login is allowed here."]);
    expect(refusedAs("Root", noRoot)).toEqual(["denied-command", "USER refused by policy of this gateway."]);
    expect(refusedAs("bob", noRoot)).toEqual([]);
  });

  test("on the login route the name is what the server is told, without its host", () => {
    const route = { kind: "login", allow: [{ kind: "name", pattern: "*" }] } as const;
    const events = (user: string) => `C> USER ${user}\n${greeted}S> 331 pw\nC> PASS p\nS> 230 in\n`;
    expect(mayWrite(events("alice@10.0.0.5"), { ...writers, route })).toBe(true);
    expect(mayWrite(events("Alice@10.0.0.5:2121"), { ...writers, route })).toBe(true);
    expect(mayWrite(events("bob@alice@10.0.0.5"), { ...writers, route })).toBe(false);
    const opened = `C> OPEN 10.0.0.5\n${greeted}C> USER alice@10.0.0.5\nS> 331 pw\nC> PASS p\nS> 230 in\n`;
    expect(mayWrite(opened, { ...writers, route })).toBe(false);
  });

  test("elsewhere a name with @ is matched as a whole", () => {
    expect(mayWrite(loggedInAs("alice@example.com"), writers)).toBe(false);
    const userPolicies = [{ users: ["*@example.com"], policy: { readOnly: false } }];
    const options = { policy: { readOnly: true }, userPolicies };
    expect(mayWrite(loggedInAs("alice@Example.com"), options)).toBe(true);
  });
});

describe("attack: to name a user is not to be it", () => {
  test("before the login is accepted nothing but the login passes", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> USER alice
           >S USER alice
      S> 331 pw
           >C 331 pw
      C> DELE a${refusedDele}
      C> FEAT
           refuse not-logged-in
           >C 530 FEAT refused: log in with USER and PASS first.
      C> CWD b
           refuse not-logged-in
           >C 530 CWD refused: log in with USER and PASS first.
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 200 ok
      C> PASS p
           >S PASS ****
      S> 530 no
           >C 530 no
      C> DELE a${refusedDele}
      C> PASS p
           refuse not-logged-in
           >C 530 PASS refused: log in with USER and PASS first.
      `,
      writers,
    );
  });

  test.each(["230 no password needed", "202 superfluous"])(
    "a guest whose USER is refused has no more after a PASS that the server answers with %s",
    (answer) => {
      const events = `${loggedInAs("u")}C> USER alice\nS> 530 no\nC> PASS x\nS> ${answer}\n`;
      expect(mayWrite(events, writers)).toBe(false);
      expect(mayWrite(`${loggedInAs("u")}C> USER alice\nC> PASS x\nS> 530 no\nS> ${answer}\n`, writers)).toBe(false);
    },
  );

  test("what is pipelined behind a login waits for its answer", () => {
    play(
      `
      C> USER alice
           >S USER alice
      C> PASS p
      C> DELE a
      S> 331 pw
           >C 331 pw
           >S PASS ****
      S> 230 in
           >C 230 in
           >S DELE a
      C> USER u
      S> 250 gone
           >C 250 gone
           >S USER u
      C> DELE b
      S> 230 in
           >C 230 in
           refuse read-only
           >C 550 DELE refused: this gateway is read-only.
      `,
      writers,
    );
  });

  test("two users pipelined are answered one after the other", () => {
    const events = `${greeted}C> USER u\nC> PASS p\nC> USER alice\nS> 331 pw\nS> 230 in\nS> 530 no\n`;
    expect(mayWrite(events, writers)).toBe(false);
  });

  test("a login during a transfer waits for its end, so that no reply is taken for its own", () => {
    play(
      `
      C> RETR a
           >S RETR a
      C> USER alice
      S> 425 no data connection
           >C 425 no data connection
           >S USER alice
      `,
      writers,
    );
  });

  test.each(["226 Abort successful", "225 No transfer", "200 ok", "202 superfluous", "250 ok"])(
    "a reply too many is no login: %s",
    (reply) => {
      expect(mayWrite(`${loggedInAs("u")}C> USER alice\nS> ${reply}\n`, writers)).toBe(false);
    },
  );

  test("a reply too many of a data connection does not put the answer to one login in the place of another's", () => {
    const events = "C> USER u\nC> USER alice\nS> 226 Abort successful\nS> 230 in\nS> 530 no\n";
    expect(mayWrite(loggedInAs("u") + events, writers)).toBe(false);
  });

  test("a restricted user whose server says 200 to its password gets nothing through", () => {
    expect(mayWrite(`${greeted}C> USER guest\nS> 331 pw\nC> PASS p\nS> 200 in\n`, guests)).toBe(false);
  });

  test("a second try with PASS alone after a refusal is not left to the server, who may still know the user", () => {
    const events = `${greeted}C> USER guest\nS> 331 pw\nC> PASS x\nS> 530 no\nC> PASS p\nS> 230 in\n`;
    const { effects } = feed(events, guests);
    expect(effects.filter((effect) => effect.kind === "to-server").length).toBe(2);
  });

  test.each(["USERguest", "USER\u00a0guest", "!USER guest"])(
    "what a careless server would read as USER is refused: %s",
    (line) => {
      const after = `${greeted}C> NOOP\nS> 200 ok\n`;
      const { facts, effects } = feed(`${after}C> ${line}`, guests);
      expect(facts.at(-2)).toMatchObject({ kind: "refusal", reason: "denied-command" });
      expect(effects.filter((effect) => effect.kind === "to-server").length).toBe(1);
    },
  );

  test.each(["guest x", "guest\tx", "guest\u000bx", "guest:secret"])(
    "a name that some servers would cut to another one is refused: %j",
    (user) => {
      const { facts } = feed(`${greeted}C> USER ${user}`, guests);
      expect(facts.at(-2)).toMatchObject({ kind: "refusal", reason: "denied-command" });
    },
  );

  test("a name with a blank that means the same to all servers passes", () => {
    expect(mayWrite(loggedInAs("John Doe"), guests)).toBe(true);
  });

  test("after REIN what held before holds on, whatever the server has made of it", () => {
    expect(mayWrite(`${loggedInAs("guest")}C> REIN\nS> 200 ok\n`, guests)).toBe(false);
    expect(mayWrite(`${loggedInAs("guest")}C> REIN\nS> 220 again\nC> PASS p\nS> 230 in\n`, guests)).toBe(false);
  });

  test("a server that greets with 230 asks for no user: what holds for the client holds", () => {
    expect(mayWrite("connected 10.0.0.5:21\nS> 230 welcome\n", writers)).toBe(false);
    expect(mayWrite("connected 10.0.0.5:21\nS> 230 welcome\n", guests)).toBe(true);
  });
});

test("where no entry has users, nothing waits and nothing is refused for their sake", () => {
  play(`
    C> USER alice
         >S USER alice
    C> PASS p
         >S PASS ****
    C> DELE a${passedDele}
  `);
});
