import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { warningsOf } from "../../src/process/warnings.ts";

test("open doors and entries that never match are warned of together, each with its path", () => {
  const parsed = parseConfig(
    'gateways: [{ listen: ["0.0.0.0:21"], route: { login: { allow: ["*"] } }, policies: [' +
      "{ users: [a], readOnly: true }, { users: [b], readOnly: true }, { users: [b, a], readOnly: false }] }]",
  );
  const warnings = parsed.ok ? warningsOf(parsed.config) : [];
  expect(warnings.map(({ path }) => path)).toEqual(["gateways[0].route.login.allow", "gateways[0].policies[2]"]);
  expect(warnings[1]?.message).toBe("never matches: policies[0] and policies[1] before it take all of it");
});
