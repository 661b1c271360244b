// What the books claim in tables, commands and links is compared with what the program and the repository have.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseArguments } from "../src/cli/arguments.ts";
import { configFrom } from "../src/config/parse.ts";
import { quirks } from "../src/ftp/quirks.ts";
import { transferOutcomes } from "../src/session/facts.ts";
import { endReasons, refusalReasons } from "../src/session/reasons.ts";
import { refusalCodes } from "../src/session/refusals.ts";
import { books, firstColumn, root, rowsOf, section } from "./books.ts";

test("the table of refusals has each refusal reason once, in the order of the source", () => {
  expect(firstColumn("reasons")).toEqual([...refusalReasons]);
});

test("each refusal in the table has the reply codes that the client is given, the usual one first", () => {
  const documented = Object.fromEntries(
    rowsOf("reasons").map(([reason = "", codes]) => [reason.replaceAll("`", ""), codes]),
  );
  expect(documented).toEqual(
    Object.fromEntries(refusalReasons.map((reason) => [reason, refusalCodes(reason).join(", ")])),
  );
});

test("the table of ends has each end reason once", () => {
  expect(firstColumn("ends")).toEqual([...endReasons]);
});

test("the table of outcomes has each outcome of a transfer once", () => {
  expect(firstColumn("outcomes").toSorted()).toEqual([...transferOutcomes].toSorted());
});

test("the table of oddities has each quirk once, and the one of the machine", () => {
  expect(firstColumn("quirks")).toEqual([...quirks, "other-source-port"]);
});

