// The quirk catalogue, src/ftp/QUIRKS.md, is compared with what cites it and with the words that it uses.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { quirks } from "../../src/ftp/quirks.ts";
import { endReasons, refusalReasons } from "../../src/session/reasons.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const catalogueFile = "src/ftp/QUIRKS.md";
const catalogue = readFileSync(join(root, catalogueFile), "utf8");

type Entry = { number: string; text: string };

/** Entries in order; the text of each reaches to the next heading. */
const entries: readonly Entry[] = [...catalogue.matchAll(/^### (\S+) [^]*?(?=^##|$(?![^]))/gm)].map(
  ([text, number = ""]) => ({ number, text }),
);
const numbers = entries.map(({ number }) => number);

/** The value of `- **Name**: value`, continuation lines included. */
function field(entry: Entry, name: string): string | undefined {
  return new RegExp(`^- \\*\\*${name}\\*\\*: ([^]*?)(?=^- |$(?![^]))`, "m").exec(entry.text)?.[1];
}

/** Every file of the project that people write. */
function writtenFiles(): readonly string[] {
  const below = ["src", "test", "deploy"].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length)),
  );
  return [...below, ...readdirSync(root).filter((name) => name.endsWith(".md"))];
}

/** `D3.50`; ranges are written `D4.72-76` and `D3.54–D3.58`. */
const citation = /\bD([1-9])\.(\d+)(?:[-–](?:D\1\.)?(\d+))?/g;

function citedIn(text: string): readonly string[] {
  return [...text.matchAll(citation)].flatMap(([, section = "", first = "", last = first]) =>
    Array.from(
      { length: Math.max(Number(last) - Number(first), 0) + 1 },
      (_, at) => `D${section}.${Number(first) + at}`,
    ),
  );
}

const citations = writtenFiles().map((file) => ({ file, cited: citedIn(readFileSync(join(root, file), "utf8")) }));
/** This file's own examples prove nothing. */
const isProof = (file: string): boolean => file.startsWith("test/") && !file.endsWith("quirk-catalogue.test.ts");
const citedByTests = new Set(citations.flatMap(({ file, cited }) => (isProof(file) ? cited : [])));

test("the catalogue has every quirk number that source, tests and books cite", () => {
  const unknown = citations.flatMap(({ file, cited }) =>
    cited.filter((number) => !numbers.includes(number)).map((number) => `${number} in ${file}`),
  );
  expect(unknown).toEqual([]);
  expect(
    new Set(citations.filter(({ file }) => file !== catalogueFile).flatMap(({ cited }) => cited)).size,
  ).toBeGreaterThan(80);
});

test("the quirks of the catalogue are numbered through, none twice, each in the section that its number names", () => {
  const behindDot = numbers.map((number) => Number(number.split(".")[1]));
  expect(behindDot.toSorted((a, b) => a - b)).toEqual(numbers.map((_, at) => at + 1));
  const headings = [...catalogue.matchAll(/^##+ D(\d)/gm)].map(([, section = ""]) => section);
  expect(headings).toEqual(headings.toSorted());
});

describe("each quirk of the catalogue", () => {
  test("says what the gateway does, and how well the fact is known", () => {
    for (const entry of entries) {
      expect(field(entry, "Gateway"), entry.number).toBeDefined();
      expect(field(entry, "Known from"), entry.number).toBeDefined();
    }
  });

  test("is cited by a test, or says that none does", () => {
    const admitted = entries.filter((entry) => field(entry, "Test")?.trim() === "none").map(({ number }) => number);
    expect(admitted).toEqual(numbers.filter((number) => !citedByTests.has(number)));
  });

  test("has no field that is not explained", () => {
    const known = ["Gateway", "Not yet", "Counted as", "Test", "Known from"];
    const used = [...catalogue.matchAll(/^- \*\*(.*?)\*\*: /gm)].map(([, name = ""]) => name);
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  });
});

test("every counted quirk has its place in the catalogue, and no other word is said to be counted", () => {
  const counted = entries.flatMap((entry) =>
    [...(field(entry, "Counted as") ?? "").matchAll(/`([a-z][a-z0-9-]+)`/g)].map(([, word = ""]) => word),
  );
  expect([...new Set(counted)].toSorted()).toEqual([...quirks, "other-source-port"].toSorted());
});

test("the reasons that the catalogue names in parentheses are refusals or ends of a session", () => {
  const reasons: readonly string[] = [...refusalReasons, ...endReasons];
  const named = [...catalogue.matchAll(/\((`[a-z-]{2,}`(?:, `[a-z-]{2,}`)*)\)/g)].flatMap(([, list = ""]) =>
    list.split(", ").map((word) => word.replaceAll("`", "")),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((word) => !reasons.includes(word))).toEqual([]);
});

test("the configuration keys that the catalogue names exist", () => {
  const example = parse(readFileSync(join(root, "deploy/config/full.yml"), "utf8")) as { gateways: [object] };
  const named = [...catalogue.matchAll(/`((?:policy|limits|timeouts|clientSide|serverSide)\.[A-Za-z.]+)`/g)];
  expect(named.length).toBeGreaterThan(10);
  for (const [, path = ""] of named) expect(example.gateways[0], path).toHaveProperty(path);
});
