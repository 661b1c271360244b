// What the README claims in tables and commands is compared with what the program has.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseArguments } from "../src/cli/arguments.ts";
import { configFrom } from "../src/config/parse.ts";
import { quirks } from "../src/ftp/quirks.ts";
import { endReasons, refusalReasons } from "../src/session/reasons.ts";

const root = new URL("../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");

/** The cells of a table between its marks, the code marks and escapes removed. */
function table(mark: string): string[][] {
  const text = new RegExp(`<!-- ${mark}:begin -->([^]*)<!-- ${mark}:end -->`).exec(readme)?.[1] ?? "";
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\\|", "|")),
  );
}

function firstColumn(mark: string): string[] {
  return table(mark).map(([cell = ""]) => cell.replaceAll("`", ""));
}

test("the table of refusals has each refusal reason once, in the order of the source", () => {
  expect(firstColumn("reasons")).toEqual([...refusalReasons]);
});

test("the table of ends has each end reason once", () => {
  expect(firstColumn("ends")).toEqual([...endReasons]);
});

test("the table of oddities has each quirk once, and the one of the machine", () => {
  expect(firstColumn("quirks")).toEqual([...quirks, "other-source-port"]);
});

/** `gateways[].limits.sessions` of every key in a document; a list of mappings is one of them. */
function paths(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.some(isMapping) ? value.flatMap((item) => paths(item, `${path}[]`)) : [];
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = path === "" ? key : `${path}.${key}`;
    return [here, ...paths(inner, here)];
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

test("the table of the configuration has every key of the full example, and the other routes", () => {
  const example = parse(readFileSync(new URL("deploy/config/full.yml", root), "utf8")) as unknown;
  const sections = ["log", "kernel", "clientSide", "serverSide", "policy", "limits", "timeouts"];
  const keys = paths(example).filter((path) => !sections.includes(path.split(".").at(-1) ?? ""));
  const documented = firstColumn("config");
  const leaves = keys.filter((path) => !path.startsWith("gateways[].policy.commands."));
  const others = ["gateways[].route.login.allow", "gateways[].route.transparent"];
  expect(documented.toSorted()).toEqual([...new Set([...leaves, ...others])].toSorted());
});

test("each default that the table names is what the key has when left out", () => {
  const minimal = () => ({ admin: {}, gateways: [{ listen: ["127.0.0.1:0"], route: { server: "192.0.2.5:21" } }] });
  const rows = table("config").filter(([, value = ""]) => /^`[^`]*`$/.test(value));
  expect(rows.length).toBeGreaterThan(25);
  for (const [key = "", value = ""] of rows) {
    const document: Record<string, unknown> = minimal();
    const names = key.replaceAll("`", "").replace("gateways[]", "gateways.0").split(".");
    let place: Record<string, unknown> = document;
    for (const name of names.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>;
    place[names.at(-1) ?? ""] = parse(value.replaceAll("`", ""));
    expect(configFrom(document), key).toEqual(configFrom(minimal()));
  }
});

test("every configuration that is shown passes check, and every command line is understood", () => {
  const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```/gm)];
  const yamls = blocks.filter(([, language]) => language === "yaml");
  expect(yamls.length).toBeGreaterThan(1);
  for (const [, , text = ""] of yamls) expect(configFrom(parse(text)), text).toMatchObject({ ok: true });

  const lines = blocks.flatMap(([, , text = ""]) => text.replaceAll(/\n {4,}/g, " ").split("\n"));
  const commands = lines.flatMap((line) => /^(?:npm start -- |ftp-alg )(.*?)(?: {2,}.*)?$/.exec(line)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) {
    const argv = command.replaceAll(/[[\]]/g, "").split(" ");
    expect(parseArguments(argv), command).not.toMatchObject({ command: "wrong-usage" });
  }
});

test("the map of the source has every folder of it", () => {
  const src = new URL("src/", root);
  const folders = readdirSync(src, { withFileTypes: true, recursive: true }).filter((entry) => entry.isDirectory());
  const below = folders.map(({ parentPath, name }) => relative(fileURLToPath(root), join(parentPath, name)));
  const mapped = [...readme.matchAll(/^(src\/\S+)\/ /gm)].map(([, folder = ""]) => folder);
  expect(mapped.toSorted()).toEqual(below.toSorted());
});

test("every file and every section that is linked exists", () => {
  const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(links.length).toBeGreaterThan(4);
  for (const link of links) {
    if (link.startsWith("#")) expect(headings).toContain(link.slice(1));
    else expect(existsSync(new URL(link, root)), link).toBe(true);
  }
});
