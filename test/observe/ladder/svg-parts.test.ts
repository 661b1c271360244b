import { expect, test } from "vitest";
import { changedPart, markedRows } from "../../../src/observe/ladder/svg-parts.ts";

const changed = (text: string, other: string) => {
  const part = changedPart(text, other);
  return part && text.slice(part.from, part.to);
};

test.each([
  ["227 Entering (192,0,2,1,195,90)", "227 Entering (10,0,0,5,200,10)", "192,0,2,1,195,90"],
  ["229 ok (|||50010|)", "229 ok (|||50123|)", "50010"],
  ["PORT 10,0,0,1,199,56", "EPSV", "PORT 10,0,0,1,199,56"],
  ["CWD a", "CWD  a", undefined],
  ["CWD  a", "CWD a", " "],
  ["same", "same", undefined],
])("of %s in place of %s, %s has changed: whole words and numbers", (text, other, part) => {
  expect(changed(text, other)).toBe(part);
});

test("a mark that is broken over two rows is marked in both, and everything is escaped", () => {
  const spans = [{ from: 2, to: 9, className: "changed" }];
  expect(markedRows("a <b c> d & e", 6, spans)).toEqual([
    'a <tspan class="ladder-changed">&#60;b</tspan>',
    '<tspan class="ladder-changed">c&#62; d</tspan> &#38;',
    "e",
  ]);
});
