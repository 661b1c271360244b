import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textsOf, type RowContent } from "../../../src/observe/ladder/ladder-rows.ts";
import { layOut } from "../../../src/observe/ladder/layout.ts";
import { drawMermaid } from "../../../src/observe/ladder/mermaid.ts";
import { drawSvg } from "../../../src/observe/ladder/svg-ladder.ts";
import { drawText } from "../../../src/observe/ladder/text-ladder.ts";
import { anyLadder, everyRow, ladderOf } from "./any-ladder.ts";
import { download, login, playSession, sourceOf } from "./played-session.ts";
import { elementsOf, readXml, textOf } from "./xml.ts";

/** Every text of a drawing, as it is read: row by row. */
function textsIn(svg: string): string[] {
  return elementsOf(readXml(svg), "text").map(textOf);
}

const bare = (text: string): string => text.replace(/[\s│┊┼─┄═◀▶◁▷✕◇◆→]/gu, "");

describe("the same rows are shown", () => {
  const drawings = {
    text: (rows: readonly RowContent[]) => drawText(ladderOf(rows), { width: 300 }),
    mermaid: (rows: readonly RowContent[]) =>
      drawMermaid(ladderOf(rows)).replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))),
    svg: (rows: readonly RowContent[]) => textsIn(drawSvg(ladderOf(rows))).join("\n"),
  };

  test.each(Object.entries(drawings))("by %s: every text of every row, in their order", (_, draw) => {
    let drawn = bare(draw(everyRow));
    for (const row of everyRow) {
      for (const text of textsOf(row)) {
        const place = drawn.indexOf(bare(text));
        expect(place, text).toBeGreaterThanOrEqual(0);
        drawn = drawn.slice(place + bare(text).length);
      }
    }
  });

  test("whatever happens to a session, and however wide the picture is, all of its texts stand in it", () => {
    fc.assert(
      fc.property(anyLadder, fc.integer({ min: 0, max: 2500 }), (ladder, width) => {
        const drawn = bare(textsIn(drawSvg(ladder, { width })).join(""));
        for (const text of ladder.rows.flatMap(textsOf)) expect(drawn).toContain(bare(text));
      }),
    );
  });
});

test("it is an image with a title and a description, which say the session, who took part and what failed", () => {
  const svg = readXml(drawSvg(ladderOf(everyRow)));
  expect(svg.attributes).toMatchObject({ role: "img", "aria-labelledby": "ladder-title ladder-desc" });
  expect(elementsOf(svg, "title").map(textOf)).toEqual(["FTP session k3f9x2a7"]);
  expect(elementsOf(svg, "desc").map(textOf)).toEqual([
    "Client 192.168.1.100:51020, gateway public 192.0.2.1:21, server 10.0.0.5:21. 1 data connection. " +
      "Failed at client-data-in: Nobody came. Open the range.",
  ]);
});

