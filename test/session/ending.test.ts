// How sessions end by what either peer does. The first reason wins, and the client is told.
import { describe, expect, test } from "vitest";
import { activeReady, downloading, passiveReady, play, uploading } from "./play.ts";

describe("QUIT", () => {
  test("ends the session with the server's goodbye, all of it", () => {
    const { facts } = play(`
      C> QUIT
           >S QUIT
      S> 221-Goodbye.
           >C 221-Goodbye.
      S> 221 You have transferred nothing.
           >C 221 You have transferred nothing.
           end quit
    `);
    expect(facts.at(-1)).toEqual({ kind: "ended", reason: "quit", detail: "" });
  });

  test("loses an argument that it must not have (D3.45)", () => {
    play(`
      C> quit now
           quirk argument-after-quit
           >S quit
    `);
  });

  test("that the server answers by closing ends the session well", () => {
    play(`
      C> QUIT
           >S QUIT
      S closes
           end quit
    `);
  });

  test("that the server answers with a reset ends the session well", () => {
    play(`
      C> QUIT
           >S QUIT
      S lost ECONNRESET
           end quit
    `);
  });

  test("releases what was negotiated", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S> 221 Bye
           >C 221 Bye
           release
           end quit
      closed released
      `,
      { after: passiveReady },
    );
  });

  test("and a client that closes leave no transfer whose data connection is not made (D4.83)", () => {
    play(
      `
      C> STOR a
           >S STOR a
      S> 150 Send it
           >C 150 Send it
           confirm
      C> QUIT
           >S QUIT
      S> 221 Bye
           >C 221 Bye
      C closes
      timer grace
           release
           end quit
      `,
      { after: passiveReady },
    );
  });

  test("and a client that closes have a transfer completed whose data flows (D4.83)", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S> 221 Bye
           >C 221 Bye
      C closes
      closed complete
      S> 226 Complete
           >C 226 Complete
           end quit
      `,
      { after: uploading },
    );
  });

  test("does not wait for the end of a data connection that no transfer has used", () => {
    play(
      `
      C> QUIT
           >S QUIT
      S> 221 Bye
           >C 221 Bye
           release
           end quit
      closed aborted
      `,
      { after: `${passiveReady}\nadmitted client 192.168.1.100:1236\njoined` },
    );
  });
});

describe("421", () => {
  test("at any time ends the session (D2.33)", () => {
    const { facts } = play(`
      C> CWD /
           >S CWD /
      S> 421 Timeout.
           >C 421 Timeout.
      S closes
           end server-closing
    `);
    expect(facts.at(-1)).toEqual({ kind: "ended", reason: "server-closing", detail: "421 Timeout." });
  });

  test("in the middle of a transfer closes the data connection too (D2.33)", () => {
    play(
      `
      S> 421-Shutting down
           >C 421-Shutting down
      S> 421 now
           >C 421 now
           release
      closed aborted
      S closes
           end server-closing
      `,
      { after: downloading },
    );
  });

  test("leaves the client the time to say QUIT", () => {
    play(`
      C> NOOP
           >S NOOP
      S> 421 Timeout
           >C 421 Timeout
      C> QUIT
           >S QUIT
      S> 221 Bye
           >C 221 Bye
           end server-closing
    `);
  });

  test("has what the client said during a negotiation go on to the server", () => {
    play(`
      C> PASV
           >S PASV
      C> QUIT
      S> 421 Timeout
           >C 421 Timeout
           >S QUIT
    `);
  });

  test.each([
    ["a server that doesn't close", "timer grace"],
    ["a client that closes", "C closes"],
    ["a client that breaks", "C lost ECONNRESET"],
    ["a gateway that is stopped", "stop stopped"],
  ])("ends the session with %s too, once", (_, event) => {
    const { facts } = play(`
      S> 421 Timeout
           >C 421 Timeout
      ${event}
           end server-closing
      C> NOOP
    `);
    expect(facts.at(-1)).toEqual({ kind: "ended", reason: "server-closing", detail: "421 Timeout" });
  });

  test("for a transfer that the client was answered for by us is told all the same (D2.33)", () => {
    play(
      `
      S> 421 Timeout
           >C 421 Timeout
      S closes
           end server-closing
      `,
      { after: `${downloading}\ndelivered\nclosed complete\ntimer linger` },
    );
  });

  test("inside a multi-line reply is a line of it", () => {
    play(`
      C> HELP
           >S HELP
      S> 214-Codes:
           >C 214-Codes:
      S> 421 Service not available
           quirk other-code-in-reply
           >C 421 Service not available
      S> 214 End
           >C 214 End
      C> NOOP
           >S NOOP
    `);
  });
});

