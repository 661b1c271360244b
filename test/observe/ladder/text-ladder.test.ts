import fc from "fast-check";
import { expect, test } from "vitest";
import type { RowContent } from "../../../src/observe/ladder/ladder-rows.ts";
import { layOut } from "../../../src/observe/ladder/layout.ts";
import { drawText } from "../../../src/observe/ladder/text-ladder.ts";
import { columnsOf } from "../../../src/observe/columns.ts";
import { anyLadder, everyRow, ladderOf } from "./any-ladder.ts";
import { download, login, playSession } from "./played-session.ts";

/** The drawing without header and first row, 61 columns wide: lanes of 29. */
function draw(...rows: readonly RowContent[]): string[] {
  const drawn = drawText(ladderOf(rows, { client: "", gateway: "", server: "" }), { width: 61 });
  return drawn.split("\n").slice(3);
}

const toServer = (text: string): RowContent => ({ kind: "line", towards: "server", client: text, server: text });
const toClient = (text: string): RowContent => ({ kind: "line", towards: "client", client: text, server: text });

test("a passive download is drawn with what was said, what it became, what connected and what was carried", () => {
  const script = `${login}${download.replace("closed", "+1500 closed")}\nC> QUIT\nS> 221 bye`;
  expect(`\n${drawText(layOut(playSession(script)))}\n`).toBe(`
client                                             gateway                                              server
192.168.1.100:51020                          public 192.0.2.1:21                                   10.0.0.5:21
│                                                     │                                                      │
│                                                     │┄┄ connect to 10.0.0.5:21 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▷│
│                                                     │◁┄┄ connected from 10.0.0.1:40001 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄│
│◀────────────────────────────────────────────────────┼─── 220 ready ────────────────────────────────────────│
│── USER u ───────────────────────────────────────────┼─────────────────────────────────────────────────────▶│
│◀────────────────────────────────────────────────────┼─── 331 password ─────────────────────────────────────│
│── PASS **** ────────────────────────────────────────┼─────────────────────────────────────────────────────▶│
│◀────────────────────────────────────────────────────┼─── 230 in ───────────────────────────────────────────│
│── PASV ─────────────────────────────────────────────┼─────────────────────────────────────────────────────▶│
│                                                     │◀── 227 Entering Passive Mode (10,0,0,5,200,10) ──────│
│                      ◇ pinhole 192.0.2.1:50010 for 192.168.1.100, to 10.0.0.5:51210                        │
│◀── 227 Entering Passive Mode (192,0,2,1,195,90) ────│                                                      │
│┄┄ data connection from 192.168.1.100:1236 ┄┄┄┄┄┄┄┄┄▷│                                                      │
│── RETR a ──────────────────────────────────────────▶│                                                      │
│                                                     │┄┄ data connection to 10.0.0.5:51210 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▷│
│                                                     │── RETR a ───────────────────────────────────────────▶│
│◀────────────────────────────────────────────────────┼─── 150 Here it comes ────────────────────────────────│
┊                                            1.5 s · data flows                                              ┊
┊                                                     ┊                                                      ┊
│◀══════════════════════════════ RETR a · 1.0 kB in 14 ms · 71 kB/s · relay ═════════════════════════════════│
│◀────────────────────────────────────────────────────┼─── 226 done ─────────────────────────────────────────│
│── QUIT ─────────────────────────────────────────────┼─────────────────────────────────────────────────────▶│
│◀────────────────────────────────────────────────────┼─── 221 bye ──────────────────────────────────────────│
│                                            session ends: quit                                              │
`);
});

test("a line forwarded unchanged is one arrow from end to end, in both directions", () => {
  expect(draw(toClient("220 ready"), toServer("USER anna"))).toEqual([
    "│◀────────────────────────────┼─── 220 ready ───────────────│",
    "│── USER anna ────────────────┼────────────────────────────▶│",
  ]);
});

test("a rewritten line shows both texts, in both directions", () => {
  const rows: readonly RowContent[] = [
    { kind: "line", towards: "server", client: "PORT 192,168,1,100,10,21", server: "EPSV" },
    { kind: "line", towards: "client", server: "229 ok (|||5|)", client: "200 ok" },
  ];
  expect(draw(...rows)).toEqual([
    "│   PORT                      │                             │",
    "│── 192,168,1,100,10,21 ─────▶│── EPSV ────────────────────▶│",
    "│◀── 200 ok ──────────────────│◀── 229 ok (|||5|) ──────────│",
  ]);
});

test("what the gateway answers, asks or keeps itself stays between it and that peer", () => {
  const rows: readonly RowContent[] = [
    { kind: "line", towards: "server", client: "PORT 1" },
    { kind: "line", towards: "client", client: "501 no" },
    { kind: "line", towards: "client", server: "421 bye" },
    { kind: "line", towards: "server", server: "QUIT" },
  ];
  expect(draw(...rows)).toEqual([
    "│── PORT 1 ──────────────────▶│                             │",
    "│◀── 501 no ──────────────────│                             │",
    "│                             │◀── 421 bye ─────────────────│",
    "│                             │── QUIT ────────────────────▶│",
  ]);
});

