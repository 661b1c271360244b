// The truth about a transfer: a completion reply comes after the last byte and never claims more than was delivered.
import { describe, expect, test } from "vitest";
import { activeReady, downloading, passiveReady, play, uploading } from "./play.ts";

describe("a completion reply", () => {
  test("of a download waits for the last byte (D4.68)", () => {
    play(
      `
      S> 226 Complete
           linger
      delivered
           >C 226 Complete
      closed complete
      `,
      { after: downloading },
    );
  });

  test("over several lines waits with all of them, and replies behind it (D4.68)", () => {
    play(
      `
      C> NOOP
           >S NOOP
      S> 226-File transferred
           linger
      S> 226 0.1 seconds
      S> 200 ok
      delivered
           >C 226-File transferred
           >C 226 0.1 seconds
           >C 200 ok
      `,
      { after: downloading },
    );
  });

  test("of which the later lines come after the last byte goes on line by line", () => {
    play(
      `
      S> 226-File transferred
           linger
      delivered
           >C 226-File transferred
      S>  0.1 seconds
           >C  0.1 seconds
      S> 226 Bye
           >C 226 Bye
      `,
      { after: downloading },
    );
  });

  test("of an upload is the server's to give, at once (D4.68)", () => {
    play(
      `
      S> 226 Stored
           linger
           >C 226 Stored
      closed complete
      `,
      { after: uploading },
    );
  });

  test("that comes before the data connection waits for it (D4.67, D4.68)", () => {
    play(
      `
      C> LIST
           timer idle
           >S LIST
      S> 226 Nothing here
           quirk missing-preliminary
           confirm
           timer linger
      joined
           cancel idle
           cancel linger
           linger
      delivered
           >C 226 Nothing here
           cancel linger
      closed complete
           timer idle
      `,
      { after: activeReady, timers: true },
    );
  });

  test("of a download for which the server never connects is given after the linger time: it sent nothing (D4.67)", () => {
    play(
      `
      C> LIST
           >S LIST
      S> 226 Nothing here
           quirk missing-preliminary
           confirm
      timer linger
           >C 226 Nothing here
           release
      closed released
      `,
      { after: activeReady },
    );
  });

  test("of an upload for which the server never connects is no completion", () => {
    play(
      `
      C> STOR a
           >S STOR a
      S> 226 Stored
           quirk missing-preliminary
           confirm
      timer linger
           refuse no-data-connection
           >C 425 Can't open data connection: the server did not connect to the gateway's data port.
           release
      closed released
      `,
      { after: activeReady },
    );
  });

  test("does not hurry a slow client: with data moving, only the data plane's stall ends the wait (D4.68)", () => {
    play(
      `
      S> 226 Complete
           linger
      timer linger
      delivered
           >C 226 Complete
      `,
      { after: downloading },
    );
  });

  test.each(["LIST", "NLST", "MLSD"])(
    "without a negotiated data connection is passed on for a listing: %s (D4.67)",
    (verb) => {
      play(`
      C> ${verb}
           >S ${verb}
      S> 226 Complete
           quirk missing-preliminary
           >C 226 Complete
    `);
    },
  );

  test.each(["RETR a", "STOR a", "APPE a"])(
    "without a negotiated data connection is no completion of a file: %s (D4.67)",
    (line) => {
      const { session } = play(`
      C> ${line}
           >S ${line}
      S> 226-Complete
           quirk missing-preliminary
           refuse no-data-connection
           >C 425 Can't open data connection: no data connection was made.
      S> 226 Really
    `);
      expect(session.outstanding).toEqual([]);
    },
  );

  test("of a file for which the server never connects is no completion (D4.67)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 226 Complete
           quirk missing-preliminary
           confirm
      timer linger
           refuse no-data-connection
           >C 425 Can't open data connection: the server did not connect to the gateway's data port.
           release
      closed released
      `,
      { after: activeReady },
    );
  });

  test.each(["RETR a", "LIST", "MLSD"])(
    "of a server that connected as a stranger is no completion: %s (D4.74)",
    (line) => {
      play(
        `
      C> ${line}
           >S ${line}
      S> 150 Here
           >C 150 Here
           confirm
      stranger server 10.0.0.6:20
      S> 226 Complete
      timer linger
           refuse no-data-connection
           >C 425 Can't open data connection: somebody else connected, and the server was expected.
           release
      closed released
      `,
        { after: activeReady },
      );
    },
  );

  test("waits until the client is reached or not, however short the linger time is (D4.67)", () => {
    play(
      `
      C> LIST
           timer idle
           >S LIST
      S> 226 Complete
           quirk missing-preliminary
           confirm
           timer linger
      admitted server 10.0.0.5:20
           cancel linger
      timer linger
      closed client-unreachable
           timer idle
           refuse no-data-connection
           >C 425 Can't open data connection: your endpoint 192.168.1.100:2581 can't be reached by the data connection.
           cancel linger
      `,
      { after: activeReady, timers: true },
    );
  });

  test("waits so where the gateway connects to both (D4.67)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 226 Complete
           quirk missing-preliminary
           confirm
      timer linger
      closed client-unreachable
           refuse no-data-connection
           >C 425 Can't open data connection: your endpoint 192.168.1.100:2581 can't be reached by the data connection.
      `,
      {
        serverMode: "passive",
        after: "C> PORT 192,168,1,100,10,21\nS> 229 Extended (|||51210|)\nopened\nreached server",
      },
    );
  });

  test("of a listing waits no longer than the linger time for a server that does not come to a client that has (D4.67)", () => {
    play(
      `
      C> LIST
           >S LIST
      admitted client 192.168.1.100:1236
      S> 226 Nothing here
           quirk missing-preliminary
           confirm
      timer linger
           >C 226 Nothing here
           release
      closed released
      `,
      {
        serverMode: "active",
        after: "C> PASV\nopened 192.0.2.1:50010, server side 10.0.0.1:51000\nS> 200 PORT command successful",
      },
    );
  });
});

