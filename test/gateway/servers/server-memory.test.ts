import { expect, test } from "vitest";
import { createServerMemory } from "../../../src/gateway/servers/server-memory.ts";

const at = (port: number) => ({ address: "192.0.2.1", port });

function setUp(maxServers = 10) {
  let now = 0;
  const memory = createServerMemory({ maxServers, expiryMs: 1000, now: () => now });
  return { memory, pass: (ms: number) => (now += ms) };
}

test("what a server rejects is remembered for that endpoint alone, each mode once", () => {
  const { memory } = setUp();
  memory.learn(at(21), "EPSV");
  memory.learn(at(21), "EPSV");
  memory.learn(at(21), "EPRT");
  expect(memory.rejectedBy(at(21))).toEqual(["EPSV", "EPRT"]);
  expect(memory.rejectedBy(at(22))).toEqual([]);
});

test("it is forgotten after a while, because servers are upgraded", () => {
  const { memory, pass } = setUp();
  memory.learn(at(21), "EPSV");
  pass(999);
  expect(memory.rejectedBy(at(21))).toEqual(["EPSV"]);
  pass(1);
  expect(memory.rejectedBy(at(21))).toEqual([]);
  memory.learn(at(21), "PASV");
  expect(memory.rejectedBy(at(21))).toEqual(["PASV"]);
});

test("of too many servers the one that was not learned about for longest is forgotten", () => {
  const { memory } = setUp(2);
  memory.learn(at(1), "EPSV");
  memory.learn(at(2), "EPSV");
  memory.learn(at(1), "EPRT");
  memory.learn(at(3), "EPSV");
  expect(memory.rejectedBy(at(1))).toEqual(["EPSV", "EPRT"]);
  expect(memory.rejectedBy(at(2))).toEqual([]);
  expect(memory.rejectedBy(at(3))).toEqual(["EPSV"]);
});
