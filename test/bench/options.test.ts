import { expect, test } from "vitest";
import { candidates } from "./contenders/all.ts";
import { parseOptions, peers, planes, sections } from "./options.ts";

const now = new Date("2026-11-20T10:20:30.456Z");
const options = (...args: string[]) => {
  const parsed = parseOptions(args, now);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.options;
};

test("without arguments everything is measured, with files of 1 GiB", () => {
  expect(options()).toMatchObject({ sections, planes, peers, rounds: 5, size: 1024 ** 3, files: 1000, sessions: 2000 });
  expect(options().json).toMatch(/ftp-alg-bench-20261120T102030\.json$/);
});

test("a short run is a matter of a few arguments", () => {
  expect(
    options("--only", "bulk,noop", "--rounds", "3", "--size", "256MiB", "--peers", "haproxy", "--planes", "none"),
  ).toMatchObject({ sections: ["bulk", "noop"], rounds: 3, size: 256 * 1024 ** 2, peers: ["haproxy"], planes: [] });
});

test("who terminates TLS takes part where TLS is measured, and nobody else does", () => {
  const names = (...args: string[]) => candidates(options(...args)).map(({ name }) => name);
  expect(names("--only", "tls")).toEqual(["direct", "tls", "haproxy tls", "proftpd tls", "stunnel"]);
  expect(names("--only", "noop", "--planes", "relay", "--peers", "haproxy,stunnel")).toEqual([
    ...["direct", "relay", "haproxy"],
  ]);
  expect(names("--only", "noop,tls", "--planes", "none", "--peers", "haproxy")).toEqual([
    ...["direct", "haproxy", "haproxy tls"],
  ]);
});

test("another checkout is measured beside ours when it is named, and processes are warm when that is asked for", () => {
  expect(options()).not.toHaveProperty("against");
  expect(options().warmUp).toBe(0);
  expect(options("--against", "/srv/other", "--warm-up", "5000")).toMatchObject({
    against: "/srv/other",
    warmUp: 5000,
  });
});

test("our gateways are measured with several workers beside those that are one process", () => {
  const names = candidates(options("--only", "logins", "--planes", "relay", "--peers", "none", "--workers", "2"));
  expect(names.map(({ name }) => name)).toEqual(["direct", "relay", "relay, 2 workers"]);
});

test.each([
  ["--workers", "1"],
  ["--only", "bulks"],
  ["--peers", "haproxy,nginx"],
  ["--rounds", "0"],
  ["--rounds", "many"],
  ["--size", "1GB"],
  ["--size", "1KiB"],
  ["--sessions", "100000"],
  ["--verbose", "yes"],
  ["bulk", ""],
])("%s %s is a problem", (flag, value) => {
  expect(parseOptions(value === "" ? [flag] : [flag, value], now)).toHaveProperty("problem");
});
