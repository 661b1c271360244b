// What the books show and name is compared with what the program and the repository have: configurations, commands, examples,
// files, links.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parseArguments } from "../src/cli/arguments.ts";
import { commands } from "../src/cli/commands.ts";
import { parseConfig } from "../src/config/parse.ts";
import { books, root } from "./books.ts";

/** Fenced blocks of every book: where, in which language, what. */
const blocks = [...books].flatMap(([book, text]) =>
  [...text.matchAll(/^```(\w*)\n([^]*?)^```/gm)].map(([, language = "", inner = ""]) => ({ book, language, inner })),
);

test("every configuration that is shown passes check", () => {
  const shown = blocks.filter(({ language }) => language === "yaml");
  expect(shown.length).toBeGreaterThan(1);
  for (const { book, inner } of shown) expect(parseConfig(inner), `${book}: ${inner}`).toMatchObject({ ok: true });
});

test("every command line that is shown is understood", () => {
  const lines = blocks.flatMap(({ inner }) => inner.replaceAll(/\n {4,}/g, " ").split("\n"));
  const shown = lines.flatMap((line) => /^(?:npm start -- |ftp-alg )(.*?)(?: {2,}.*)?$/.exec(line)?.[1] ?? []);
  expect(shown.length).toBeGreaterThan(4);
  for (const command of shown) {
    const argv = command
      .replace(/ [|<>].*/, "")
      .replaceAll(/[[\]]/g, "")
      .split(" ");
    expect(parseArguments(argv, commands), command).not.toMatchObject({ kind: "wrong-usage" });
  }
});

const unindented = (text: string): string => text.replaceAll(/^[ \t]+/gm, "").trim();

test("an example that names its file stands there, word for word", () => {
  const examples = blocks.flatMap(({ inner }) => {
    const [, file = "", code = ""] = /^\/\/ (\S+\.ts)\n([^]*)$/.exec(inner) ?? [];
    return file === "" ? [] : [{ file, code }];
  });
  expect(examples.length).toBeGreaterThan(4);
  for (const { file, code } of examples) {
    expect(unindented(readFileSync(path.join(root, file), "utf8"))).toContain(unindented(code));
  }
});

test("every npm script that is named exists, and every test file that one of them is given", () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object };
  for (const [book, text] of books) {
    for (const [, name = ""] of text.matchAll(/npm run ([a-z]+(?:-[a-z]+)*)/g))
      expect(Object.keys(scripts), book).toContain(name);
    for (const [, file = ""] of text.matchAll(/(?:npm test --|vitest run|^node|`node) ((?:test|src)\/[^\s`]+)/gm)) {
      expect(existsSync(path.join(root, file)), `${book}: ${file}`).toBe(true);
    }
  }
});

test("the map of the source has every folder of it", () => {
  const folders = readdirSync(path.join(root, "src"), { withFileTypes: true, recursive: true });
  const below = folders
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const mapped = [...books.values()].flatMap((text) =>
    [...text.matchAll(/^(src\/\S+)\/ /gm)].map(([, folder = ""]) => folder),
  );
  expect(mapped.toSorted()).toEqual(below.toSorted());
});

/** What stands in backticks in the book of the source. */
const sourceWords = [
  ...(books.get("src/README.md") ?? "").replaceAll(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g),
].map(([, word = ""]) => word);

test("every file and folder that the book of the source names exists, under src/ or from the top", () => {
  const files = sourceWords.filter(
    (word) => /^[\w./-]+(?:\.(?:ts|json|yml|md)|\w\/)$/.test(word) && word.includes("/"),
  );
  expect(files.length).toBeGreaterThan(60);
  const isThere = (file: string): boolean =>
    [file, path.join("src", file)].some((from) => existsSync(path.join(root, from)));
  expect(files.filter((file) => !/NAME/.test(file) && !isThere(file))).toEqual([]);
});

test("every name of the code that the book of the source uses is still in the code", () => {
  const folders = ["src", "test"].map((folder) => path.join(root, folder));
  const code = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.name.endsWith(".ts"))
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8")),
  );
  const text = code.join("\n");
  const names = sourceWords.flatMap((word) => word.match(/\b[A-Za-z]+[a-z][A-Z]\w*/g) ?? []);
  expect(names.length).toBeGreaterThan(30);
  expect([...new Set(names)].filter((name) => !text.includes(name))).toEqual([]);
});

const withoutCode = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");

/** What GitHub makes of the headings of a book; the second of a name gets a number. */
function anchors(text: string): string[] {
  const seen = new Map<string, number>();
  const headings = text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = ""]) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

test("every file and every section that a book links to exists, in whichever book", () => {
  const links = [...books].flatMap(([book, text]) =>
    [...withoutCode(text).matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => ({ book, target })),
  );
  const local = links.filter(({ target }) => !/^https?:/.test(target));
  expect(local.length).toBeGreaterThan(9);
  for (const { book, target } of local) {
    const [file = "", anchor] = target.split("#");
    const linked = file === "" ? book : path.join(path.dirname(book), file);
    expect(linked, `${book}: ${target} is outside of the repository`).not.toMatch(/^\.\./);
    expect(existsSync(path.join(root, linked)), `${book}: ${target}`).toBe(true);
    if (anchor === undefined) continue;
    const there = anchors(books.get(linked) ?? "");
    expect(there, `${book}: ${target}`).toContain(anchor);
    expect(there, `${book}: ${target} may mean two sections`).not.toContain(`${anchor}-1`);
  }
});

test("the front page is one that is read: 250 lines at most", () => {
  expect(books.get("README.md")?.trimEnd().split("\n").length).toBeLessThanOrEqual(250);
});
