import { expect, test } from "vitest";
import { createNameMemory } from "../../../src/gateway/servers/name-memory.ts";

function setUp(maxNames = 10) {
  const clock = { ms: 0 };
  return { clock, memory: createNameMemory({ maxNames, now: () => clock.ms }) };
}

test.each([
  [30, 30],
  [0, 5],
  [-1, 5],
  [86_400, 60],
  [4_294_967_295, 60],
])("an answer that holds for %i s is remembered for %i s", (seconds, remembered) => {
  const { clock, memory } = setUp();
  const answer = { addresses: ["10.0.0.5"] };
  memory.keep("ftp.example.com", answer, seconds);
  clock.ms = remembered * 1000 - 1;
  expect(memory.recall("ftp.example.com")).toEqual(answer);
  clock.ms += 1;
  expect(memory.recall("ftp.example.com")).toBeUndefined();
});

test("a failure is remembered likewise, and a later answer takes its place", () => {
  const { memory } = setUp();
  memory.keep("a", { failure: "ENOTFOUND" }, 0);
  expect(memory.recall("a")).toEqual({ failure: "ENOTFOUND" });
  memory.keep("a", { addresses: ["10.0.0.5"] }, 10);
  expect(memory.recall("a")).toEqual({ addresses: ["10.0.0.5"] });
});

test("of too many names the oldest is forgotten", () => {
  const { memory } = setUp(2);
  for (const name of ["a", "b", "c"]) memory.keep(name, { failure: "ENOTFOUND" }, 60);
  expect(["a", "b", "c"].map((name) => memory.recall(name) !== undefined)).toEqual([false, true, true]);
});
