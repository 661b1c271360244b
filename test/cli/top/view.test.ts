import { describe, expect, test } from "vitest";
import { coloured, plain } from "../../../src/cli/style.ts";
import { columnsOf } from "../../../src/observe/columns.ts";
import { initialState, type TopState } from "../../../src/cli/top/state.ts";
import { drawTop, drawTrace, sparkline } from "../../../src/cli/top/view.ts";
import { failure, gateway, session, snapshot, transfer } from "./answers.ts";

const live = [
  session("idle", { user: "carol" }),
  session("slow", {
    user: "bob",
    bytesDown: 9000,
    running: [transfer({ direction: "upload", verb: "STOR", bytesPerSecond: 10 })],
  }),
  session("fast", { running: [transfer({ progress: 0.615, sizeBytes: 2 ** 21 })] }),
];
const failed = ["f1", "f2", "f3"].map((id) =>
  session(id, { state: "ended", endedAt: "2026-01-01T00:00:01Z", failure }),
);
const view = {
  snapshot: snapshot(0, { live, failed }),
  rates: { bytesUp: 0, bytesDown: 2 ** 21, sessions: 0.5 },
  history: [0, 1, 2, 8],
  url: "http://127.0.0.1:9121",
};
const look = (columns: number, rows: number) => ({
  columns,
  rows,
  paint: plain,
  timeOf: (iso: string) => iso.slice(11, 19),
  now: "12:00:00",
});

function screen(columns: number, rows: number, state: Partial<TopState> = {}, more: object = {}): string {
  return drawTop({ ...view, ...more }, { ...initialState, ...state }, look(columns, rows)).lines.join("\n");
}

test("a screen of 100 columns says what happens", async () => {
  await expect(`${screen(100, 24)}\n`).toMatchFileSnapshot("screens/sessions.txt");
  await expect(`${screen(100, 24, { onlyFailures: true, selected: 1 })}\n`).toMatchFileSnapshot("screens/failures.txt");
});

test("the servers of a pool stand below their gateway, those that are down first", () => {
  const servers = [
    { name: "10.0.0.5:21", up: true, sessions: 3 },
    { name: "[fd00::6]:21", up: false, sessions: 1 },
    { name: "10.0.0.7:21", up: true, sessions: 0 },
  ];
  const pooled = { snapshot: snapshot(0, {}, [gateway({ route: { kind: "pool", servers } })]) };
  expect(screen(100, 24, {}, pooled).split("\n")).toContain(
    "  servers down: [fd00::6]:21; up: 10.0.0.5:21 3, 10.0.0.7:21 0",
  );
  expect(screen(40, 24, {}, pooled)).toContain("  servers down: [fd00::6]:21");
});

const escape = "\u001b";
const looks = new RegExp(`${escape}\\[\\d+m`, "g");

describe.each([
  [40, 10],
  [60, 14],
  [80, 24],
  [132, 50],
  [20, 3],
])("a screen of %d columns and %d rows", (columns, rows) => {
  test("is filled and never overrun, with looks and without", () => {
    const many = Array.from({ length: 40 }, (_, at) =>
      session(`s${at}`, { user: "日本語".repeat(9), running: [transfer()] }),
    );
    const snapshots = [
      view.snapshot,
      snapshot(0),
      snapshot(
        0,
        { live: many, failed: [...failed, ...failed] },
        Array.from({ length: 9 }, () => gateway()),
      ),
    ];
    for (const one of snapshots) {
      for (const onlyFailures of [false, true]) {
        for (const paint of [plain, coloured]) {
          const { lines } = drawTop(
            { ...view, snapshot: one },
            { ...initialState, onlyFailures },
            { ...look(columns, rows), paint },
          );
          expect(lines.length).toBe(rows);
          const shown = lines.map((line) => line.replace(looks, ""));
          expect(shown.filter((line) => columnsOf(line) > columns)).toEqual([]);
        }
      }
    }
  });
});

test("sessions stand in the order that is asked for, and the ids in the same", () => {
  const ids = (sorting: TopState["sorting"]) => drawTop(view, { ...initialState, sorting }, look(100, 24)).ids;
  expect(ids("rate")).toEqual(["fast", "slow", "idle"]);
  expect(ids("bytes")).toEqual(["slow", "idle", "fast"]);
  expect(ids("newest")).toEqual(["idle", "slow", "fast"]);
  expect(ids("user")).toEqual(["fast", "slow", "idle"]);
});

test("an answer that is missing is said, and what was known stays", () => {
  const text = screen(100, 24, {}, { problem: "can't ask" });
  expect(text).toContain("can't ask (what stands below is old)");
  expect(text).toContain("debian-12.iso");
});

test("what a peer chose acts on no terminal", () => {
  const evil = session("evil", { user: "\u001b[2J", running: [transfer({ path: "a\u009bb\u202e\nc" })] });
  expect(screen(100, 24, {}, { snapshot: snapshot(0, { live: [evil] }) }).replaceAll("\n", "")).not.toMatch(
    /[\p{Cc}\p{Cf}]/u,
  );
});

test("a ladder is shown from the row to which it was scrolled, and says where that is", () => {
  const text = Array.from({ length: 30 }, (_, at) => `row ${at}`);
  const { lines, page } = drawTrace("k3f9", text, 99, look(40, 12));
  expect([lines.length, page]).toEqual([12, 10]);
  expect(lines[0]).toMatch(/^Session k3f9 +21-30 of 30$/);
  expect([lines[1], lines[10]]).toEqual(["row 20", "row 29"]);
});

test("a sparkline has its highest value at the top and the latest at the right", () => {
  expect(sparkline([0, 1, 4, 8], 6)).toBe("   ▂▅█");
  expect(sparkline([1, 2, 3], 2)).toBe("▆█");
  expect(sparkline([], 3)).toBe("   ");
});