describe("a server that closes the control connection", () => {
  test("ends the session, and the client is told", () => {
    play(`
      S closes
           >C 421 The server closed the connection.
           end server-gone
    `);
  });

  test("by a reset ends it with the reason", () => {
    const { facts } = play(`
      S lost ECONNRESET
           >C 421 The connection to the server broke.
           end server-gone
    `);
    expect(facts.at(-1)).toEqual({ kind: "ended", reason: "server-gone", detail: "ECONNRESET" });
  });

  test.each([
    ["S closes", "The server closed the connection."],
    ["S lost ECONNRESET", "The connection to the server broke."],
  ])("right after the data has it delivered first: %s (D4.70)", (event, farewell) => {
    play(
      `
      ${event}
           quirk closed-without-final-reply
           linger
      C> NOOP
      delivered
      closed complete
           >C 421 ${farewell}
           end server-gone
      `,
      { after: downloading },
    );
  });

  test("after its 226 has both the data and the 226 delivered first (D4.70)", () => {
    play(
      `
      S> 226 Complete
           linger
      S closes
      delivered
           >C 226 Complete
           linger
      closed complete
           >C 421 The server closed the connection.
           end server-gone
      `,
      { after: downloading },
    );
  });

  test("while the data connection that it announced is still being made has it made (D4.70)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      admitted client 192.168.1.100:1236
      S> 150 Here
           >C 150 Here
           confirm
      S closes
           quirk closed-without-final-reply
           linger
      joined
      closed complete
           >C 421 The server closed the connection.
           end server-gone
      `,
      { after: passiveReady },
    );
  });

  test("with a transfer that was never begun ends at once", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S closes
           quirk closed-without-final-reply
           >C 421 The server closed the connection.
           release
           end server-gone
      `,
      { after: passiveReady },
    );
  });

  test("in place of a transfer's first reply ends when the client has the end of the data, read or not (D4.70)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      admitted client 192.168.1.100:1236
      joined
      S closes
           quirk closed-without-final-reply
           confirm
           linger
      delivered
           >C 421 The server closed the connection.
           release
           end server-gone
      `,
      { after: passiveReady },
    );
  });

  test.each([
    ["that no transfer was asked for", "", ["linger"]],
    ["for an upload that was never begun", "C> STOR a", ["quirk closed-without-final-reply", "confirm", "linger"]],
  ])("with a data connection made %s ends at once", (_, asked, first) => {
    play(
      `
      S closes
           ${first.join("\n           ")}
           >C 421 The server closed the connection.
           release
           end server-gone
      `,
      { after: `${passiveReady}\n${asked}\nadmitted client 192.168.1.100:1236\njoined` },
    );
  });

  test("in the middle of a reply ends without a line that would read as one of it", () => {
    play(`
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      S closes
           end server-gone
    `);
  });
});

describe("a client that closes its direction", () => {
  test("while it downloads gives the transfer up (D4.83)", () => {
    play(
      `
      C closes
           release
           end client-gone
      closed aborted
      `,
      { after: downloading },
    );
  });

  test("while the data connection of a transfer that has begun is awaited gives it up (D4.83)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 150 Here it comes
           >C 150 Here it comes
           confirm
      C closes
           release
           end client-gone
      `,
      { after: passiveReady },
    );
  });

  test("behind a transfer command hears whether it begins", () => {
    play(
      `
      C> RETR a
           >S RETR a
      C closes
      S> 550 No such file
           >C 550 No such file
           dismiss
           release
           end client-gone
      `,
      { after: passiveReady },
    );
  });

  test("with nothing under way ends the session", () => {
    play(`
      C closes
           end client-gone
    `);
  });

  test("with commands under way gets their replies, for the grace time", () => {
    play(`
      C> NOOP
           >S NOOP
      C> SITE SLOW
           >S SITE SLOW
      C closes
      S> 200 ok
           >C 200 ok
      timer grace
           end client-gone
    `);
  });

  test("attack: is not held by a server that talks on without a word for it, but by one that has some", () => {
    play(
      `
      C> PASV
           timer idle
           >S PASV
      C closes
           timer grace
      S> 227-Wait
           timer linger
      S> 227-more
      S> 227-more
      timer grace
           end client-gone
    `,
      { timers: true },
    );
    play(
      `
      C> STAT
           timer idle
           >S STAT
      C closes
           timer grace
           timer grace
      S> 211-Wait
           >C 211-Wait
           timer grace
    `,
      { timers: true },
    );
  });

  test("behind PASV closes when the negotiation is done", () => {
    play(`
      C> PASV
           >S PASV
      C closes
      S> 500 No
           >C 500 No
           end client-gone
    `);
  });

  test("by a reset ends the session at once, and the transfer (D4.83)", () => {
    const { facts } = play(
      `
      C lost ECONNRESET
           release
           end client-gone
      closed aborted
      `,
      { after: downloading },
    );
    expect(facts).toContainEqual({ kind: "ended", reason: "client-gone", detail: "ECONNRESET" });
  });
});

