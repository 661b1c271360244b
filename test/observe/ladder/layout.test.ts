import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ofTransfer, textsOf } from "../../../src/observe/ladder/ladder-rows.ts";
import { layOut, type LadderSource } from "../../../src/observe/ladder/layout.ts";
import type { PlayOptions } from "../../session/play.ts";
import { anyLadder, anySource } from "./any-ladder.ts";
import { download, login, playSession, rowsOf, rowText, sourceOf } from "./played-session.ts";

/** The rows behind those of the login. */
function after(script: string, options?: PlayOptions): string {
  const count = rowsOf(login, options).length;
  return `\n${rowsOf(login + script, options)
    .slice(count)
    .join("\n")}\n`;
}

describe("a session becomes rows", () => {
  test("from the connection to the server on, each line that is passed on as one row, secrets masked", () => {
    expect(`\n${rowsOf(`${login}\nC> QUIT\nS> 221 bye`).join("\n")}\n`).toBe(`
G┄S connect to 10.0.0.5:21
S┄G connected from 10.0.0.1:40001
S→C 220 ready
C→S USER u
S→C 331 password
C→S PASS ****
S→C 230 in
C→S QUIT
S→C 221 bye
end session ends: quit
`);
  });

  test("a download has its pinhole, its two connections, what it was rewritten to, and its bytes, time, rate and plane", () => {
    expect(after(download)).toBe(`
C→S PASV
S→G 227 Entering Passive Mode (10,0,0,5,200,10)
pinhole open: pinhole 192.0.2.1:50010 for 192.168.1.100, to 10.0.0.5:51210
G→C 227 Entering Passive Mode (192,0,2,1,195,90) < 227 Entering Passive Mode (10,0,0,5,200,10)
C┄G data connection from 192.168.1.100:1236
C→G RETR a
G┄S data connection to 10.0.0.5:51210
G→S RETR a
S→C 150 Here it comes
data S⇒C RETR a · 1.0 kB in 14 ms · 71 kB/s · relay
S→C 226 done
`);
  });

  test("an active upload through another plane", () => {
    const script = `
      C> PORT 192,168,1,100,10,21
      opened server side 10.0.0.1:51000 by splice
      S> 200 PORT command successful
      C> STOR a
      S> 150 go
      admitted server 10.0.0.5:20
      joined
      S> 226 done
      closed complete 5000000 up 0 down in 1000 ms`;
    expect(after(script)).toBe(`
C→G PORT 192,168,1,100,10,21
pinhole open: pinhole 10.0.0.1:51000 for 10.0.0.5, to 192.168.1.100:2581
G→S PORT 10,0,0,1,199,56 < PORT 192,168,1,100,10,21
S→C 200 PORT command successful
C→S STOR a
S→C 150 go
S┄G data connection from 10.0.0.5:20
G┄C data connection to 192.168.1.100:2581
S→C 226 done
data C⇒S STOR a · 5.0 MB in 1.0 s · 5.0 MB/s · splice
`);
  });

  test("a mode that is translated is one row with both texts, and where both peers listen the gateway connects twice", () => {
    const script = `
      C> PORT 192,168,1,100,10,21
      S> 229 ok (|||51210|)
      opened
      C> RETR a
      reached server
      S> 150 Here it comes
      joined`;
    expect(after(script, { serverMode: "passive" })).toBe(`
C→G PORT 192,168,1,100,10,21 | G→S EPSV
S→G 229 ok (|||51210|)
pinhole open: will connect to 10.0.0.5:51210 and to 192.168.1.100:2581
G→C 200 PORT command successful. < 229 ok (|||51210|)
C→G RETR a
G┄S data connection to 10.0.0.5:51210
G→S RETR a
S→C 150 Here it comes
G┄C data connection to 192.168.1.100:2581
`);
  });

  test("a pinhole that nobody uses is closed, with who came instead, the hop, what the client is told, and the time it took", () => {
    const script = `
      C> PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
      opened 192.0.2.1:50010
      C> RETR a
      stranger client 203.0.113.9:4444
      +30000 closed expired`;
    expect(after(script).split("\n").slice(-8)).toEqual([
      "C→S RETR a",
      "C┄G ✕ a stranger, 203.0.113.9:4444, is turned away",
      "wait 30.0 s · no data connection",
      "pinhole unused: pinhole closed: nobody came",
      "failure client-data-in: stranger-came",
      "refusal refused: no-data-connection",
      expect.stringMatching(/^G→C 425 .*203\.0\.113\.9/),
      "",
    ]);
  });

  test("a pinhole that can't be opened says why", () => {
    const script = "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)\nnot opened ports-exhausted: 50000-50009";
    expect(after(`\n${script}`)).toContain("\npinhole not-opened: no pinhole: ports-exhausted: 50000-50009\n");
  });

  test("data that breaks off is not complete, and says who broke it", () => {
    const script = download.replace("closed complete", "closed server-reset").replace("S> 226 done", "");
    expect(after(script)).toMatch(/data S⇒C ✕ RETR a · 1\.0 kB in 14 ms · 71 kB\/s · relay · broken by the server/);
  });

  test("a server that is not reached ends the session with hop and cause", () => {
    expect(rowsOf("unreachable 10.0.0.5:21 ECONNREFUSED").slice(1)).toEqual([
      "S┄G ✕ not connected: 10.0.0.5:21 ECONNREFUSED",
      "failure server-control: refused",
      expect.stringMatching(/^refusal refused: server-unreachable/),
      expect.stringMatching(/^G→C 421 /),
      "end session ends: server-unreachable",
    ]);
  });

  test("a refusal by policy and a quirk are told where they happen", () => {
    expect(after("\nC> PORT 192,168,1,100,0,20")).toMatch(/\nC→G PORT .*\nrefusal refused: low-port.*\nG→C 504/);
    expect(after("\nC(bare-lf)> NOOP")).toBe("\nC→S NOOP\nquirk quirk bare-lf\n");
  });
});