/** `gateways[].limits.sessions` of every key in a document; a list of mappings is one of them. */
function paths(value: unknown, above = ""): string[] {
  if (Array.isArray(value)) return value.some(isMapping) ? value.flatMap((item) => paths(item, `${above}[]`)) : [];
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = above === "" ? key : `${above}.${key}`;
    return [here, ...paths(inner, here)];
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

test("the table of the configuration has every key of the full example, and the other routes", () => {
  const example = parse(readFileSync(path.join(root, "deploy/config/full.yml"), "utf8")) as unknown;
  const sections = ["log", "kernel", "clientSide", "serverSide", "policy", "limits", "timeouts"];
  const keys = paths(example).filter((key) => !sections.includes(key.split(".").at(-1) ?? ""));
  const documented = firstColumn("config");
  const leaves = keys.filter((key) => !key.startsWith("gateways[].policy.commands."));
  const others = ["gateways[].route.login.allow", "gateways[].route.transparent", ...transparentKeys()];
  expect(documented.toSorted()).toEqual([...new Set([...leaves, ...others])].toSorted());
});

/** A configuration with nothing in it that has a default. */
function minimal(route: object = { server: "192.0.2.5:21" }): Record<string, unknown> {
  return { admin: {}, gateways: [{ listen: ["127.0.0.1:0"], route }] };
}

/** The one without a default, and those that the route has when nothing is given. */
function transparentKeys(): string[] {
  const parsed = configFrom(minimal({ transparent: {} }));
  const route = parsed.ok ? (parsed.config.gateways[0]?.route ?? {}) : {};
  const given = Object.keys(route).filter((key) => key !== "kind");
  return ["interface", ...given].map((key) => `gateways[].route.transparent.${key}`);
}

test("each default that the table names is what the key has when left out", () => {
  const rows = rowsOf("config").filter(([, value = ""]) => /^`[^`]*`$/.test(value));
  expect(rows.length).toBeGreaterThan(25);
  for (const [key = "", value = ""] of rows) {
    const route = key.includes(".transparent.") ? { transparent: {} } : undefined;
    const document = minimal(route);
    const names = key.replaceAll("`", "").replace("gateways[]", "gateways.0").split(".");
    let place: Record<string, unknown> = document;
    for (const name of names.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>;
    place[names.at(-1) ?? ""] = parse(value.replaceAll("`", ""));
    expect(configFrom(document), key).toEqual(configFrom(minimal(route)));
  }
});

/** Fenced blocks of every book: where, in which language, what. */
const blocks = [...books].flatMap(([book, text]) =>
  [...text.matchAll(/^```(\w*)\n([^]*?)^```/gm)].map(([, language = "", inner = ""]) => ({ book, language, inner })),
);

test("every configuration that is shown passes check", () => {
  const shown = blocks.filter(({ language }) => language === "yaml");
  expect(shown.length).toBeGreaterThan(1);
  for (const { book, inner } of shown)
    expect(configFrom(parse(inner)), `${book}: ${inner}`).toMatchObject({ ok: true });
});

test("every command line that is shown is understood", () => {
  const lines = blocks.flatMap(({ inner }) => inner.replaceAll(/\n {4,}/g, " ").split("\n"));
  const commands = lines.flatMap((line) => /^(?:npm start -- |ftp-alg )(.*?)(?: {2,}.*)?$/.exec(line)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) {
    const argv = command.replaceAll(/[[\]]/g, "").split(" ");
    expect(parseArguments(argv), command).not.toMatchObject({ command: "wrong-usage" });
  }
});

const sourceText = readdirSync(path.join(root, "src"), { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"))
  .join("\n");

test("the table of log lines has each message that is logged, at its level", () => {
  // A call such as `log.info({ … }, "listening")`, whichever way it is broken into lines.
  const calls = sourceText.matchAll(/\.(debug|info|warn|error|fatal)\((?:\w+|\{[^;]*?\})?,?\s*"([^"\n]+)",?\s*\)/g);
  const logged = [...calls].map(([, level = "", message = ""]) => ({ level, message }));
  expect(logged.length).toBeGreaterThan(20);
  const rows = new Map(rowsOf("log").map(([name = "", ...cells]) => [name.replaceAll("`", ""), cells.join(" ")]));
  for (const { level, message } of logged) expect(rows.get(message), message).toContain(level);
  expect([...rows.keys()].filter((message) => !sourceText.includes(`"${message}"`))).toEqual([]);
});

test("what troubleshooting quotes of replies is what the gateway says", () => {
  const quotes = [...section("troubleshooting").matchAll(/`(\d{3} [^`]*)`/g)].map(([, quote = ""]) => quote);
  expect(quotes.length).toBeGreaterThan(25);
  for (const quote of quotes) {
    // What differs from one reply to the next is left out, or is a verb or an error code.
    const parts = quote.split(/\d?…|\b\d\d\d\b|\b[A-Z]{4,}\b|\bE[A-Z]{6,}\b/).map((part) => part.trim());
    for (const part of parts.filter((text) => /[a-z]{3}/.test(text))) {
      expect(sourceText.includes(part), `${quote}: nothing in src/ says "${part}"`).toBe(true);
    }
  }
});

test("the words that troubleshooting looks for in the log and the metrics are used", () => {
  const rows = section("troubleshooting").matchAll(/^\| `([a-z ]+)` +\|/gm);
  const messages = [...rows].map(([, message = ""]) => message);
  expect(messages.length).toBeGreaterThan(4);
  for (const message of messages) expect(sourceText, message).toContain(`"${message}"`);
  for (const [, reason = ""] of section("troubleshooting").matchAll(/refusal `([a-z-]+)`/g)) {
    expect(refusalReasons, reason).toContain(reason);
  }
  for (const [, reason = ""] of section("troubleshooting").matchAll(/end `([a-z-]+)`/g)) {
    expect(endReasons, reason).toContain(reason);
  }
  for (const [, metric = ""] of section("troubleshooting").matchAll(/`(ftp_alg_[a-z_]+)/g)) {
    if (!metric.endsWith("_")) expect(firstColumn("metrics"), metric).toContain(metric);
  }
});

test("each key that troubleshooting names is one of the configuration", () => {
  const keys = firstColumn("config").map((key) => key.replace("gateways[].", ""));
  const named = section("troubleshooting").matchAll(
    /`((?:log|admin|kernel|route|clientSide|serverSide|policy|limits|timeouts)\.[A-Za-z.]+)/g,
  );
  for (const [, key = ""] of named) expect(keys, key).toContain(key);
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
    for (const [, name = ""] of text.matchAll(/npm run ([a-z]+)/g)) expect(Object.keys(scripts), book).toContain(name);
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
