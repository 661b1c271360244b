// The picture of the front page is what the gateway draws today.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { elementsOf, readXml, textOf } from "../observe/ladder/xml.ts";
import { drawLadderPicture, pictureFile } from "./ladder-picture.ts";

/** What is said in it, each once and without numbers: times, figures and the order of what happens at once differ from run to run. */
function said(svg: string): readonly string[] {
  const texts = elementsOf(readXml(svg), "text").map(textOf);
  const lasting = texts.filter((text) => !/^[\d:.]+$| \u00b7 /.test(text));
  return [...new Set(lasting.map((text) => text.replace(/\d+/g, "0")))].toSorted();
}

test("the picture of the front page is drawn by the gateway of today, small enough for a page", async () => {
  const kept = readFileSync(pictureFile, "utf8");
  expect(kept.length).toBeLessThan(200_000);
  expect(said(await drawLadderPicture())).toEqual(said(kept));
  expect(kept).toContain("PORT 127,0,0,");
  expect(kept).not.toContain("not-to-be-seen");
});

test("the front page shows it", () => {
  const readme = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
  expect(readme).toContain("](deploy/pictures/ladder.svg)");
});
