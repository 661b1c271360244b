// What every server of a pool has.
import { expect, test } from "vitest";
import { createCommonFeatures } from "../../../src/gateway/servers/common-features.ts";

const [one, other] = [
  { address: "192.0.2.1", port: 21 },
  { address: "2001:db8::1", port: 2121 },
];

test("lines that all have are common, in the order of the first, and none before all were asked", () => {
  const { learn, common } = createCommonFeatures();
  expect(common([])).toEqual([]);
  learn(one, ["UTF8", "MLST type*;", "MDTM"]);
  expect(common([one, other])).toEqual([]);
  expect(common([one])).toEqual(["UTF8", "MLST type*;", "MDTM"]);
  learn(other, ["MDTM", "MLST size*;", "UTF8"]);
  expect(common([one, other])).toEqual(["UTF8", "MDTM"]);
  learn(other, ["UTF8"]);
  expect(common([one, other])).toEqual(["UTF8"]);
});

test("so many servers are remembered at most", () => {
  const { learn, common } = createCommonFeatures();
  for (let port = 1; port <= 10_001; port++) learn({ address: "192.0.2.1", port }, ["UTF8"]);
  expect(common([{ address: "192.0.2.1", port: 1 }])).toEqual([]);
  expect(common([{ address: "192.0.2.1", port: 2 }])).toEqual(["UTF8"]);
});
