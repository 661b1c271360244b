// Entries of `policies` that never match, as the operator writes them and is warned of them.
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { warningsOf } from "../../src/process/warnings.ts";

function warned(...entries: string[]) {
  const policies = entries.map((entry) => `{ ${entry}, readOnly: true }`).join(", ");
  const parsed = parseConfig(
    `gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5:21" }, policies: [${policies}] }]`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return warningsOf(parsed.config).map(({ path, message }) => `${path}: ${message}`);
}

test("an entry whose networks and users earlier ones take never matches, and the warning names them", () => {
  const before = ["clients: [10.0.0.0/8]", 'clients: ["fd00::/8"], users: ["a*"]', "users: [bob]"];
  const after = 'clients: [10.1.0.0/16, "fd00:1::/32"], users: [alice, "ab?"]';
  expect(warned(...before, after)).toEqual([
    "gateways[0].policies[3]: never matches: policies[0] and policies[1] before it take all of it",
  ]);
});

test.each([
  ["clients: [10.0.0.0/8]", "clients: [10.0.0.0/8]"],
  ["clients: [10.0.0.0/8]", "clients: [10.1.0.0/16], users: [alice]"],
  ["users: [alice]", "clients: [10.0.0.0/8], users: [Alice]"],
  ['users: ["*"]', 'users: ["a?c*"]'],
  ["users: [anonymous]", "users: [ftp]"],
])("{ %s } takes all of { %s }", (first, second) => {
  expect(warned(first, second)).toEqual([
    "gateways[0].policies[1]: never matches: policies[0] before it takes all of it",
  ]);
});

test.each([
  ["clients: [10.1.0.0/16]", "clients: [10.0.0.0/8]"],
  ["clients: [0.0.0.0/0]", "users: [alice]"],
  ["users: [alice]", "clients: [10.0.0.0/8]"],
  ['users: ["*"]', "clients: [10.0.0.0/8]"],
  ["clients: [10.0.0.0/8], users: [alice]", "users: [alice]"],
  ['users: ["a?"]', 'users: ["a*"]'],
  ["users: [alice]", "users: [alice, bob]"],
  ["clients: [0.0.0.0/0]", 'clients: ["::/0"]'],
])("{ %s } leaves something of { %s }", (first, second) => {
  expect(warned(first, second)).toEqual([]);
});
