// Commands while a transfer runs: legal, answered before its end, after it or never (D3.51, D5.86).
import { describe, expect, test } from "vitest";
import { downloading, passiveReady, play } from "./play.ts";

const transferEnds = `
      delivered
      S> 226 Complete
           >C 226 Complete
      closed complete`;

describe("during a transfer", () => {
  test("STAT is answered at once, over several lines, by a server that listens (D3.51)", () => {
    play(
      `
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      S> 226 bytes so far
           quirk other-code-in-reply
           >C 226 bytes so far
      S> 211 End
           >C 211 End${transferEnds}
      `,
      { after: downloading },
    );
  });

  test("STAT of a file that isn't there does not end the transfer (D3.51)", () => {
    play(
      `
      C> STAT b
           >S STAT b
      S> 550 No such file
           >C 550 No such file${transferEnds}
      `,
      { after: downloading },
    );
  });

  test("CWD is answered with 250, which does not end the transfer (D3.51)", () => {
    play(
      `
      C> CWD /
           >S CWD /
      S> 250 Changed
           >C 250 Changed${transferEnds}
      `,
      { after: downloading },
    );
  });

  test("250 ends the transfer where nothing else can be meant", () => {
    play(
      `
      C> SYST
           >S SYST
      S> 215 UNIX
           >C 215 UNIX
      delivered
      S> 250 Complete
           >C 250 Complete
      closed complete
      `,
      { after: downloading },
    );
  });

  test.each(["NOOP", "STAT", "TYPE A", "PWD"])("250 ends the transfer, and %s is never answered (D5.86)", (line) => {
    const { session } = play(
      `
      C> ${line}
           >S ${line}
      delivered
      closed complete
      S> 250 done
           >C 250 done
      timer linger
      C> CWD /
           >S CWD /
      S> 250 Changed
           >C 250 Changed
      C> CWD b
           >S CWD b
      S> 250 Changed
           >C 250 Changed
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           quirk reply-missing
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("NOOP is answered before the transfer ends, or after it (D3.51, D5.86)", () => {
    const { session } = play(
      `
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 200 ok
      C> NOOP
           >S NOOP${transferEnds}
      S> 200 ok
           >C 200 ok
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("NOOP answered with an error is answered so (D5.86)", () => {
    play(
      `
      C> NOOP
           >S NOOP
      S> 503 Not now
           >C 503 Not now${transferEnds}
      `,
      { after: downloading },
    );
  });

  test("NOOP that is never answered does not shift what follows for good (D5.86)", () => {
    const { session } = play(
      `
      C> NOOP
           >S NOOP${transferEnds}
      C> CWD /
           >S CWD /
      S> 250 Changed
           >C 250 Changed
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           quirk reply-missing
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("NOOP that is never answered holds up our own answers no longer than the linger time (D5.86)", () => {
    play(
      `
      C> NOOP
           >S NOOP${transferEnds}
      C> AUTH TLS
           refuse tls
      timer linger
           >C 502 AUTH refused: this gateway has no TLS.
      `,
      { after: downloading },
    );
  });

  describe("NOOP that is never answered, whose place a reply to PORT takes (D5.86)", () => {
    const silent = `${downloading}\nC> NOOP\ndelivered\nS> 226 Complete\nclosed complete
      C> PORT 192,168,1,100,10,21
      opened server side 10.0.0.1:51000 #2`;

    test("is found out after the linger time: the PORT was accepted", () => {
      play(
        `
        S> 200 PORT command successful
             >C 200 PORT command successful
        C> RETR b
        timer linger
             quirk reply-missing
             >S RETR b
        S> 150 Here
             >C 150 Here
             confirm #2
        `,
        { after: silent },
      );
    });

    test("is found out after the linger time: the PORT was rejected", () => {
      play(
        `
        S> 500 Illegal PORT command
             >C 500 Illegal PORT command
        timer linger
             quirk reply-missing
             release #2
        C> NOOP
             >S NOOP
        `,
        { after: silent },
      );
    });

    test("is no matter for PASV, whose answer can't be mistaken", () => {
      play(
        `
        S> 200 ok
             >C 200 ok
        S> 227 Entering Passive Mode (10,0,0,5,200,10)
             open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
        `,
        { timers: true, after: silent.replace(/C> PORT[^]*/, "C> PASV") },
      );
    });

    test("was only late: the reply that follows is the PORT's", () => {
      play(
        `
        S> 200 ok
             >C 200 ok
        S> 500 Illegal PORT command
             >C 500 Illegal PORT command
             release #2
        timer linger
        C> NOOP
             >S NOOP
        `,
        { after: silent },
      );
    });
  });

  test("any number of NOOPs that are never answered leaves the client room to speak (D5.86, D3.64)", () => {
    const noops = "\nC> NOOP".repeat(4);
    play(
      `
      C> CWD /
           >S CWD /
      S> 250 Changed
           >C 250 Changed
      `,
      { heldCommands: 4, after: `${downloading}${noops}\ndelivered\nS> 226 Complete\nclosed complete` },
    );
  });

  test("our own answers wait for the end of the transfer, as a server that doesn't listen has them wait", () => {
    play(
      `
      C> PORT nonsense
           refuse malformed-endpoint
      delivered
      S> 226 Complete
           >C 226 Complete
           >C 501 PORT refused: malformed argument.
      `,
      { after: downloading },
    );
  });

  test("our own answers stay in their place where the server answers what follows at once", () => {
    play(
      `
      C> PORT nonsense
           refuse malformed-endpoint
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 501 PORT refused: malformed argument.
           >C 200 ok${transferEnds}
      `,
      { after: downloading },
    );
  });

  test("a PASV is negotiated, and the transfer that runs keeps its own data connection", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
      opened 192.0.2.1:50011 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,91)${transferEnds}
      C> RETR b
           >S RETR b
      joined #2
      S> 150 Here
           >C 150 Here
           confirm #2
      `,
      { after: downloading },
    );
  });
});

describe("QUIT during a transfer", () => {
  test("is answered after it by a server that finishes first (D3.51, D4.83)", () => {
    play(
      `
      C> QUIT
           >S QUIT${transferEnds}
      S> 221 Goodbye
           >C 221 Goodbye
           end quit
      `,
      { after: downloading },
    );
  });

  test("answered at once does not end the session before the transfer (D3.51, D4.83)", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S> 221 Goodbye
           >C 221 Goodbye${transferEnds}
           end quit
      `,
      { after: downloading },
    );
  });

  test("answered at once does not end the session before the transfer has its reply (D3.51)", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S> 221 Goodbye
           >C 221 Goodbye
      delivered
      closed complete
      S> 226 Complete
           >C 226 Complete
           end quit
      `,
      { after: downloading },
    );
  });

  test("and a client that closes its direction: the transfer is completed all the same (D4.83)", () => {
    play(
      `
      C> QUIT
           >S QUIT
      C closes
      timer grace${transferEnds}
      S> 221 Goodbye
           >C 221 Goodbye
           end quit
      `,
      { after: downloading },
    );
  });

  test("that the server answers by closing: the data comes first (D4.70)", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S closes
           quirk closed-without-final-reply
           linger
      delivered
      closed complete
           end quit
      `,
      { after: downloading },
    );
  });
});

test("a session does not idle while data moves, and does again when it is done (D5.87)", () => {
  play(
    `
    joined
         cancel idle
    timer idle
    C> NOOP
         >S NOOP
    S> 200 ok
         >C 200 ok
    timer idle
    delivered
    S> 226 Complete
         >C 226 Complete
         cancel linger
    closed complete
         timer idle
    timer idle
         >C 421 Idle for too long.
         end idle
    `,
    { timers: true, after: downloading.replace("joined", "") },
  );
});

test("a session idles with a data connection that no transfer has used yet (D5.87)", () => {
  play(
    `
    joined
    C> RETR a
         timer idle
         cancel idle
         >S RETR a
    timer idle
    `,
    { timers: true, after: `${passiveReady}\nadmitted client 192.168.1.100:1236` },
  );
});
