import { expect, test } from "vitest";
import { formatJson } from "../../src/cli/json-output.ts";

test("JSON is indented, says the same, and holds nothing that acts on a terminal", () => {
  const value = { user: "a\u009b2J\u202e\nb", list: [1] };
  const text = formatJson(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text.split("\n").length).toBe(7);
  expect(text.replaceAll("\n", "")).toMatch(/^[ -~]*$/);
});
