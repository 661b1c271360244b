// A server that can't do what the mode asks: the next mode is tried, what was learned is remembered, and when nothing is left
// the client is told which attempts had which answers.
import { describe, expect, test } from "vitest";
import { serverModes } from "../../src/session/mode.ts";
import { play } from "./play.ts";

describe("a client that says PORT to a server that is to be passive", () => {
  test("has both dialled: the server at once, before it is told of anything else, the client on the server's word", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           >S EPSV
      C> RETR example.txt
      S> 229 Extended Passive mode OK (|||51210|)
           dial 10.0.0.5:51210 and 192.168.1.100:2581 from 20
      opened
           start
           >C 200 PORT command successful.
      reached server
           >S RETR example.txt
      S> 150 Here it comes
           >C 150 Here it comes
           confirm
      joined
      S> 226 Complete
           linger
      delivered
           >C 226 Complete
      closed complete
      `,
      { serverMode: "passive" },
    );
  });

  test("is told of a transfer that the server refuses without the client ever being dialled (D4.71)", () => {
    play(
      `
      C> RETR missing
           >S RETR missing
      S> 550 No such file
           >C 550 No such file
           dismiss
      closed released
      `,
      { serverMode: "passive", after: "C> PORT 192,168,1,100,10,21\nS> 229 (|||51210|)\nopened\nreached server" },
    );
  });

  test("is told at its transfer command that the server could not be reached", () => {
    play(
      `
      closed server-unreachable
      C> RETR a
           refuse no-data-connection
           >C 425 Can't open data connection: the server can't be reached by the data connection.
      `,
      { serverMode: "passive", after: "C> PORT 192,168,1,100,10,21\nS> 229 (|||51210|)\nopened\nreached server" },
    );
  });

  test("has both dialled for a command of the server's own, too", () => {
    play(
      `
      C> XLST
           >S XLST
      S> 150 Here
           >C 150 Here
           confirm
      `,
      { serverMode: "passive", after: "C> PORT 192,168,1,100,10,21\nS> 229 (|||51210|)\nopened\nreached server" },
    );
  });
});

test("a client that says PASV to a server that is to be active: both sides listen before either reads of it", () => {
  play(
    `
    C> PASV
         open both sides for 192.168.1.100 and 10.0.0.5
    opened 192.0.2.1:50010, server side 10.0.0.1:51000
         >S PORT 10,0,0,1,199,56
    S> 200-PORT
    S> 200 ok
         >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `,
    { serverMode: "active" },
  );
});

describe("a server that rejects EPSV", () => {
  test.each([500, 501, 502, 504, 522])("with %i is asked for PASV, and remembered", (code) => {
    const { facts } = play(
      `
      C> PASV
           >S EPSV
      S> ${code}-No
      S> ${code} such command
           learn that EPSV is rejected
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PASV
           release
           >S PASV
      `,
      { serverMode: "passive" },
    );
    expect(facts).toContainEqual({ kind: "server-rejects", mode: "EPSV", code });
  });

  test("for now is asked for PASV, and asked for EPSV again next time", () => {
    play(
      `
      C> PASV
           >S EPSV
      S> 503 Bad sequence
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PASV
           release
           >S EPSV
      `,
      { serverMode: "passive" },
    );
  });

  test("by an answer that can't be used is asked for PASV, and remembered", () => {
    play(
      `
      C> EPSV
           >S EPSV
      S> 229 Entering Extended Passive Mode
           learn that EPSV is rejected
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
      `,
      { serverMode: "passive" },
    );
  });

  test("was met before, and meets it again: nothing new is learned", () => {
    play(
      `
      C> EPSV
           >S PASV
      S> 502 Not here
           learn that PASV is rejected
           >S EPSV
      S> 500 Still not
           refuse server-rejects-mode
           >C 425 Can't open data connection: PASV answered 502 Not here; EPSV answered 500 Still not
      `,
      { serverMode: "passive", rejects: ["EPSV"] },
    );
  });

  test("was met before: PASV is tried first", () => {
    play(
      `
      C> EPSV
           >S PASV
      `,
      { serverMode: "passive", rejects: ["EPSV"] },
    );
  });
});

describe("a refusal that no other mode would change", () => {
  test.each(["530 Please log in", "532 Need account", "425 No ports left", "450 Busy"])(
    "is the client's: %s",
    (reply) => {
      play(
        `
      C> PASV
           >S EPSV
      S> ${reply}
           >C ${reply}
      C> NOOP
           >S NOOP
      `,
        { serverMode: "auto" },
      );
    },
  );

  test("of PORT releases what listens", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 530 Please log in
           >C 530 Please log in
           release
      `,
      { serverMode: "active" },
    );
  });
});

