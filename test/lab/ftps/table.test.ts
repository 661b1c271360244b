// What the FTPS matrix plays, and how its results are told.
import { expect, test } from "vitest";
import { section } from "../../books.ts";
import { clientNames } from "../clients/all.ts";
import { isServerSecured, legs, speaksTls, tlsCells, tlsCellTitle, tlsVersions, type TlsCell } from "./cells.ts";
import type { KeptTlsResult } from "./results.ts";
import { formatTlsMatrix } from "./table.ts";

const cell: TlsCell = {
  client: "curl",
  server: "vsftpd",
  security: "explicit",
  version: "TLSv1.2",
  legs: "both",
};

const played = (outcomes: KeptTlsResult["outcomes"], more: Partial<KeptTlsResult> = {}): KeptTlsResult => ({
  cell,
  direct: { list: "ok", download: "ok" },
  outcomes,
  repeated: [],
  seconds: 1,
  date: "2026-01-02",
  ...more,
});

const titles = { curl: "curl 8", vsftpd: "vsftpd 3" };
const marksOf = (...results: KeptTlsResult[]): string | undefined =>
  /^\| curl 8, explicit +\| (.*?) +\|/m.exec(formatTlsMatrix({ titles, results }))?.[1];

test("every client that speaks TLS meets every server that does, with both versions and in each role of the gateway", () => {
  expect(new Set(tlsCells.map(tlsCellTitle)).size).toBe(tlsCells.length);
  const withVsftpd = tlsCells.filter((one) => one.client === "curl" && one.server === "vsftpd");
  expect(withVsftpd.filter((one) => one.security === "explicit")).toHaveLength(2 + 2 + 1 + 2);
  expect(withVsftpd.filter((one) => one.security === "implicit")).toHaveLength(2 + 2 + 1 + 2);
});

test("a server without TLS is met by clients under TLS where the gateway speaks it with them", () => {
  const own = tlsCells.filter(({ server }) => server === "inetutils ftpd");
  expect(new Set(own.map((one) => one.legs))).toEqual(new Set(["client"]));
  expect(own.some(isServerSecured)).toBe(false);
});

test("a client that speaks nothing but TLS is not met in clear", () => {
  const own = tlsCells.filter(({ client }) => client === "gnutls-cli");
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((one) => one.legs === "server")).toEqual([]);
});

test("marks tell what was done from what can't be done directly either and from what failed, TLS 1.2 before 1.3", () => {
  const newer = { ...cell, version: "TLSv1.3" } as const;
  const done = { list: "ok", download: "ok" };
  expect(marksOf(played(done))).toBe("✓");
  expect(marksOf(played(done), played({ list: "ok", download: "no file" }, { cell: newer }))).toBe("✓ ✗");
  expect(marksOf(played({ list: "ok", upload: "no file" }), played(done, { cell: newer }))).toBe("(✓) ✓");
  expect(marksOf(played({ upload: "no file" }))).toBe("(–)");
  expect(marksOf(played(done, { repeated: ["list"] }))).toBe("✓↻");
});

test("results of several days are told with the first and the last", () => {
  const later = played({ list: "ok" }, { date: "2026-01-05", cell: { ...cell, version: "TLSv1.3" } });
  expect(formatTlsMatrix({ titles, results: [later, played({ list: "ok" })] })).toMatch(
    /^From 2026-01-02 to 2026-01-05: 2 sessions /,
  );
});

test("the book of tests has a table for each role, in it a row for each client and kind of TLS, and no failure but that of gnutls-cli with pyftpdlib", () => {
  const tables = section("ftps").split(/^\| client, TLS/m);
  expect(tables).toHaveLength(1 + legs.length);
  for (const [index, role] of legs.entries()) {
    const [head = "", ...rows] = (tables[index + 1] ?? "").split("\n");
    const own = tlsCells.filter((one) => one.legs === role);
    for (const server of new Set(own.map((one) => one.server))) expect(head).toContain(`| ${server}`);
    for (const client of clientNames) {
      for (const security of speaksTls(client)) {
        if (!own.some((one) => one.client === client && one.security === security)) continue;
        expect(rows.join("\n")).toMatch(new RegExp(`^\\| ${client}[^|]*, ${security} `, "m"));
      }
    }
  }
  const [, failed] = /(\d+) failed that work/.exec(section("ftps").replaceAll("\n", " ")) ?? [];
  const marked = [...section("ftps").matchAll(/^\|.*✗/gm)].filter(([row]) => !/^\| gnutls-cli [^|]*explicit/.test(row));
  expect([failed === undefined, marked]).toEqual([false, []]);
  const [, sessions] = /: (\d+) sessions/.exec(section("ftps")) ?? [];
  expect(Number(sessions)).toBe(tlsCells.length);
  expect(tlsVersions).toHaveLength(2);
});
