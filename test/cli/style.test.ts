import { expect, test } from "vitest";
import { paintFor } from "../../src/cli/style.ts";

test("colours are for terminals that take them, and for nobody who set NO_COLOR", () => {
  const red = (columns: number | undefined, env: Record<string, string>) =>
    paintFor({ ...(columns !== undefined && { columns }), env })("red", "x");
  expect(red(80, { TERM: "xterm" })).toBe("\u001b[31mx\u001b[39m");
  expect(red(80, { NO_COLOR: "" })).toBe("\u001b[31mx\u001b[39m");
  expect([red(undefined, {}), red(80, { NO_COLOR: "1" }), red(80, { TERM: "dumb" })]).toEqual(["x", "x", "x"]);
});
