import { expect, test } from "vitest";
import { readDocument } from "../../src/config/document.ts";

function read(text: string, environment: Record<string, string> = {}) {
  const found = readDocument(text, environment);
  if ("faults" in found) throw new Error(JSON.stringify(found.faults));
  return found;
}

test("variables stand in values, in block style as they are and within braces quoted; keys and comments have none", () => {
  const text = 'a: ${A}\nb: { c: "${A}:21", d: ["${B:-x}"] } # ${C}\n${K}: 1\n';
  expect(read(text, { A: "ftp" }).document).toEqual({ a: "ftp", b: { c: "ftp:21", d: ["x"] }, "${K}": 1 });
});

test("a variable alone is read as if its text stood there: a number, true or false", () => {
  const environment = { N: "100", T: "true", X: "0xff", V: "1.5" };
  const text = 'a: ${N}\nb: { c: "${N}" }\nd: ${T}\ne: ${X}\nf: ${V}\ng: "x${N}"\nh: "${N}${N}"\n';
  expect(read(text, environment).document).toEqual({
    ...{ a: 100, b: { c: 100 }, d: true, e: 255 },
    ...{ f: "1.5", g: "x100", h: "100100" },
  });
});

test("what stands in a variable is text and never YAML", () => {
  expect(read("a: ${A}\n", { A: "{ b: [1] }\nc: 2" }).document).toEqual({ a: "{ b: [1] }\nc: 2" });
});

test("a variable that is missing is a problem of its path", () => {
  expect(read("gateways:\n  - route:\n      server: ${FTP}\n").problems).toEqual([
    { path: "gateways[0].route.server", message: expect.stringContaining("the environment has no FTP") },
  ]);
});

test("a bare variable within braces is one fault, which says to quote it", () => {
  expect(readDocument("a: { b: ${A}:21 }\n", {})).toEqual({
    faults: [
      {
        path: "line 1, column 10",
        message: 'within { } and [ ], a value with a variable is quoted: "${NAME}"',
        at: { line: 1, column: 10 },
      },
    ],
  });
});

test("top-level keys that begin with x- hold anchors, also for merge keys, and are left out; below they stay", () => {
  const text = "x-times: &t { idle: 900s }\na: { x-b: 1 }\nb: *t\nc:\n  <<: *t\n  login: 5s\n";
  expect(read(text).document).toEqual({
    a: { "x-b": 1 },
    b: { idle: "900s" },
    c: { idle: "900s", login: "5s" },
  });
});

test("a wrong value is where it stands, an unknown key is where it begins, and what is missing is where it should stand", () => {
  const { positionOf } = read('gateways:\n  - listen: ["x"]\n    colour: red\n    limits:\n      sessions: 0\n');
  const at = (path: string, message = "") => positionOf({ path, message });
  expect(at("gateways[0].listen[0]")).toEqual({ line: 2, column: 14 });
  expect(at("gateways[0].colour", "unknown key")).toEqual({ line: 3, column: 5 });
  expect(at("gateways[0].limits.sessions")).toEqual({ line: 5, column: 17 });
  expect(at("gateways[0].route")).toEqual({ line: 2, column: 5 });
  expect(at("gateways[0].route.login.allow[3]")).toEqual({ line: 2, column: 5 });
  expect(at("(top level)")).toEqual({ line: 1, column: 1 });
  expect(at("admin.listen")).toEqual({ line: 1, column: 1 });
});

test("behind an alias, a problem is where the alias stands", () => {
  const { positionOf } = read("x-t: &t { idle: 900 }\na:\n  b: *t\n");
  expect(positionOf({ path: "a.b.idle", message: "" })).toEqual({ line: 3, column: 6 });
});

test("an empty text has no positions", () => {
  const { document, positionOf } = read("");
  expect([document, positionOf({ path: "(top level)", message: "" })]).toEqual([null, undefined]);
});
