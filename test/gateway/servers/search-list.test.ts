import fc from "fast-check";
import { expect, test } from "vitest";
import { namesToAsk, parseSearchList } from "../../../src/gateway/servers/search-list.ts";

test("without a list the name itself is asked for", () => {
  expect(parseSearchList("nameserver 10.0.0.53\n")).toEqual({ domains: [], ndots: 1 });
  expect(namesToAsk("ftp", { domains: [], ndots: 1 })).toEqual(["ftp"]);
});

test("the last of search and domain counts, in lower case", () => {
  const text = "domain a.example\nsearch B.example. c.example # of the site\noptions timeout:1 ndots:5 rotate\n";
  expect(parseSearchList(text)).toEqual({ domains: ["b.example", "c.example"], ndots: 5 });
  expect(parseSearchList("; comment\nsearch a.example\ndomain d.example").domains).toEqual(["d.example"]);
});

test("a name with fewer dots than ndots is asked for in the domains first, another one last", () => {
  const list = { domains: ["a.example", "b.example"], ndots: 2 };
  expect(namesToAsk("ftp.x", list)).toEqual(["ftp.x.a.example", "ftp.x.b.example", "ftp.x"]);
  expect(namesToAsk("ftp.x.y", list)).toEqual(["ftp.x.y", "ftp.x.y.a.example", "ftp.x.y.b.example"]);
});

test("the list is no longer than 6 domains and ndots no more than 15, and no name passes 253 letters", () => {
  const list = parseSearchList(
    `search ${Array.from({ length: 9 }, (_, index) => `d${index}`).join(" ")}\noptions ndots:99`,
  );
  expect([list.domains.length, list.ndots]).toEqual([6, 15]);
  expect(namesToAsk("f".repeat(253), list)).toEqual(["f".repeat(253)]);
});

test("of any text a list of few names comes, and the name itself is always among those that are asked for", () => {
  const word = fc.constantFrom(
    "search",
    "domain",
    "options",
    "ndots:9",
    "ndots:-1",
    "A.Example.",
    ".",
    "..",
    "#",
    ";",
    "\0",
    "\xff",
  );
  const line = fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 12 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.domain(), (lines, host) => {
      const list = parseSearchList(lines.join("\n"));
      expect(list.domains.length).toBeLessThanOrEqual(6);
      expect(list.domains).not.toContain("");
      expect(list.ndots).toBeLessThanOrEqual(15);
      const names = namesToAsk(host, list);
      expect(names.filter((name) => name === host).length).toBe(1);
      for (const name of names) expect(name.startsWith(host) && name.length <= 253).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
