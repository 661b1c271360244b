// One PORT for several transfer commands: what was announced is opened again for the next one (D4.99).
import { describe, expect, test } from "vitest";
import { activeReady, play } from "./play.ts";

/** One listing over the PORT, and the client has its 226. */
const listed = `${activeReady}
  C> NLST
  admitted server 10.0.0.5:20
  joined
  S> 150 Here it comes
  delivered
  closed complete 0 up 5 down in 3 ms
  S> 226 Done`;

const reopening = "open server side for 10.0.0.5 again at 51000, dial 192.168.1.100:2581 from 20";

describe("a transfer command behind one that has used the PORT", () => {
  test("has the announced port opened again before it is sent on, for servers that let a PORT stand (D4.99)", () => {
    play(
      `
      C> NLST
           ${reopening} #2
      opened server side 10.0.0.1:51000 #2
           >S NLST
      admitted server 10.0.0.5:20 #2
      joined #2
      S> 150 Here it comes
           >C 150 Here it comes
           confirm #2
      delivered #2
      closed complete 0 up 5 down in 3 ms #2
      S> 226 Done
           >C 226 Done
      C> RETR a
           ${reopening} #3
      opened server side 10.0.0.1:51000 #3
           >S RETR a
      `,
      { after: listed },
    );
  });

  test("works so where an EPRT of the client's is a PORT for the server, or the other way round (D4.99)", () => {
    play(
      `
      C> NLST
           ${reopening} #2
      opened server side 10.0.0.1:51000 #2
           >S NLST
      `,
      { serverMode: "active", after: listed.replace("PORT 192,168,1,100,10,21", "EPRT |1|192.168.1.100|2581|") },
    );
  });

  test("has the server's own 425 where the server does not let a PORT stand, and the port is given back (D4.99)", () => {
    play(
      `
      C> NLST
           ${reopening} #2
      opened server side 10.0.0.1:51000 #2
           >S NLST
      S> 425 Use PORT or PASV first.
           >C 425 Use PORT or PASV first.
           dismiss #2
      closed released 0 up 0 down in 0 ms #2
      C> NOOP
           >S NOOP
      `,
      { after: listed },
    );
  });

  test("goes on as it is where the port can't be had again (D4.99)", () => {
    const { session } = play(
      `
      C> NLST
           ${reopening} #2
      not opened ports-exhausted #2
           >S NLST
      S> 425 Can't open data connection.
           >C 425 Can't open data connection.
      `,
      { after: listed },
    );
    expect(session.transfers).toEqual([]);
  });

  test("waits for the end of the data connection that holds the port, which has the linger time to end (D4.99)", () => {
    play(
      `
      C> NLST
           linger
      C> NOOP
      closed complete 0 up 5 down in 3 ms
           ${reopening} #2
      opened server side 10.0.0.1:51000 #2
           >S NLST
           >S NOOP
      `,
      { after: listed.replace("  closed complete 0 up 5 down in 3 ms\n", "") },
    );
  });

  test("is sent on at once where the transfer before has no answer yet, as it would be without us (D4.99)", () => {
    play(
      `
      C> NLST
           >S NLST
      `,
      { after: listed.replace(/\n {2}delivered[^]*/, "") },
    );
  });

  test("may follow one that the server has refused: its PORT stands too (D4.99)", () => {
    play(
      `
      C> NLST
           ${reopening} #2
      opened server side 10.0.0.1:51000 #2
           >S NLST
      `,
      {
        after: `${activeReady}
          C> RETR missing
          S> 550 No such file
          closed released 0 up 0 down in 0 ms`,
      },
    );
  });

  test.each([
    ["a PASV that the server refuses", "C> PASV\nS> 502 No", { serverMode: "same" }],
    ["a REIN", "C> REIN\nS> 220 ready\nC> USER u\nS> 331 password\nC> PASS p\nS> 230 in", {}],
    ["another login", "C> USER v\nS> 331 password\nC> PASS p\nS> 230 in", {}],
  ] as const)("has nothing opened behind %s (D4.99)", (_, between, options) => {
    play(
      `
      C> NLST
           >S NLST
      `,
      { ...options, after: `${listed}\n${between}` },
    );
  });

  test("has nothing opened where the client's endpoint has become a listener of ours (D4.99)", () => {
    play(
      `
      C> NLST
           >S NLST
      `,
      { own: { listensAt: becomesOurs() }, after: listed },
    );
  });

  test("has nothing opened where the data connection before was a passive one on either side (D4.99)", () => {
    play(
      `
      C> NLST
           >S NLST
      `,
      {
        serverMode: "passive",
        after: `
          C> PORT 192,168,1,100,10,21
          S> 229 Extended (|||51210|)
          opened
          C> NLST
          reached server
          S> 150 Here it comes
          joined
          delivered
          closed complete 0 up 5 down in 3 ms
          S> 226 Done`,
      },
    );
  });

  test("gives the port back with the session, though the data plane has not answered yet (D4.99)", () => {
    play(
      `
      C> NLST
           ${reopening} #2
      C lost
           release #2
           end client-gone
      `,
      { after: listed },
    );
  });
});

/** No at the PORT, yes from then on. */
function becomesOurs(): () => boolean {
  let asked = 0;
  return () => (asked += 1) > 1;
}
