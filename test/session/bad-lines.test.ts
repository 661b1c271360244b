// Lines that hold no command: refused one by one, but not for ever. What waits of either peer is bounded in bytes too.
import { describe, expect, test } from "vitest";
import { step } from "../../src/session/session.ts";
import { wantsClientInput, wantsServerInput } from "../../src/session/wanted-input.ts";
import { feed, play } from "./play.ts";

describe("limit: so many lines in a row that hold no command end the session (limits.badLines)", () => {
  test.each(["line-too-long", "nul-byte", "lone-cr"])("%s, ten times", (reason) => {
    const { session, facts } = afterLogin(`C refused ${reason}\n`.repeat(10));
    const detail = `10 in a row, the last: ${reason}`;
    expect(session.phase.name).toBe("ended");
    expect(facts).toContainEqual({ kind: "refusal", reason: "too-many-bad-lines", detail });
    expect(facts.at(-1)).toEqual({ kind: "ended", reason: "too-many-bad-lines", detail });
  });

  test("attack: blank lines without end, ten beyond the sixteen that have no reply (D3.96)", () => {
    expect(afterLogin("C> \n".repeat(25)).session.phase.name).toBe("relaying");
    const { session, facts } = afterLogin("C> \n".repeat(26));
    expect(session.phase.name).toBe("ended");
    expect(facts.at(-1)).toMatchObject({ kind: "ended", reason: "too-many-bad-lines" });
  });

  test("the client is told why", () => {
    play(
      `
      C refused nul-byte
           refuse nul-byte
           >C 500 A command must not hold NUL.
      C refused line-too-long
           refuse too-many-bad-lines
           >C 421 Too many lines that are no commands.
           end too-many-bad-lines
      C> NOOP
      `,
      { badLines: 2 },
    );
  });

  test("a command in between begins the count anew", () => {
    const { session } = afterLogin(`${"C refused lone-cr\n".repeat(9)}C> NOOP\n${"C refused lone-cr\n".repeat(9)}`);
    expect(session.phase.name).toBe("relaying");
    expect(session.badLines).toBe(9);
  });

  test("a blank line in between is not one", () => {
    const { session } = afterLogin("C refused lone-cr\nC> \n".repeat(10));
    expect(session.phase.name).toBe("ended");
  });
});

describe("limit: 64 KiB of what either peer has said may wait, whatever a line may hold, and one line beyond", () => {
  const long = "x".repeat(65_000);

  test("of the client, before the greeting", () => {
    let { session } = feed("connected 10.0.0.5:21", { heldCommands: 1000 });
    let taken = 0;
    while (wantsClientInput(session) && taken < 80) {
      [session] = step(session, { kind: "client-line", text: `STAT ${long}`, quirks: [] });
      taken += 1;
    }
    expect(taken).toBe(2);
  });

  test("of the server, while a pinhole is being opened", () => {
    let { session } = afterLogin("C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)");
    let taken = 0;
    while (wantsServerInput(session) && taken < 80) {
      [session] = step(session, { kind: "server-line", text: `211-${long}`, raw: `211-${long}\r\n` });
      taken += 1;
    }
    expect(taken).toBe(2);
  });
});

/** What comes of these events from a client that is logged in. */
function afterLogin(events: string) {
  const login = "connected 10.0.0.5:21\nS> 220 ready\nC> USER u\nS> 331 password\nC> PASS p\nS> 230 in\n";
  return feed(login + events);
}