describe("a wait", () => {
  test("of a quarter of a second and more has a row, which says who was silent", () => {
    expect(after("\n+249 C> NOOP\n+250 S> 200 ok\n+4200 C> NOOP")).toBe(`
C→S NOOP
wait 250 ms · nothing from the server
S→C 200 ok
wait 4.2 s · nothing from the client
C→S NOOP
`);
  });

  test("is the server's while it owes an answer, whoever ends it, and both peers' while a data connection is due", () => {
    expect(after("\n+1 C> NOOP\n+5000 C> STAT\n+3000 C lost ECONNRESET")).toContain(
      "\nwait 5.0 s · nothing from the server\nC→S STAT",
    );
    expect(rowsOf("+2000 C> USER u\n+3000 connected 10.0.0.5:21")).toContain("wait 2.0 s · nothing from the server");
    const script = download.slice(0, download.indexOf("admitted"));
    expect(after(`${script}\nC> RETR a\n+4000 C> NOOP`)).toContain("\nwait 4.0 s · no data connection\n");
  });

  test("while a data connection carries is the data's", () => {
    expect(after(download.replace("closed complete", "+2000 closed complete"))).toContain(
      "\nwait 2.0 s · data flows\ndata ",
    );
  });

  test("is counted from the last row: what has none does not divide it", () => {
    const script = download.replace("closed complete", "+2000 delivered\n+2000 closed complete");
    expect(after(script)).toContain("\nwait 4.0 s · data flows\ndata ");
  });
});

describe("the rows of one transfer", () => {
  test("are those from its negotiation to its final reply", () => {
    const second = download.replaceAll("RETR a", "RETR b").replace(/(opened.*|admitted.*|joined|closed.*)/g, "$1 #2");
    const ladder = layOut(playSession(`${login}${download}\nC> NOOP\nS> 200 ok${second}\nC> QUIT\nS> 221 bye`));
    const own = ofTransfer(ladder, 2)?.rows.map(rowText) ?? [];
    expect(own[0]).toBe("C→S PASV");
    expect(own).toContain("G→S RETR b");
    expect(own.at(-1)).toBe("S→C 226 done");
    expect(own.length).toBe(ofTransfer(ladder, 1)?.rows.length);
    expect(ofTransfer(ladder, 3)).toBeUndefined();
    const others = ladder.rows.filter(({ transfer }) => transfer === undefined).map(rowText);
    expect(others.slice(-5)).toEqual(["C→S NOOP", "S→C 200 ok", "C→S QUIT", "S→C 221 bye", "end session ends: quit"]);
  });
});

test("what is not kept any more, and what is too much, is said in the first row", () => {
  const { steps } = playSession(login);
  expect(layOut(sourceOf(steps, 3)).rows.map(rowText)[0]).toBe("note 3 earlier steps are not kept any more");
  const long = sourceOf(Array.from({ length: 500 }, () => steps).flat());
  const { rows } = layOut(long);
  expect(rows.length).toBe(2001);
  expect(rowText(rows[0] ?? expect.fail())).toBe("note 1500 earlier rows are left out");
});

test("hostile: whatever happens to a session, laying it out throws nothing, and every text is bounded and visible", () => {
  fc.assert(
    fc.property(anyLadder, ({ rows }) => {
      for (const text of rows.flatMap(textsOf)) {
        expect(text.length).toBeLessThan(1100);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029\ufffe\uffff]/u);
      }
    }),
  );
});

test("a session that goes on adds rows: those that were there stay as they were", () => {
  fc.assert(
    fc.property(anySource, fc.nat(60), (source, count) => {
      const rowsOfSource = (steps: LadderSource["steps"]) => layOut({ ...source, steps }).rows.map(rowText);
      const before = rowsOfSource(source.steps.slice(0, count));
      expect(rowsOfSource(source.steps).slice(0, before.length)).toEqual(before);
    }),
  );
});

test("hostile: a very long line is cut, and says by how much", () => {
  const [row] = rowsOf(`${login}\nC> RETR ${"x".repeat(4000)}`).slice(-1);
  expect(row).toMatch(/^C→S RETR x+… \(\d+ more\)$|^C→G RETR x+… \(\d+ more\)$/);
  expect(row?.length).toBeLessThan(330);
});
