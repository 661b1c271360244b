import { expect, test } from "vitest";
import { conflictsOf } from "../../src/config/conflicts.ts";

function paths(...gateways: unknown[]): string[] {
  return conflictsOf({ gateways }).map(({ path }) => path);
}

test("an IPv4 wildcard and an IPv6 wildcard share a port", () => {
  expect(paths({ listen: ["0.0.0.0:21", "[::]:21"] })).toEqual([]);
});

test("port 0 never clashes", () => {
  expect(paths({ listen: ["0.0.0.0:0", "0.0.0.0:0"] }, { listen: ["0.0.0.0:0"] })).toEqual([]);
});

test("different addresses share a port, a wildcard of their family takes it", () => {
  expect(paths({ listen: ["10.0.0.1:21"] }, { listen: ["10.0.0.2:21"] })).toEqual([]);
  expect(paths({ listen: ["10.0.0.1:21"] }, { listen: ["0.0.0.0:21"] })).toEqual(["gateways[1].listen[0]"]);
  expect(paths({ listen: ["[fd00::1]:21"] }, { listen: ["0.0.0.0:21"] })).toEqual([]);
});

test("an IPv4-mapped endpoint is the IPv4 endpoint", () => {
  expect(paths({ listen: ["10.0.0.1:21", "[::ffff:10.0.0.1]:21"] })).toEqual(["gateways[0].listen[1]"]);
});

test("equal ranges are one range, ranges that touch are apart, all others are in each other's way", () => {
  const sides = (a: unknown, b: unknown) => ({ clientSide: { dataPorts: a }, serverSide: { dataPorts: b } });
  expect(paths(sides("50000-50999", "50000-50999"))).toEqual([]);
  expect(paths(sides("50000-50999", "51000-51999"))).toEqual([]);
  expect(paths(sides("50000-50999", "50999-51999"))).toEqual(["gateways[0].serverSide.dataPorts"]);
  const mapped = { listen: "50000-50099", advertise: "30000-30099" };
  expect(paths(sides(mapped, "50099-51999"))).toEqual(["gateways[0].serverSide.dataPorts"]);
  expect(paths(sides(mapped, "30000-30099"))).toEqual([]);
  expect(paths(sides("50000-50999", 50_500))).toEqual(["gateways[0].serverSide.dataPorts"]);
  expect(paths({ clientSide: { dataPorts: 50_000 } }, sides("50000-50001", "60000"))).toEqual([
    "gateways[1].clientSide.dataPorts",
  ]);
});

test("a loopback server behind a wildcard listener of the same port is the gateway itself", () => {
  const route = { server: "127.0.0.1:2121" };
  expect(paths({ listen: ["0.0.0.0:2121"], route })).toEqual(["gateways[0].route.server"]);
  expect(paths({ listen: ["[::]:2121"], route })).toEqual([]);
  expect(paths({ listen: ["0.0.0.0:21"], route })).toEqual([]);
  expect(paths({ listen: ["[::]:2121"], route: { server: "[::1]:2121" } })).toEqual(["gateways[0].route.server"]);
  expect(paths({ listen: ["0.0.0.0:2121"], route: { server: "localhost:2121" } })).toEqual([]);
});

test("a server of a pool is looked at like one alone", () => {
  const servers = ["10.0.0.5:2121", "127.0.0.1:2121", { server: "127.0.0.1:2121", weight: 2 }, null, 5];
  expect(paths({ listen: ["127.0.0.1:2121"], route: { servers } })).toEqual([
    "gateways[0].route.servers[1]",
    "gateways[0].route.servers[2].server",
  ]);
});

test.each([
  undefined,
  null,
  5,
  "x",
  [],
  { gateways: 5 },
  { gateways: [null, 5, [], { listen: {}, route: 1 }] },
  { admin: [] },
])("malformed documents have no conflicts: %j", (document) => {
  expect(conflictsOf(document)).toEqual([]);
});