describe("when nothing is left", () => {
  test("the client is told what was tried and what was answered: passive", () => {
    play(
      `
      C> PASV
           >S EPSV
      S> 500 EPSV not understood
           learn that EPSV is rejected
           >S PASV
      S> 227 Entering Passive Mode
           refuse server-endpoint-malformed
           >C 425 Can't open data connection: EPSV answered 500 EPSV not understood; PASV answered 227 Entering Passive Mode
      C> NOOP
           >S NOOP
      `,
      { serverMode: "passive" },
    );
  });

  test("the client is told what was tried and what was answered: active", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 500 Illegal PORT command
           learn that PORT is rejected
           >S EPRT |1|10.0.0.1|51000|
      S> 522 Network protocol not supported
           learn that EPRT is rejected
           release
           refuse server-rejects-mode
           >C 425 Can't open data connection: PORT answered 500 Illegal PORT command; EPRT answered 522 Network protocol not supported
      closed released
      `,
      { serverMode: "active" },
    );
  });

  test("the client is told what was tried and what was answered: all four", () => {
    play(
      `
      C> EPSV
           >S EPSV
      S> 500 a
           learn that EPSV is rejected
           >S PASV
      S> 502 b
           learn that PASV is rejected
           open both sides for 192.168.1.100 and 10.0.0.5
      opened 192.0.2.1:50010, server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 501 c
           learn that PORT is rejected
           >S EPRT |1|10.0.0.1|51000|
      S> 550 d
           release
           refuse server-rejects-mode
           >C 425 Can't open data connection: EPSV answered 500 a; PASV answered 502 b; PORT answered 501 c; EPRT answered 550 d
      `,
      { serverMode: "auto" },
    );
  });

  test("an IPv6 server without EPSV can't be reached passively", () => {
    play(
      `
      C> PASV
           >S EPSV
      S> 500 What?
           learn that EPSV is rejected
           refuse server-rejects-mode
           >C 425 Can't open data connection: EPSV answered 500 What?
      `,
      { serverMode: "passive", server: 6 },
    );
  });
});

describe("a server known to reject passive modes, asked in any", () => {
  test("is asked for active ones first", () => {
    play(
      `
      C> PASV
           open both sides for 192.168.1.100 and 10.0.0.5
      opened 192.0.2.1:50010, server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 200 ok
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      `,
      { serverMode: "auto", rejects: ["EPSV", "PASV"] },
    );
  });

  test("is asked for passive ones after all, with another data connection, when it rejects the active ones", () => {
    const { session } = play(
      `
      C> PASV
           open both sides for 192.168.1.100 and 10.0.0.5
      opened 192.0.2.1:50010, server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 500 No
           learn that PORT is rejected
           >S EPRT |1|10.0.0.1|51000|
      S> 500 No
           learn that EPRT is rejected
           release
           >S EPSV
      closed released
      S> 229 Here (|||51210|)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      opened 192.0.2.1:50011 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,91)
      `,
      { serverMode: "auto", rejects: ["EPSV", "PASV"] },
    );
    expect(session.transfers.map(({ id }) => id)).toEqual([2]);
  });
});

test("a server that takes so long to accept a PORT that nothing listens any more is asked with a new data connection", () => {
  play(
    `
    C> PORT 192,168,1,100,10,21
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    opened server side 10.0.0.1:51000
         >S PORT 10,0,0,1,199,56
    closed expired
    S> 500 No
         learn that PORT is rejected
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 #2
    opened server side 10.0.0.1:51001 #2
         >S EPRT |1|10.0.0.1|51001|
    S> 200 ok
         >C 200 PORT command successful.
    `,
    { serverMode: "active" },
  );
});

test.each([
  ["same", "PASV", 6, [], ["EPSV"]],
  ["same", "PORT", 6, [], ["EPRT"]],
  ["same", "EPSV", 4, [], ["EPSV", "PASV"]],
  ["same", "EPRT", 4, [], ["PORT", "EPRT"]],
  ["passive", "PORT", 4, [], ["EPSV", "PASV"]],
  ["passive", "PORT", 4, ["EPSV"], ["PASV", "EPSV"]],
  ["active", "EPSV", 4, ["PORT"], ["EPRT", "PORT"]],
  ["auto", "PORT", 4, [], ["EPSV", "PASV", "PORT", "EPRT"]],
  ["auto", "PORT", 4, ["EPSV"], ["PASV", "PORT", "EPRT", "EPSV"]],
  ["auto", "PORT", 6, [], ["EPSV", "EPRT"]],
] as const)(
  "mode %s, a client's %s and a server on IPv%i that rejects %j: %j",
  (configured, mode, family, rejects, wanted) => {
    expect(serverModes(configured, mode, family, rejects)).toEqual(wanted);
  },
);
