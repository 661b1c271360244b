import fc from "fast-check";
import { expect, test } from "vitest";
import {
  acceptingRule,
  acceptsMark,
  droppingForwardChains,
} from "../../../../src/dataplane/kernel/nftables/forward-chains.ts";
import { createMarks } from "../../../../src/dataplane/kernel/marks.ts";

const chain = (more: object) => ({
  chain: { family: "inet", table: "fw", name: "fwd", type: "filter", hook: "forward", policy: "drop", ...more },
});
const listing = (...chains: object[]) => JSON.stringify({ nftables: [{ metainfo: { version: "1.0.6" } }, ...chains] });

test("chains that drop what is forwarded are found, in every table that sees it but our own", () => {
  const text = listing(
    chain({}),
    chain({ family: "ip", table: "filter", name: "FORWARD" }),
    chain({ policy: "accept", name: "open" }),
    chain({ hook: "input", name: "in" }),
    chain({ hook: undefined, policy: undefined, name: "plain" }),
    chain({ family: "bridge", name: "bridged" }),
    chain({ table: "ftp_alg" }),
  );
  expect(droppingForwardChains(text, "ftp_alg")).toEqual([
    { family: "inet", table: "fw", chain: "fwd" },
    { family: "ip", table: "filter", chain: "FORWARD" },
  ]);
});

test("the rule it needs is recognised in both forms that nft writes", () => {
  const marks = createMarks();
  const found = { family: "ip", table: "filter", chain: "FORWARD" };
  expect(acceptingRule(found, marks)).toBe(
    "nft insert rule ip filter FORWARD ct mark & 0xff000000 == 0x46000000 accept",
  );
  expect(acceptsMark("  ct mark & 0xff000000 == 0x46000000 accept\n", marks)).toBe(true);
  expect(acceptsMark("  ct mark 0x46000000/8 counter packets 0 bytes 0 accept\n", marks)).toBe(true);
  expect(acceptsMark("  ct mark 0x46000000/8 drop\n  ct state established accept\n", marks)).toBe(false);
  expect(acceptsMark("  ct mark 0x46000000/16 accept\n", marks)).toBe(false);
});

test("whatever nft prints, nothing is thrown", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((inner) => `{"nftables":[{"chain":${inner}}]}`),
      ),
      (text) => {
        expect(droppingForwardChains(text, "ftp_alg")).toEqual([]);
      },
    ),
  );
});
