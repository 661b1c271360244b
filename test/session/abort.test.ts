// ABOR is answered in every shape that RFC 959 and its readers can be made to say (D3.50). The client sees each reply as
// it came; what follows must still be paired with its own.
import { describe, expect, test } from "vitest";
import { downloading, passiveReady, play, uploading } from "./play.ts";

describe("ABOR during a transfer", () => {
  test("answered with 426 and 226 (D3.50)", () => {
    const { session } = play(
      `
      C> ABOR
           >S ABOR
      S> 426 Failure writing network stream.
           >C 426 Failure writing network stream.
           release
      closed aborted
      S> 226 ABOR successful.
           >C 226 ABOR successful.
      C> PASV
           >S PASV
      `,
      { after: downloading },
    );
    expect(session.transfers).toEqual([]);
  });

  test.each([
    ["426", [">C 426 Aborted", "release"]],
    ["226", ["linger", ">C 226 Aborted"]],
    ["225", ["linger", ">C 225 Aborted"]],
  ])("answered with %s alone, and the next reply is the next command's (D3.50)", (code, effects) => {
    const { session } = play(
      `
      C> ABOR
           >S ABOR
      S> ${code} Aborted
           ${effects.join("\n           ")}
      closed aborted
      C> CWD /
           >S CWD /
      S> 250 Changed
           quirk abort-answered-once
           >C 250 Changed
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test.each([
    ["226 and 225", "226 Complete", "225 No transfer"],
    ["225 and 226", "225 Aborted", "226 Closing"],
    ["226 twice", "226 Aborted", "226 Closing"],
  ])("answered with %s (D3.50)", (_, first, second) => {
    const { session } = play(
      `
      C> ABOR
           >S ABOR
      S> ${first}
           linger
           >C ${first}
      S> ${second}
           >C ${second}
      closed complete
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("answered three times opens nothing by the third (D3.50)", () => {
    play(
      `
      C> ABOR
           >S ABOR
      C> PASV
           >S PASV
      S> 426 Broken
           >C 426 Broken
           release
      S> 226 Closing
           >C 226 Closing
      S> 226 Aborted
           quirk unasked-reply
           >C 226 Aborted
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      `,
      { after: downloading },
    );
  });

  test("answered late, after what was sent since, is still its own (D3.50)", () => {
    play(
      `
      C> ABOR
           >S ABOR
      C> NOOP
           >S NOOP
      S> 200 Nothing done
           quirk reply-out-of-order
           >C 200 Nothing done
      S> 426 Broken
           >C 426 Broken
           release
      S> 226 Aborted
           >C 226 Aborted
      `,
      { after: downloading },
    );
  });

  test("crossing the 226 of a transfer that is complete is answered for itself (D3.50)", () => {
    play(
      `
      delivered
      S> 226 Complete
           >C 226 Complete
      C> ABOR
           >S ABOR
      closed complete
      S> 225 No transfer to abort
           >C 225 No transfer to abort
      `,
      { after: downloading },
    );
  });

  test.each(["500 ABOR not understood", "502 Not implemented", "503 Not now"])(
    "not understood leaves the transfer running: %s",
    (reply) => {
      play(
        `
        C> ABOR
             >S ABOR
        S> ${reply}
             >C ${reply}
        delivered
        S> 226 Complete
             >C 226 Complete
        `,
        { after: downloading },
      );
    },
  );

  test("not understood, but only after the transfer, is answered for itself", () => {
    const { session } = play(
      `
      delivered
      C> ABOR
           >S ABOR
      S> 226 Complete
           >C 226 Complete
      S> 500 ABOR not understood
           >C 500 ABOR not understood
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test("answered only when the data connection is gone gets it broken after a moment (D3.50)", () => {
    const { session } = play(
      `
      C> ABOR
           >S ABOR
      timer abort
           release
      closed aborted
      S> 426 Failure writing network stream.
           >C 426 Failure writing network stream.
      S> 225 No transfer to ABOR.
           >C 225 No transfer to ABOR.
      `,
      { after: downloading },
    );
    expect(session.outstanding).toEqual([]);
  });

  test.each([
    ["502 Not implemented", ""],
    ["226 Aborted", "linger"],
  ])("answered in time with %s breaks nothing", (reply, effect) => {
    play(
      `
      C> ABOR
           >S ABOR
      S> ${reply}
           ${effect}
           >C ${reply}
      timer abort
      delivered
      `,
      { after: downloading },
    );
  });

  test("of an upload is answered with 426 and 226 too (D3.50)", () => {
    play(
      `
      C> ABOR
           >S ABOR
      S> 426 Upload aborted
           >C 426 Upload aborted
           release
      S> 226 Done
           >C 226 Done
      closed aborted
      `,
      { after: uploading },
    );
  });

  test("before the data connection was made releases its pinhole at once (D4.71)", () => {
    play(
      `
      C> RETR a
           >S RETR a
      S> 150 Here
           >C 150 Here
           confirm
      C> ABOR
           >S ABOR
      S> 226 Aborted
           release
           >C 226 Aborted
      closed released
      `,
      { after: passiveReady },
    );
  });
});

describe("ABOR of a transfer that we have answered for the server", () => {
  const answeredByUs = `${downloading}\n  delivered\n  closed complete\n  timer linger`;

  test.each([["426 Broken"], ["226 Aborted"], ["225 Nothing"]])(
    "has the first reply that comes: %s (D3.50)",
    (reply) => {
      play(
        `
      C> ABOR
           >S ABOR
      S> ${reply}
           >C ${reply}
      S> 226 And the transfer
           quirk late-final-reply
      C> NOOP
           >S NOOP
      `,
        { after: answeredByUs },
      );
    },
  );
});

test("ABOR while the 226 waits for its data ends the wait: the client wants no more of it (D3.50, D4.68)", () => {
  play(
    `
    S> 226 Complete
         linger
    C> ABOR
         refuse broken-transfer
         >C 426 Transfer incomplete: the data connection was aborted.
         release
         >S ABOR
    closed aborted
    S> 225 No transfer
         >C 225 No transfer
    `,
    { after: downloading },
  );
});

test("ABOR while a multi-line 226 waits takes the rest of it along (D3.50, D4.68)", () => {
  play(
    `
    S> 226-Complete
         linger
    S>  in 5 seconds
    C> ABOR
         refuse broken-transfer
         >C 426 Transfer incomplete: the data connection was aborted.
         release
         >S ABOR
    S> 226 Goodbye, file
    S> 226 Nothing to abort
         >C 226 Nothing to abort
    `,
    { after: downloading },
  );
});

test.each(["225 No transfer to abort", "226 Abort successful", "500 What?"])(
  "ABOR without a transfer has one answer: %s (D3.50)",
  (reply) => {
    const { session } = play(`
      C> abor
           >S abor
      S> ${reply}
           >C ${reply}
    `);
    expect(session.outstanding).toEqual([]);
  },
);

describe("an answer of our own behind an ABOR that may be answered twice", () => {
  const single = `${downloading}
    C> ABOR
    S> 226 Aborted
    closed aborted`;

  test("follows the second answer", () => {
    play(
      `
      C> PORT nonsense
           refuse malformed-endpoint
      S> 226 Closed
           >C 226 Closed
           >C 501 PORT refused: malformed argument.
      `,
      { after: single },
    );
  });

  test("is given without it after the linger time", () => {
    play(
      `
      C> PORT nonsense
           timer idle
           refuse malformed-endpoint
           timer linger
      timer linger
           >C 501 PORT refused: malformed argument.
      `,
      { after: single, timers: true },
    );
  });
});