test("nothing in it is fetched or run: no link, no script, no reference, no address but the name of SVG", () => {
  const svg = drawSvg(ladderOf(everyRow));
  expect(svg).not.toMatch(/href|<script|<image|<foreignObject|url\(|@import| on[a-z]+=/i);
  expect(svg.match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
});

test("each transfer has one id to go to, also where its rows are in pieces; a page may put a word before the ids", () => {
  const second = download.replace(/(opened.*|admitted.*|joined|closed.*)/g, "$1 #2");
  const ladder = layOut(playSession(`${login}${download}${second}`));
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(ids(drawSvg(ladder))).toEqual(["ladder-title", "ladder-desc", "transfer-1", "transfer-2"]);
  expect(ids(drawSvg(ladder, { idPrefix: "wide-" }))[2]).toBe("wide-transfer-1");
  const [row] = ladder.rows;
  if (row === undefined) expect.fail();
  const pieces = [1, undefined, 1].map((transfer) => ({ ...row, transfer }));
  expect(ids(drawSvg({ ...ladder, rows: pieces })).slice(2)).toEqual(["transfer-1"]);
});

test("what was rewritten is marked in both texts, and what was not is not", () => {
  const svg = readXml(drawSvg(layOut(playSession(`${login}${download}`))));
  const changed = elementsOf(svg, "tspan").filter(({ attributes }) => attributes["class"] === "ladder-changed");
  expect(changed.map(textOf)).toEqual(["10,0,0,5,200,10", "192,0,2,1,195,90"]);
});

test("a reply that says no stands out by its code", () => {
  const line = (text: string): RowContent => ({ kind: "line", towards: "client", client: text, server: text });
  const svg = readXml(drawSvg(ladderOf([line("230 in"), line("530 no")])));
  const codes = elementsOf(svg, "tspan").map((span) => `${span.attributes["class"]} ${textOf(span)}`);
  expect(codes).toEqual(["ladder-verb 230", "ladder-no 530"]);
});

test("a longer wait is higher, by the square root of its time, and never higher than a part of a screen", () => {
  const height = (ms: number): number => {
    const rows: readonly RowContent[] = ms === 0 ? [] : [{ kind: "wait", ms, awaited: "client", text: "x" }];
    return Number(readXml(drawSvg(ladderOf(rows))).attributes["height"]);
  };
  const of = (ms: number) => height(ms) - height(0);
  expect(of(4000) - of(1000)).toBeCloseTo(of(9000) - of(4000), 0);
  expect(of(250)).toBeGreaterThan(30);
  expect(of(86_400_000)).toBe(170);
});

test("for a phone it is drawn narrow, with the width that was asked for, and without times", () => {
  const svg = (width: number) => readXml(drawSvg(ladderOf(everyRow), { width })).attributes["viewBox"]?.split(" ")[2];
  expect([svg(400), svg(1), svg(99_999), svg(960.7)]).toEqual(["400", "320", "2000", "960"]);
  expect(textsIn(drawSvg(ladderOf(everyRow)))).toContain("0.000");
  expect(textsIn(drawSvg(ladderOf(everyRow), { width: 400 }))).not.toContain("0.000");
});

test("no text leaves its lane or the picture, as far as letters of one width tell", () => {
  const long = "227 Entering Passive Mode (192,168,100,200,195,90) and more words than there is room for";
  for (const width of [320, 400, 700, 960, 1600]) {
    const svg = readXml(
      drawSvg(ladderOf([{ kind: "line", towards: "client", client: long, server: `${long}!` }]), { width }),
    );
    const [, , right = 0] = (svg.attributes["viewBox"] ?? "").split(" ").map(Number);
    for (const text of elementsOf(svg, "text").filter(({ attributes }) => attributes["text-anchor"] === undefined)) {
      const { x, "font-size": size } = text.attributes;
      const end = Number(x) + textOf(text).length * Number(size) * 0.602;
      const middle = (width < 640 ? width : 84 + width - 28) / 2;
      expect(end).toBeLessThan(Number(x) < middle ? middle : right);
    }
  }
});

test("without styles it is for a page that has them", () => {
  expect(drawSvg(ladderOf([]))).toContain("prefers-color-scheme: dark");
  expect(drawSvg(ladderOf([]), { hasStyles: false })).not.toContain("<style>");
});

test("of a session that goes on the lifelines stay open", () => {
  expect(textsIn(drawSvg(ladderOf([], { isLive: true })))).toContain("goes on");
  expect(textsIn(drawSvg(ladderOf([])))).not.toContain("goes on");
});

test("hostile: any text is text, and any name of a session an attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 320, max: 1200 }), (text, width) => {
      const rows: readonly RowContent[] = [
        { kind: "line", towards: "server", client: text, server: `${text}!` },
        { kind: "note", tone: "plain", text },
        { kind: "failure", hop: "gateway", cause: "loop", sentence: text, advice: text },
      ];
      const svg = drawSvg(ladderOf(rows, { session: text, client: text, gateway: text, server: text }), {
        width,
        idPrefix: text,
      });
      expect(bare(textsIn(svg).join(""))).toContain(bare(text));
    }),
  );
  const tag = "</text><script>alert(1)</script>&lt;\"' onload=x";
  const svg = drawSvg(ladderOf([{ kind: "note", tone: "plain", text: tag }]));
  expect(textsIn(svg)).toContain(tag);
  expect(svg).not.toContain("<script");
});

test("its size is bounded by its rows: a long session with thirty transfers takes less than 200 kB", () => {
  const script = Array.from({ length: 30 }, (_, index) =>
    download.replace(/(opened.*|admitted.*|joined|closed.*)/g, index === 0 ? "$1" : `$1 #${index + 1}`),
  ).join("\n");
  const svg = drawSvg(layOut(playSession(login + script)));
  expect(svg.length).toBeLessThan(200_000);
  expect(svg.match(/id="transfer-/g)?.length).toBe(30);
});

test("limit: a session without end of ever new lines is a picture of some megabytes, whatever they say", () => {
  const at = 0;
  const steps = Array.from({ length: 5000 }, (_, index) => {
    const text = `${index} ${"&".repeat(4000)}`;
    return { at, event: { kind: "client-line", text, quirks: [] }, effects: [] } as const;
  });
  const svg = drawSvg(layOut(sourceOf(steps)));
  expect(svg).toContain("3000 earlier rows are left out");
  expect(svg.length).toBeLessThan(6_000_000);
});
