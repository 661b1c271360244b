import { expect, test } from "vitest";
import { defineCommand, flagOf } from "../../src/cli/command.ts";

const copy = defineCommand({
  name: "copy",
  summary: "copy",
  text: ["It copies."],
  options: { toFile: { value: "FILE", what: "where to" }, force: { what: "over what is there" } },
  examples: [],
  fault: ({ flags }) => (flags.toFile === undefined ? "where to? --to-file" : undefined),
  run: async ({ flags }) => (flags.force ? 7 : 8),
});
const given = { operand: undefined, commands: [] };

test("a key is a flag in lower case with hyphens", () => {
  expect(["config", "dataPorts"].map(flagOf)).toEqual(["--config", "--data-ports"]);
});

test("a command has every flag that it describes, a switch as true or false", async () => {
  const prepared = copy.prepare({ toFile: "x", other: 5 }, given);
  expect(prepared).toMatchObject({ flags: { toFile: "x", force: false } });
});

test("flags that do not go together are a fault, and nothing runs", () => {
  expect(copy.prepare({ force: true }, given)).toEqual({ fault: "where to? --to-file" });
});
