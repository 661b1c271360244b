import { expect, test } from "vitest";
import { parseCapabilities } from "../../src/cli/capabilities.ts";

const status = (effective: string) => `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${effective}\nCapBnd:\t0\n`;

test.each([
  ["0000000000000000", []],
  ["0000000000000400", ["CAP_NET_BIND_SERVICE"]],
  ["0000000000003000", ["CAP_NET_ADMIN", "CAP_NET_RAW"]],
  ["000001fffeffffff", ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW"]],
])("of %s the effective ones count", (effective, expected) => {
  expect([...parseCapabilities(status(effective))]).toEqual(expected);
});

test("where nothing is said there are none", () => {
  expect(parseCapabilities("").size).toBe(0);
  expect(parseCapabilities("CapEff:\tnothing\n").size).toBe(0);
});
