// What the matrix plays, and how its results are told.
import { expect, test } from "vitest";
import { section } from "../books.ts";
import { clearClientNames } from "./clients/all.ts";
import {
  baselineOf,
  cellKey,
  cells,
  hopeless,
  isCrossing,
  modesOfClient,
  operationsOfCell,
  type Cell,
} from "./matrix.ts";
import type { KeptResult, MatrixResults } from "./matrix-results.ts";
import type { Outcomes } from "./matrix-runner.ts";
import { formatMatrix } from "./matrix-table.ts";
import { totalsOf } from "./played.ts";
import { serverKinds } from "./servers/server.ts";
import { offered } from "./session.ts";

const cell: Cell = {
  client: "curl",
  server: "vsftpd",
  mode: "passive",
  clientFamily: "IPv4",
  serverFamily: "IPv4",
  serverMode: "same",
};

const played = (outcomes: Outcomes, more: Partial<KeptResult> = {}): KeptResult => ({
  cell,
  direct: { list: "ok", download: "ok" },
  outcomes,
  repeated: [],
  seconds: 1,
  directSeconds: 1,
  ...more,
});

const report = (...results: KeptResult[]): MatrixResults => ({
  date: "2026-01-02",
  seconds: 5,
  clients: { curl: "curl 8" },
  servers: { vsftpd: "vsftpd 3" },
  results,
});

/** The three marks of curl, passive, with vsftpd. */
const marksOf = (...results: KeptResult[]): string | undefined =>
  /^\| curl 8, passive +\| (.*?) +\|/m.exec(formatMatrix(report(...results)))?.[1];

test("every client meets every server in each mode, over each family and with each serverSide.mode that both have", () => {
  const pairs = new Set(cells.map(({ client, server }) => `${client}, ${server}`));
  expect(pairs.size).toBe(clearClientNames.length * serverKinds.length - hopeless.size);
  expect(new Set(cells.map(cellKey)).size).toBe(cells.length);
  const withVsftpd = cells.filter((one) => one.client === "curl" && one.server === "vsftpd");
  expect(withVsftpd.filter((one) => !isCrossing(one))).toHaveLength(2 * 2 * 3);
  expect(withVsftpd.filter(isCrossing)).toHaveLength(2 * 2);
});

test("a server without active mode is played passively only, and compared with its passive mode", () => {
  const own = cells.filter(({ client, server }) => client === "curl" && server === "aioftp");
  expect(own.map(({ mode, serverMode }) => `${mode} ${serverMode}`)).not.toContain("active same");
  expect(own.map(({ mode, serverMode }) => `${mode} ${serverMode}`)).toContain("active passive");
  expect(own.filter(({ serverMode }) => serverMode === "active")).toEqual([]);
  expect(new Set(own.map((one) => baselineOf(one).mode))).toEqual(new Set(["passive"]));
});

test("each client that fetches files moves 64 MiB from each server in each pair of modes", () => {
  const large = cells.filter((one) => operationsOfCell(one).includes("64 MiB"));
  const ways = (some: readonly Cell[]) =>
    new Set(some.map(({ client, server, mode, serverMode }) => [client, server, mode, serverMode].join(", ")));
  const fetching = cells.filter(({ client }) => offered(client).includes("download"));
  expect(new Set(fetching.map(({ client }) => client)).size).toBe(clearClientNames.length - 1);
  expect(ways(large)).toEqual(ways(fetching));
  expect(large).toHaveLength(ways(fetching).size);
});

test("marks tell what was done from what can't be done directly either and from what failed", () => {
  const done = { list: "ok", download: "ok" };
  expect(marksOf(played(done))).toBe("✓ – –");
  expect(marksOf(played({ list: "ok", download: "no file" }))).toBe("✗ – –");
  expect(marksOf(played({ list: "ok", "latin1 name": "no file" }))).toBe("(✓) – –");
  expect(marksOf(played(done, { repeated: ["list"] }))).toBe("✓↻ – –");
  const active = played(done, { cell: { ...cell, serverMode: "active" } });
  expect(marksOf(played({ list: "no" }), active)).toBe("✗ – ✓");
});

test("one failed session spoils the mark of its group", () => {
  const overIPv6 = { ...cell, clientFamily: "IPv6", serverFamily: "IPv6" } as const;
  expect(marksOf(played({ list: "ok" }), played({ list: "no" }, { cell: overIPv6 }))).toBe("✗ – –");
});

test("totals count what is done only with the gateway, and what is done neither way", () => {
  const results = [played({ list: "ok", download: "no file", upload: "ok", resume: "no" })];
  expect(totalsOf(results)).toEqual({ asked: 4, done: 2, gained: 1, impossible: 1, faults: 1 });
  expect(totalsOf(results, "upload")).toEqual({ asked: 1, done: 1, gained: 1, impossible: 0, faults: 0 });
});

test("what is done neither way and what was done again is named", () => {
  const text = formatMatrix(report(played({ resume: "no", list: "ok" }, { repeated: ["list"] })));
  expect(text).toContain("- vsftpd 3: resume with curl");
  expect(text).toContain("- curl, passive, with vsftpd: list");
});

test("the book of tests has a row for each client in each of its modes, and a column for each server", () => {
  const table = section("matrix");
  const [head = ""] = table.split("\n").filter((line) => line.startsWith("| client"));
  for (const kind of serverKinds) expect(head).toContain(`| ${kind}`);
  for (const client of clearClientNames) {
    for (const mode of modesOfClient(client)) {
      expect(table).toMatch(new RegExp(`^\\| ${client}[^|]*, ${mode} `, "m"));
    }
  }
  expect(table).not.toMatch(/^\|.*✗/m);
});