describe("a client that hangs up right after its upload", () => {
  const stored = `
      closed complete 300 up 0 down in 5 ms
      S> 226 Stored
           >C 226 Stored
           end client-gone`;

  test.each(["C closes", "C lost ECONNRESET"])("leaves the server all bytes, and then the end: %s (D4.83)", (event) => {
    const { facts } = play(
      `
      ${event}
      timer grace${stored}`,
      { after: uploading },
    );
    expect(facts).toContainEqual(
      expect.objectContaining({ kind: "transfer-ended", outcome: "complete", bytesUp: 300 }),
    );
  });

  test.each(["STOR a", "APPE a", "STOU", "XSTO a"])(
    "by %s, before it has heard of its beginning (D4.83)",
    (command) => {
      play(
        `
      C> ${command}
           >S ${command}
      C closes
      S> 150 Send it
           >C 150 Send it
           confirm
      timer grace${stored}
      `,
        {
          after: `${passiveReady}
admitted client 192.168.1.100:1236
joined`,
        },
      );
    },
  );

  test("while the server is being reached leaves it all bytes (D4.83)", () => {
    play(
      `
      C> STOR a
           >S STOR a
      admitted client 192.168.1.100:1236
      S> 150 Send it
           >C 150 Send it
           confirm
      C closes
      timer grace
      joined${stored}
      `,
      { after: passiveReady },
    );
  });

  test("in active mode leaves the server all bytes (D4.83)", () => {
    play(
      `
      C> STOR a
           >S STOR a
      S> 150 Send it
           >C 150 Send it
           confirm
      C closes
      admitted server 10.0.0.5:20
      timer grace
      joined${stored}
      `,
      { after: activeReady },
    );
  });

  test("ends with the server's word, whether or not it closes its data connection (D4.83)", () => {
    play(
      `
      C closes
      S> 226 Stored
           linger
           >C 226 Stored
           release
           end client-gone
      closed aborted
      `,
      { after: uploading },
    );
  });

  test("and then breaks its control connection does not change that (D4.83)", () => {
    play(
      `
      C closes
      C lost EPIPE${stored}`,
      { after: uploading },
    );
  });

  test("is told nothing that is not so: the session ends when the server says nothing for the grace time (D4.83)", () => {
    const { facts } = play(
      `
      C closes
      closed complete
      timer grace
           end client-gone
      `,
      { after: uploading },
    );
    expect(facts).toContainEqual(expect.objectContaining({ kind: "transfer-ended", outcome: "unconfirmed" }));
  });

  test("but has made no data connection is not waited for longer than the grace time (D4.83)", () => {
    play(
      `
      C> STOR a
           >S STOR a
      S> 150 Send it
           >C 150 Send it
           confirm
      C closes
      timer grace
           release
           end client-gone
      `,
      { after: passiveReady },
    );
  });
});

test("the first reason wins, and after the end nobody is told anything", () => {
  const { facts } = play(
    `
    timer idle
    S> 421 Bye
         >C 421 Bye
         release
    S closes
         release
         end server-closing
    C> NOOP
    S> 200 ok
    S closes
    C closes
    timer idle
    drain
    stop stopped
    joined
    closed aborted 1 up 2 down in 3 ms
    `,
    { after: downloading },
  );
  expect(facts.map(({ kind }) => kind)).toEqual(["reply", "failure", "ended", "transfer-ended"]);
});

test("a line of the server's that is too long ends the session (D2.31)", () => {
  play(`
    S refused line-too-long
         >C 421 The server sent a line that is too long.
         end server-line-too-long
  `);
});