test("data is a double arrow to where it went; one that broke off has no head", () => {
  const data = {
    kind: "data",
    id: 1,
    plane: "relay",
    durationMs: 1,
    text: "STOR a",
    figures: "5 bytes in 1 ms",
  } as const;
  expect(
    draw({ ...data, towards: "server", isComplete: true }, { ...data, towards: "client", isComplete: false }),
  ).toEqual([
    "│════════════════ STOR a · 5 bytes in 1 ms ════════════════▶│",
    "│✕═══════════════ STOR a · 5 bytes in 1 ms ═════════════════│",
  ]);
});

test("a wait has dotted lifelines, and more rows the longer it is", () => {
  const wait = (ms: number) => draw({ kind: "wait", ms, awaited: "client", text: "so long" });
  expect([250, 1000, 10_000, 60_000].map((ms) => wait(ms).length)).toEqual([1, 2, 3, 4]);
  expect(wait(10_000)).toEqual([
    "┊                             ┊                             ┊",
    "┊                          so long                          ┊",
    "┊                             ┊                             ┊",
  ]);
});

test("a failure is an arrow that does not arrive in the lane of its hop, its sentence and its advice", () => {
  const failure = { kind: "failure", cause: "nobody-came", sentence: "Nobody came.", advice: "Open it." } as const;
  expect(draw({ ...failure, hop: "client-data-in" })).toEqual([
    "│   client-data-in:           │                             │",
    "│┄┄ nobody-came ┄┄┄┄┄┄┄┄┄┄┄┄┄✕│                             │",
    "│  ✕ Nobody came.                                           │",
    "│  → Open it.                                               │",
  ]);
  const marker = (hop: "client-data-out" | "server-data-in" | "server-control" | "gateway") =>
    draw({ ...failure, hop });
  expect(marker("client-data-out")[1]).toMatch(/^│✕┄┄/);
  expect(marker("server-data-in")[1]).toMatch(/^│ {29}│✕┄┄/);
  expect(marker("server-control")[1]).toMatch(/✕│$/);
  expect(marker("gateway")[0]).toMatch(/^│ +✕ gateway: nobody-came +│$/);
});

test("a long text takes rows above its arrow, broken at blanks or where it must be", () => {
  expect(draw(toClient(`150 Opening ${"x".repeat(40)}`))).toEqual([
    "│                             │    150 Opening              │",
    "│                             │    xxxxxxxxxxxxxxxxxxxxxxx  │",
    "│◀────────────────────────────┼─── xxxxxxxxxxxxxxxxx ───────│",
  ]);
});

test("an empty line is an arrow without a text", () => {
  expect(draw(toServer(""))).toEqual(["│─────────────────────────────┼────────────────────────────▶│"]);
});

test("letters of two columns keep the lifelines straight", () => {
  expect(draw(toServer("RETR 文件"))).toEqual(["│── RETR 文件 ────────────────┼────────────────────────────▶│"]);
});

test("endpoints that have no room beside each other have a row each", () => {
  const server = "[2001:db8:1234:5678:9abc:def0:1234:5678]:21";
  expect(
    drawText(ladderOf([], { server }), { width: 61 })
      .split("\n")
      .slice(1, 4)
      .map((row) => row.trimEnd()),
  ).toEqual(["192.168.1.100:51020", "public 192.0.2.1:21", server]);
});

test("every row is as wide as asked, for any width from 40 to 500 and any session", () => {
  fc.assert(
    fc.property(anyLadder, fc.integer({ min: 0, max: 600 }), (ladder, width) => {
      const wanted = Math.min(Math.max(width, 40), 500);
      for (const row of drawText(ladder, { width }).split("\n")) expect(columnsOf(row)).toBe(wanted);
    }),
  );
  expect(drawText(ladderOf(everyRow), { width: 3 })).toBe(drawText(ladderOf(everyRow), { width: 40 }));
});

test("a session under TLS shows on which leg it began, with which version, and what was resumed", () => {
  const script = `
    connected 10.0.0.5:21
    S> 220 ready
    S> 234 go
    tls started server TLSv1.3 TLS_AES_256_GCM_SHA384
    S> 200 PBSZ=0
    S> 200 private
    C> AUTH TLS
    tls started client TLSv1.2 AES128-SHA resumed
    C> CCC
    tls ended client`;
  const drawn = drawText(layOut(playSession(script, { tls: { client: { ccc: true }, server: { mode: "auto" } } })));
  expect(`\n${drawn.split("\n").slice(5).join("\n")}\n`).toBe(`
│◀────────────────────────────────────────────────────┼─── 220 ready ────────────────────────────────────────│
│                                                     │── AUTH TLS ─────────────────────────────────────────▶│
│                                                     │◀── 234 go ───────────────────────────────────────────│
│                                                     │┄┄ TLS 1.3 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▷│
│                                                     │── PBSZ 0 ───────────────────────────────────────────▶│
│                                                     │◀── 200 PBSZ=0 ───────────────────────────────────────│
│                                                     │── PROT P ───────────────────────────────────────────▶│
│                                                     │◀── 200 private ──────────────────────────────────────│
│── AUTH TLS ────────────────────────────────────────▶│                                                      │
│◀── 234 AUTH TLS successful. ────────────────────────│                                                      │
│┄┄ TLS 1.2, resumed ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▷│                                                      │
│── CCC ─────────────────────────────────────────────▶│                                                      │
│◀── 200 CCC successful; clear text from here on. ────│                                                      │
│                                     clear text again with the client                                       │
`);
});
