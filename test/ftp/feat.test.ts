import fc from "fast-check";
import { expect, test } from "vitest";
import { featureOf } from "../../src/ftp/feat.ts";
import { upperCaseAscii } from "../../src/ftp/command.ts";
import { charactersOf } from "./every-chunking.ts";

test.each([
  ["one space, as RFC 2389 has it", " MDTM", "MDTM"],
  ["parameters behind the name", " REST STREAM", "REST"],
  ["facts behind the name", " MLST Type*;Size*;Modify*;", "MLST"],
  ["D2.32 no space", "UTF8", "UTF8"],
  ["D2.32 four spaces (Microsoft)", "    SIZE", "SIZE"],
  ["D2.32 a tab", "\tEPSV", "EPSV"],
  ["a tab behind the name", " AUTH\tTLS", "AUTH"],
  ["lower case", " utf8", "UTF8"],
  ["the code repeated", "211-EPRT", "EPRT"],
  ["the code repeated and a space", "211- PASV", "PASV"],
  ["bytes that are no ASCII", " x\xff", "X\xff"],
])("a feature line is read: %s", (_title, line, feature) => {
  expect(featureOf(line)).toBe(feature);
});

test.each([[""], ["  "], ["\t"], ["211-"]])("a blank line names no feature: %j", (line) => {
  expect(featureOf(line)).toBeUndefined();
});

test("any line names a feature without blanks that stands in it, or none", () => {
  const line = fc.string({ unit: fc.constantFrom(...charactersOf("211-  \tEPSVaz;*\0\xff\xe4")), maxLength: 30 });
  fc.assert(
    fc.property(line, (text) => {
      const feature = featureOf(text);
      if (feature === undefined) return;
      expect(feature).toMatch(/^[^ \ta-z]+$/);
      expect(upperCaseAscii(text)).toContain(feature);
    }),
    { numRuns: 2000 },
  );
});