describe("preliminary replies", () => {
  test.each(["125 Data connection already open", "150 Opening", "150-Opening"])(
    "go to the client before its data is asked for: %s (D4.66, D4.67)",
    (line) => {
      const end = line.includes("-") ? "\n      S> 150 now\n           >C 150 now" : "";
      play(
        `
      C> RETR a
           >S RETR a
      S> ${line}
           >C ${line}${end}
           confirm
      `,
        { after: passiveReady },
      );
    },
  );

  test("may be several (D4.67)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 150 Opening
           >C 150 Opening
           confirm
      S> 110 MARK yyyy = mmmm
           >C 110 MARK yyyy = mmmm
      S> 125 Now (10,0,0,5,1,1)
           >C 125 Now (10,0,0,5,1,1)
      joined
      delivered
      S> 250 Complete
           >C 250 Complete
      `,
      { after: passiveReady },
    );
  });

  test("may be missing (D4.67)", () => {
    play(
      `
      C> LIST
           >S LIST
      joined
      delivered
      S> 226 Complete
           quirk missing-preliminary
           confirm
           >C 226 Complete
      `,
      { after: passiveReady },
    );
  });

  test("to a command of the server's own make it a transfer", () => {
    const { facts } = play(
      `
      C> XLST
           >S XLST
      S> 150 Here
           >C 150 Here
           confirm
      joined
      S> 226 Complete
           linger
      delivered
           >C 226 Complete
      closed complete 0 up 10 down in 5 ms
      `,
      { after: passiveReady },
    );
    expect(facts.at(-1)).toMatchObject({ kind: "transfer-ended", direction: "unknown", bytesDown: 10 });
  });
});

describe("a transfer command behind a data connection that the client has made (D4.65)", () => {
  test.each(["RETR a", "LIST", "STOR a", "XLST"])("waits until the server's is made too: %s", (line) => {
    play(
      `
      admitted client 192.168.1.100:1236
      C> TYPE I
           >S TYPE I
      C> ${line}
      C> NOOP
      S> 200 Binary
           >C 200 Binary
      joined
           >S ${line}
           >S NOOP
      `,
      { after: passiveReady },
    );
  });

  test("is refused if the server can't be reached", () => {
    play(
      `
      admitted client 192.168.1.100:1236
      C> RETR a
      closed server-unreachable
           refuse no-data-connection
           >C 425 Can't open data connection: the server can't be reached by the data connection.
      `,
      { after: passiveReady },
    );
  });

  test.each(["C closes", "C lost ECONNRESET"])("waits for it though the client hangs up: %s (D4.83)", (event) => {
    play(
      `
      admitted client 192.168.1.100:1236
      C> STOR a
      ${event}
      timer grace
      joined
           >S STOR a
      S> 150 Go on
           >C 150 Go on
           confirm
      timer grace
      closed complete
      S> 226 Stored
           >C 226 Stored
           end client-gone
      `,
      { after: passiveReady },
    );
  });

  test("goes on at once if the client has not connected", () => {
    play("\nC> RETR a\n     >S RETR a\nadmitted client 192.168.1.100:1236\njoined", { after: passiveReady });
  });

  test("goes on at once if the server is to connect", () => {
    play("\nadmitted client 192.168.1.100:1236\nC> RETR a\n     >S RETR a", {
      serverMode: "active",
      after: "C> PASV\nopened 192.0.2.1:50010, server side 10.0.0.1:51000\nS> 200 PORT command successful",
    });
  });

  test("goes on at once through the kernel, where a client is connected only when the server is", () => {
    play("\nadmitted client 192.168.1.100:1236\nC> RETR a\n     >S RETR a", { after: `${passiveReady} by kernel` });
  });
});

describe("a data connection made early (D4.65)", () => {
  test("before the transfer command is the transfer's", () => {
    play(
      `
      admitted client 192.168.1.100:1236
      joined
      C> RETR a
           >S RETR a
      S> 150 Here
           >C 150 Here
           confirm
      `,
      { after: passiveReady },
    );
  });

  test("and gone before it has the command refused: the server need not wait for nobody", () => {
    play(
      `
      joined
      closed client-reset
      C> RETR a
           refuse no-data-connection
           >C 425 The data connection is gone (client-reset); announce another one.
      C> PASV
           >S PASV
      `,
      { after: passiveReady },
    );
  });

  test("and finished before it is the server's to explain", () => {
    play(
      `
      joined
      closed complete
      C> RETR a
           >S RETR a
      S> 426 Gone
           >C 426 Gone
      `,
      { after: passiveReady },
    );
  });
});
