// Transfers that go wrong: what the client is told when the server says nothing, says it late, or says what isn't true.
import { describe, expect, test } from "vitest";
import { activeReady, downloading, passiveReady, play, uploading } from "./play.ts";

const retrieving = `${passiveReady}
  C> RETR a
  S> 150 Here`;

describe("a transfer that the server refuses", () => {
  test.each([
    "425 Can't open data connection",
    "450 File busy",
    "451 Local error",
    "500 RETR not understood",
    "530 Not logged in",
    "550 No such file",
    "553 Name not allowed",
  ])("before data flows releases its pinhole at once, behind the reply: %s (D4.71)", (reply) => {
    const { facts, session } = play(
      `
      C> RETR a
           >S RETR a
      S> ${reply}
           >C ${reply}
           dismiss
      closed released
      `,
      { after: passiveReady },
    );
    expect(facts.at(-1)).toMatchObject({ kind: "transfer-ended", verb: "RETR", outcome: "rejected" });
    expect(session.transfers).toEqual([]);
  });

  test.each(["426 Broken", "451 Disk error", "452 No space", "551 Page type unknown", "552 Quota exceeded"])(
    "in the middle breaks the data connection: %s (D4.71)",
    (reply) => {
      const { facts } = play(
        `
        S> ${reply}
             >C ${reply}
             release
        closed aborted 100 up 0 down in 5 ms
        `,
        { after: uploading },
      );
      expect(facts.at(-1)).toMatchObject({ outcome: "aborted", bytesUp: 100 });
    },
  );

  test.each(["550 No such file", "553 Not this name"])(
    "behind a 125 ends as the server ends it: %s (D4.71)",
    (reply) => {
      play(
        `
      S> ${reply}
           >C ${reply}
           dismiss
      `,
        { after: downloading.replace("150 Here it comes", "125 Transfer starting") },
      );
    },
  );

  test("over several lines is refused in all of them", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 550-No such file
           >C 550-No such file
      S> 550 Really
           >C 550 Really
           dismiss
      closed released
      `,
      { after: passiveReady },
    );
  });
});

test("the end of a data connection is told once, however often it is reported", () => {
  const { facts } = play("closed server-reset\nclosed complete\njoined", { after: downloading });
  expect(facts.map(({ kind }) => kind)).toEqual(["failure", "transfer-ended"]);
});

describe("a data connection that ends in order makes a transfer complete only if", () => {
  const outcomes = (transcript: string) =>
    play(transcript, { after: downloading }).facts.flatMap((fact) =>
      fact.kind === "transfer-ended" ? [[fact.outcome, fact.bytesDown]] : [],
    );
  const ended = "delivered\nclosed complete 0 up 10 down in 5 ms";

  test("the server says so, and is told of then", () => {
    expect(outcomes(ended)).toEqual([]);
    expect(outcomes(`${ended}\nS> 226 Done\n     >C 226 Done`)).toEqual([["complete", 10]]);
  });

  test("the server does not refuse it, in one line or more", () => {
    expect(outcomes(`${ended}\nS> 451 Disk error\n     >C 451 Disk error`)).toEqual([["unconfirmed", 10]]);
    const inTwo = "S> 451-Disk\n     >C 451-Disk\nS> 451 error\n     >C 451 error";
    expect(outcomes(`${ended}\n${inTwo}`)).toEqual([["unconfirmed", 10]]);
  });

  test("the client has not aborted it", () => {
    const aborted = `C> ABOR\n     >S ABOR\n${ended}\nS> 426 Aborted\n     >C 426 Aborted`;
    expect(outcomes(aborted)).toEqual([["aborted", 10]]);
  });

  test("the server says something before the linger time is over, and before the session is", () => {
    const silence =
      "timer linger\n     refuse unconfirmed-transfer\n     >C 451 The server did not confirm the transfer.";
    expect(outcomes(`${ended}\n${silence}`)).toEqual([["unconfirmed", 10]]);
    expect(outcomes(`${ended}\nstop stopped\n     >C 421 The gateway is shutting down.\n     end stopped`)).toEqual([
      ["unconfirmed", 10],
    ]);
  });
});

describe("a 226 that never comes (D4.69)", () => {
  test("is replaced after the linger time, by what is known", () => {
    play(
      `
      delivered
      closed complete
           timer idle
           timer linger
      timer linger
           refuse unconfirmed-transfer
           >C 451 The server did not confirm the transfer.
      `,
      { after: downloading, timers: true },
    );
  });

  test.each(["STOR a", "APPE a", "STOU", "XSTO a"])(
    "but late is waited for after an upload, for the idle time: %s",
    (line) => {
      play(
        `
      closed complete 1000 up 0 down in 5 ms
           timer idle
           timer result
      timer linger
      C> NOOP
           timer idle
           >S NOOP
      S> 200 Still at it
           >C 200 Still at it
      S> 226 Stored
           >C 226 Stored
           cancel linger
           cancel result
      `,
        {
          after: `${passiveReady}\nadmitted client 192.168.1.100:1236\njoined\nC> ${line}\nS> 150 Go on`,
          timers: true,
        },
      );
    },
  );

  test.each(["timer result", "timer idle"])(
    "after an upload is replaced at last, and the session lives: %s",
    (event) => {
      play(
        `
      closed complete 1000 up 0 down in 5 ms
      ${event}
           refuse unconfirmed-transfer
           >C 451 The server did not confirm the transfer.
      timer result
      C> NOOP
           >S NOOP
      S> 226 Stored
           quirk late-final-reply
      S> 200 ok
           >C 200 ok
      timer idle
           >C 421 Idle for too long.
           end idle
      `,
        { after: uploading },
      );
    },
  );

  test.each([
    ["server-reset", "the server broke the data connection"],
    ["client-reset", "the client broke the data connection"],
    ["stalled", "the data connection stalled"],
  ])("after an end by %s is a 426", (outcome, words) => {
    play(
      `
      closed ${outcome}
      timer linger
           refuse broken-transfer
           >C 426 Transfer incomplete: ${words}.
      `,
      { after: uploading },
    );
  });

  const answeredByUs = `${downloading}\ndelivered\nclosed complete\ntimer linger`;

  test("but late is swallowed, so that replies and commands stay in step", () => {
    const { session } = play(
      `
      S> 226-Sorry
           quirk late-final-reply
      S> 226 I was busy
      C> CWD /
           >S CWD /
      S> 250 Changed
           >C 250 Changed
      `,
      { after: answeredByUs },
    );
    expect(session.outstanding).toEqual([]);
  });

  test.each(["250 Changed", "550 No such folder"])("does not swallow the reply to the next command: %s", (reply) => {
    play(
      `
      C> CWD /
           >S CWD /
      S> ${reply}
           >C ${reply}
      `,
      { after: answeredByUs },
    );
  });

  test("leaves nothing of the data connection behind", () => {
    const { session } = play("C> NOOP\n     >S NOOP", { after: answeredByUs });
    expect(session.transfers).toEqual([]);
  });

  test("is forgotten when the next transfer begins", () => {
    const { session } = play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      opened 192.0.2.1:50010 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> LIST
           >S LIST
      S> 226 Empty
           quirk missing-preliminary
           confirm #2
      joined #2
           linger #2
      delivered #2
           >C 226 Empty
      `,
      { after: answeredByUs },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("but late leaves what was sent after our answer as it was: it will be answered", () => {
    const { session } = play(
      `
      C> CWD /
           >S CWD /
      S> 226 Sorry
           quirk late-final-reply
      `,
      { after: answeredByUs },
    );
    expect(session.outstanding).toMatchObject([{ verb: "CWD", optional: false }]);
  });

  test("holds nothing of ours up", () => {
    play(
      `
      C> AUTH TLS
           refuse tls
           >C 502 AUTH refused: this gateway has no TLS.
      `,
      { after: answeredByUs },
    );
  });

  test("is not asked for while a reply to something else is in the middle: ours comes after it", () => {
    play(
      `
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      timer linger
           refuse unconfirmed-transfer
      S>  All is well
           >C  All is well
      S> 211 End
           >C 211 End
           >C 451 The server did not confirm the transfer.
      `,
      { after: `${downloading}\ndelivered\nclosed complete` },
    );
  });

  test("is not replaced while its own lines arrive", () => {
    play(
      `
      S> 226-Complete
           >C 226-Complete
      timer linger
      S> 226 Really
           >C 226 Really
      `,
      { after: `${downloading}\ndelivered\nclosed complete` },
    );
  });
});

describe("data that never comes (D4.71)", () => {
  test("has the client told when the pinhole expires, and the server's own 425 swallowed", () => {
    const { session } = play(
      `
      closed expired
           refuse no-data-connection
           >C 425 Can't open data connection: nobody connected to 192.0.2.1:50010 from 192.168.1.100.
      C> NOOP
           >S NOOP
      S> 425 Failed to establish connection.
           quirk late-final-reply
      S> 200 ok
           >C 200 ok
      `,
      { after: retrieving },
    );
    expect(session.transfers).toEqual([]);
  });

  test("because the server's port is closed has the client told at once", () => {
    play(
      `
      admitted client 192.168.1.100:1236
      closed server-unreachable: ECONNREFUSED
           refuse no-data-connection
           >C 425 Can't open data connection: the server refused the data connection.
      S> 426 Nobody came
           quirk late-final-reply
      `,
      { after: retrieving },
    );
  });

  test("because the client can't be reached is the server's to report, whose connection was broken for it", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 150 Here
           >C 150 Here
           confirm
      admitted server 10.0.0.5:20
      closed client-unreachable: ECONNREFUSED
      S> 426 Broken pipe
           >C 426 Broken pipe
      `,
      { after: activeReady },
    );
  });

  test("before the transfer command has the command refused", () => {
    play(
      `
      closed expired
      C> RETR a
           refuse no-data-connection
           >C 425 Can't open data connection: nobody connected to 192.0.2.1:50010 from 192.168.1.100.
      `,
      { after: passiveReady },
    );
  });

  test("is reported in its turn: after the replies to earlier commands", () => {
    play(
      `
      C> SITE SLOW
           >S SITE SLOW
      C> RETR a
           >S RETR a
      closed expired
           refuse no-data-connection
      S> 200 Done
           >C 200 Done
           >C 425 Can't open data connection: nobody connected to 192.0.2.1:50010 from 192.168.1.100.
      `,
      { after: passiveReady },
    );
  });
});

describe("a 226 for data that did not arrive is no 226", () => {
  test.each([
    ["client-reset", "426 Transfer incomplete: the client broke the data connection."],
    ["stalled", "426 Transfer incomplete: the data connection stalled."],
    ["aborted", "426 Transfer incomplete: the data connection was aborted."],
  ])("when it comes before the end: %s", (outcome, reply) => {
    play(
      `
      S> 226-Complete
           linger
      closed ${outcome}
           refuse broken-transfer
           >C ${reply}
      S> 226 Bye
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 200 ok
      `,
      { after: downloading },
    );
  });

  test.each([
    ["client-reset", "426 Transfer incomplete: the client broke the data connection."],
    ["stalled", "426 Transfer incomplete: the data connection stalled."],
  ])("when it comes after the end: %s", (outcome, reply) => {
    play(
      `
      closed ${outcome}
      S> 226 Stored
           refuse broken-transfer
           >C ${reply}
      C> NOOP
           >S NOOP
      S> 200 ok
           >C 200 ok
      `,
      { after: uploading },
    );
  });

  test("when the client could not be reached", () => {
    play(
      `
      closed client-unreachable
      S> 226 Sent
           refuse no-data-connection
           >C 425 Can't open data connection: your endpoint 192.168.1.100:2581 can't be reached by the data connection.
      `,
      { after: `${activeReady}\nC> RETR a\nS> 150 Here\nadmitted server 10.0.0.5:20` },
    );
  });

  test("when the server itself has broken the download before it", () => {
    play(
      `
      closed server-reset
      S> 226 Sent
           refuse broken-transfer
           >C 426 Transfer incomplete: the server broke the data connection.
      `,
      { after: downloading },
    );
  });

  test.each([
    ["of an upload the server alone can know", uploading],
    ["of a download the client has had the end before the reset", `${downloading}\ndelivered`],
  ])("unless %s (D4.77)", (_, after) => {
    play("closed server-reset\nS> 226 Done\n     >C 226 Done", { after });
  });

  test("when the server itself breaks the download after it, and the client has had no end", () => {
    play(
      `
      S> 226 Complete
           linger
      closed server-reset
           refuse broken-transfer
           >C 426 Transfer incomplete: the server broke the data connection.
      `,
      { after: downloading },
    );
  });
});

describe("a transfer that the client was told is over, before the server has said anything of it", () => {
  const givenUp = `${passiveReady}\nC> RETR a\nclosed expired`;

  test("has its late preliminary reply swallowed too, and no announcement takes it for its own", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 150 Here it comes
      S> 426 Nobody came
           quirk late-final-reply
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
      `,
      { after: givenUp },
    );
  });

  test.each(["550 No such file", "450 Busy", "500 What"])(
    "has its late refusal swallowed, if it never began: %s",
    (refusal) => {
      play(
        `
      C> CWD /
           >S CWD /
      S> ${refusal}
           quirk late-final-reply
      S> 550 No such directory
           >C 550 No such directory
      `,
        { after: givenUp },
      );
    },
  );

  test("ends before the next one, which has not begun", () => {
    play(
      `
      C> RETR b
           >S RETR b
      S> 150 Here it comes
      S> 426 Nobody came
           quirk late-final-reply
      S> 425 Use PASV first
           >C 425 Use PASV first
      `,
      { after: givenUp },
    );
  });
});
