import { expect, test } from "vitest";
import { drawLadder } from "../../src/observe/ladder.ts";

/** The drawing without header and first row, 61 columns wide: lanes of 29. */
function draw(transcript: string): string[] {
  return drawLadder(transcript.split("\n"), { width: 61 }).split("\n").slice(2);
}

test("a passive transfer is drawn with what was said, what it became and what the gateway did", () => {
  const transcript = `
C> PASV
     >S EPSV
S> 229 Entering Extended Passive Mode (|||51210|)
     open client side for 192.168.1.100
opened 192.0.2.1:50010
     >C 227 Entering Passive Mode (192,0,2,1,195,90)
`;
  expect(`\n${drawLadder(transcript.split("\n"))}\n`).toBe(`
client                                             gateway                                              server
│                                                     │                                                      │
│── PASV ────────────────────────────────────────────▶│── EPSV ─────────────────────────────────────────────▶│
│                                                     │◀── 229 Entering Extended Passive Mode (|||51210|) ───│
│                                    open client side for 192.168.1.100                                      │
│                                          opened 192.0.2.1:50010                                            │
│◀── 227 Entering Passive Mode (192,0,2,1,195,90) ────│                                                      │
`);
});

test("a line forwarded unchanged is one arrow from end to end, in both directions", () => {
  expect(draw("S> 220 ready\n     >C 220 ready\nC> USER anna\n     >S USER anna")).toEqual([
    "│◀────────────────────────────┼─── 220 ready ───────────────│",
    "│── USER anna ────────────────┼────────────────────────────▶│",
  ]);
});

test("a rewritten line shows both texts, in both directions", () => {
  expect(draw("C> PORT 192,168,1,100,10,21\n     >S EPSV\nS> 229 ok (|||5|)\n     >C 200 ok")).toEqual([
    "│   PORT                      │                             │",
    "│── 192,168,1,100,10,21 ─────▶│── EPSV ────────────────────▶│",
    "│◀── 200 ok ──────────────────│◀── 229 ok (|||5|) ──────────│",
  ]);
});

test("a change of one blank is a rewriting", () => {
  expect(draw("C> CWD  a\n     >S CWD a")).toEqual(["│── CWD  a ──────────────────▶│── CWD a ───────────────────▶│"]);
});

test("what the gateway answers itself stays between it and that peer", () => {
  expect(draw("C> PORT 1\n     >C 501 no\nS> 421 bye\n     >S QUIT")).toEqual([
    "│── PORT 1 ──────────────────▶│                             │",
    "│◀── 501 no ──────────────────│                             │",
    "│                             │◀── 421 bye ─────────────────│",
    "│                             │── QUIT ────────────────────▶│",
  ]);
});

test("a line that is held has its own arrow, and another one when it is passed on", () => {
  expect(draw("S> 226 done\ndelivered\n     >C 226 done")).toEqual([
    "│                             │◀── 226 done ────────────────│",
    "│                         delivered                         │",
    "│◀── 226 done ────────────────│                             │",
  ]);
});

test("what the gateway does before it passes a line on stands below the arrow, which stays whole", () => {
  expect(draw("C> RETR a\n     start\n     quirk bare-lf\n     >S RETR a")).toEqual([
    "│── RETR a ───────────────────┼────────────────────────────▶│",
    "│                           start                           │",
    "│                       quirk bare-lf                       │",
  ]);
});

test("a refusal stands between the command and its answer", () => {
  expect(draw("C> PORT 1\n     refuse low-port\n     >C 504 no\n     >S NOOP")).toEqual([
    "│── PORT 1 ──────────────────▶│                             │",
    "│                      refuse low-port                      │",
    "│◀── 504 no ──────────────────│                             │",
    "│                             │── NOOP ────────────────────▶│",
  ]);
});

test("events and effects of the gateway alone stand in the middle, whatever they are", () => {
  expect(draw("connected 10.0.0.5:21\n     end quit\nsomething new")).toEqual([
    "│                   connected 10.0.0.5:21                   │",
    "│                         end quit                          │",
    "│                       something new                       │",
  ]);
});

test("a long text takes rows above its arrow, broken at blanks or where it must be", () => {
  expect(draw(`S> 150 Opening ${"x".repeat(40)}\n     >C 150 Opening ${"x".repeat(40)}`)).toEqual([
    "│                             │    150 Opening              │",
    "│                             │    xxxxxxxxxxxxxxxxxxxxxxx  │",
    "│◀────────────────────────────┼─── xxxxxxxxxxxxxxxxx ───────│",
  ]);
});

test("an empty line is an arrow without a text", () => {
  expect(draw("C>\n     >S")).toEqual(["│─────────────────────────────┼────────────────────────────▶│"]);
});

test("hostile: control characters are shown, one column each, and not sent to the terminal", () => {
  expect(draw("C> \x1b[2J\x07\x7f\x9b\u00ad\n     end quit\x1b]0;x")).toEqual([
    "│── ␛[2J␇␡·· ────────────────▶│                             │",
    "│                       end quit␛]0;x                       │",
  ]);
});

test("every row is as wide as asked, for any width", () => {
  const transcript = [
    "C> PASV",
    "     >S EPSV",
    "S> 220 a b c",
    "     >C 220 a b c",
    "opened 192.0.2.1:50010",
    "     end quit",
  ];
  for (let width = 40; width <= 140; width += 1) {
    const widths = new Set(
      drawLadder(transcript, { width })
        .split("\n")
        .map((row) => row.length),
    );
    expect([...widths]).toEqual([width]);
  }
});

test("a width that is too small is taken as 40", () => {
  expect(drawLadder(["C> NOOP"], { width: 3 })).toBe(drawLadder(["C> NOOP"], { width: 40 }));
});
