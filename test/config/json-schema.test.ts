// The JSON Schema of the configuration, as an editor's validator reads it, beside what `check` says of the same file.
import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { keyDescriptions, sectionDescriptions } from "../../src/config/descriptions.ts";
import { books, rowsOf } from "../books.ts";

const schema = configJsonSchema();
const validate = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false }).compile(
  schema,
);
const folder = (path: string): URL => new URL(path, import.meta.url);

type Node = { readonly [key: string]: unknown };

/** Every schema that says what a value is, with its path. */
function leaves(node: Node, path: string): { path: string; node: Node }[] {
  const properties = Object.entries((node["properties"] ?? {}) as Record<string, Node>);
  const items = node["items"] as Node | undefined;
  const options = (node["anyOf"] ?? []) as Node[];
  const below = [
    ...properties.flatMap(([key, value]) => leaves(value, `${path}.${key}`)),
    ...(items ? leaves(items, `${path}[]`) : []),
    ...options.flatMap((option) => leaves(option, path)),
  ];
  return below.length > 0 || node["type"] === "object" ? below : [{ path, node }];
}

test("every scalar says what it takes", () => {
  const all = leaves(schema, "");
  expect(all.length).toBeGreaterThan(50);
  const silent = all.filter(({ node }) => !["enum", "pattern", "not", "type"].some((key) => key in node));
  expect(silent.map(({ path }) => path)).toEqual([]);
  const untyped = all.filter(({ node }) => node["type"] === "string" && !("pattern" in node));
  expect(untyped.map(({ path }) => path)).toEqual([]);
});

/** Every key, by its path, with what is said of it. */
function keys(node: Node, path: string): { path: string; description: unknown }[] {
  const properties = Object.entries((node["properties"] ?? {}) as Record<string, Node>);
  const items = node["items"] as Node | undefined;
  return [
    ...properties.flatMap(([key, value]) => {
      const below = path === "" ? key : `${path}.${key}`;
      return [{ path: below, description: value["description"] }, ...keys(value, below)];
    }),
    ...(items ? keys(items, `${path}[]`) : []),
    ...((node["anyOf"] ?? []) as Node[]).flatMap((option) => keys(option, path)),
  ];
}

test("every key says what it is for, in the words of the handbook's tables", () => {
  const meant = keys(schema, "");
  expect(meant.filter(({ description }) => description === undefined)).toEqual([]);
  const plain = (text: string) => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  const rows = rowsOf("config").map(([key = "", , meaning = ""]) => [key.replaceAll("`", ""), plain(meaning)]);
  expect(keyDescriptions).toEqual(Object.fromEntries(rows));
  const paths = meant.map(({ path }) => path);
  for (const path of [...Object.keys(keyDescriptions), ...Object.keys(sectionDescriptions)])
    expect(paths).toContain(path);
});

test("every default that it shows is right, and is what the key has when left out", () => {
  const defaults = (node: Node, path: string): { path: string; value: unknown }[] => [
    ...("default" in node ? [{ path, value: node["default"] }] : []),
    ...Object.entries((node["properties"] ?? {}) as Record<string, Node>).flatMap(([key, value]) =>
      defaults(value, `${path}.${key}`),
    ),
  ];
  const gateway = ((schema["properties"] as Record<string, Node>)["gateways"]?.["items"] ?? {}) as Node;
  const found = defaults(gateway, "");
  expect(found.length).toBeGreaterThan(30);
  expect(found).toContainEqual({ path: ".timeouts.idle", value: "900s" });
  expect(found).toContainEqual({ path: ".limits.preLogin", value: "50%" });
  expect(found).toContainEqual({ path: ".serverSide.mode", value: "same" });
});

const good = [
  ...readdirSync(folder("../../deploy/config/")).map((file) => [
    file,
    readFileSync(folder(`../../deploy/config/${file}`), "utf8"),
  ]),
  ...[...books].flatMap(([book, text]) =>
    [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, inner = ""], index) => [`${book}, block ${index + 1}`, inner]),
  ),
  [
    "variables",
    'gateways:\n  - listen: "${L}"\n    route: { server: "${S}:21" }\n    dataPlane: "${P:-auto}"\n    limits: { sessions: "${N}" }\n',
  ],
  ["anchors", "x-times: &t { idle: 30s }\ngateways: [{ listen: ':21', route: { server: ftp }, timeouts: *t }]\n"],
] as [string, string][];

test.each(good)("a good configuration is good: %s", (_name, text) => {
  validate(parse(text, { merge: true }));
  expect(validate.errors ?? []).toEqual([]);
});

/** What takes more than a look at each value. */
const beyond = [
  ...[
    "admin-open",
    "admin-taken",
    "data-ports-contain-listen",
    "data-ports-empty",
    "data-ports-overlap",
    "log-file-is-token",
    "log-files",
    "listen-twice",
    "name-twice",
    "tls-terminate",
  ],
  ...["listen-wildcard-taken", "name-is-a-default-name", "route-server-is-the-gateway", "server-is-another-gateway"],
  ...["advertise-to-family", "advertise-unspecified", "kernel-mark", "limit-ban", "limit-buffered-bytes"],
  ...[
    "duration-keepalive",
    "duration-too-long",
    "duration-zero",
    "size-too-large",

    "data-ports-zero",
    "workers-ports",
  ],
  ...["route-server-port-zero", "route-server-unspecified", "route-transparent-advertise-server"],
  ...["route-transparent-client-address", "route-transparent-advertise"],
];

test.each(readdirSync(folder("invalid/")).filter((file) => !file.startsWith("yaml-")))(
  "invalid/%s: what `check` finds, the schema finds too, but for what takes more than a look at each value",
  (file) => {
    const text = readFileSync(folder(`invalid/${file}`), "utf8");
    expect(parseConfig(text).ok).toBe(false);
    expect(validate(parse(text))).toBe(beyond.includes(file.replace(".yml", "")));
  },
);
