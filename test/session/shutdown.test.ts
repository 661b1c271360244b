// How sessions end by time and by the operator.
import { describe, expect, test } from "vitest";
import { downloading, play, playFromStart } from "./play.ts";

describe("time", () => {
  test("ends a session that idles (D5.87)", () => {
    play(`
      timer idle
           >C 421 Idle for too long.
           end idle
    `);
  });

  test("to log in ends a session that doesn't", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      timer login
           >C 421 Login timed out.
           end login-timeout
    `);
  });

  test("to log in does not end a session that has", () => {
    play(`
      timer login
      C> NOOP
           >S NOOP
    `);
  });

  test.each(["timer linger", "timer grace"])("that nobody waits for does nothing: %s", (event) => {
    play(`
      ${event}
      C> NOOP
           >S NOOP
    `);
  });
});

describe("draining", () => {
  test("ends an idle session at once", () => {
    play(`
      drain
           >C 421 The gateway is shutting down.
           end drained
    `);
  });

  test("ends a session that has no server yet at once (D5.88)", () => {
    playFromStart(`
           connect 10.0.0.5:21
      drain
           >C 421 The gateway is shutting down.
           end drained
    `);
  });

  test("lets a transfer come to its end, its reply included (D5.88)", () => {
    play(
      `
      drain
      S> 226 Complete
           linger
      delivered
           >C 226 Complete
      closed complete
           >C 421 The gateway is shutting down.
           end drained
      `,
      { after: downloading },
    );
  });

  test("lets a command have its reply", () => {
    play(`
      C> CWD /
           >S CWD /
      drain
      S> 250 Changed
           >C 250 Changed
           >C 421 The gateway is shutting down.
           end drained
    `);
  });

  test("lets a data connection have its announcement", () => {
    play(`
      C> PASV
           >S PASV
      drain
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      timer linger
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
           >C 421 The gateway is shutting down.
           release
           end drained
    `);
  });

  test("does not wait for what may never be answered (D5.86)", () => {
    play(
      `
      drain
           >C 421 The gateway is shutting down.
           end drained
      `,
      { after: `${downloading}\nC> NOOP\ndelivered\nS> 226 Complete\nclosed complete` },
    );
  });

  test("lets a command have its whole reply", () => {
    play(`
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      drain
      S> 211 End
           >C 211 End
           >C 421 The gateway is shutting down.
           end drained
    `);
  });
});

describe("a stop", () => {
  test("ends the session at once, with 421 (D5.88)", () => {
    const { facts } = play(
      `
      stop stopped: second signal
           >C 421 The gateway is shutting down.
           release
           end stopped
      closed aborted
      `,
      { after: downloading },
    );
    expect(facts).toContainEqual({ kind: "ended", reason: "stopped", detail: "second signal" });
  });

  test("tells a client whose 226 waits the 421 instead", () => {
    play(
      `
      S> 226-Complete
           linger
      stop stopped
           >C 421 The gateway is shutting down.
           release
           end stopped
      `,
      { after: downloading },
    );
  });

  test("in the middle of a reply says nothing that would read as a line of it", () => {
    play(`
      C> STAT
           >S STAT
      S> 211-Status
           >C 211-Status
      stop stopped
           end stopped
    `);
  });
});
