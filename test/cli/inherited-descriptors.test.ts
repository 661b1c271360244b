import { expect, test } from "vitest";
import { inheritedDescriptors } from "../../src/cli/inherited-descriptors.ts";

test("two sockets are descriptors 3 and 4", () => {
  expect(inheritedDescriptors({ LISTEN_PID: "42", LISTEN_FDS: "2" }, 42)).toEqual([3, 4]);
});

test.each([
  ["nothing is said", {}],
  ["it is said to another process", { LISTEN_PID: "41", LISTEN_FDS: "2" }],
  ["the number is none", { LISTEN_PID: "42", LISTEN_FDS: "2x" }],
  ["the number is missing", { LISTEN_PID: "42" }],
  ["the number is zero", { LISTEN_PID: "42", LISTEN_FDS: "0" }],
])("there is none when %s", (_, env) => {
  expect(inheritedDescriptors(env, 42)).toEqual([]);
});
