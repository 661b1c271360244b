// The operators' handbook is compared with the code: each table has what the program has, and what troubleshooting quotes is said.
import { routes } from "../src/observe/api/routes.ts";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { configFrom } from "../src/config/parse.ts";
import { quirks } from "../src/ftp/quirks.ts";
import { diagnosis } from "../src/session/diagnosis-words.ts";
import { hopCauses, hops } from "../src/session/diagnosis.ts";
import { transferOutcomes } from "../src/session/facts.ts";
import { endReasons, refusalReasons } from "../src/session/reasons.ts";
import { refusalCodes } from "../src/session/refusals.ts";
import { firstColumn, root, rowsOf, section } from "./books.ts";

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

test("the table of failures has each hop with each of its causes, in the words of the program", () => {
  const parts = { endpoint: "ENDPOINT", peer: "PEER", from: "FROM", why: "WHY", said: "WHY" };
  const expected = hops.flatMap((hop) =>
    hopCauses[hop].map((cause) => {
      const side = hop === "gateway" ? { from: "client" } : {};
      const { sentence, advice } = diagnosis({ hop, cause, parts: { ...parts, ...side } }, false);
      return [`\`${hop}\``, `\`${cause}\``, sentence, advice];
    }),
  );
  expect(rowsOf("failures")).toEqual(expected);
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
  const sections = [
    ...["log", "history", "kernel", "clientSide", "serverSide", "policy", "limits", "timeouts", "probe"],
    ...["connectsPerSecond", "commandsPerSecond", "loginFailures"],
  ];
  const keys = paths(example).filter((key) => !sections.includes(key.split(".").at(-1) ?? ""));
  const documented = firstColumn("config");
  const leaves = keys.filter((key) => !key.startsWith("gateways[].policy.commands."));
  const others = [
    ...["log.file", "log.transfers.file", "log.transfers.format"],
    "admin.token.file",
    ...["gateways[].listen[].endpoint", "gateways[].listen[].tls"],
    ...["gateways[].listen[].proxyProtocol", "gateways[].listen[].proxyProtocol.from"],
    ...[
      "servers",
      "servers[].server",
      "servers[].weight",
      "servers[].proxyProtocol",
      "servers[].proxyProtocolData",
      "servers[].users",
      "servers[].hosts",
    ].map((key) => `gateways[].route.${key}`),
    ...["balance", "slowStart", "health.every", "health.fall", "health.timeout", "health.rise"].map(
      (key) => `gateways[].route.${key}`,
    ),
    ...["health.login.user", "health.login.passwordFile", "health.transfer"].map((key) => `gateways[].route.${key}`),
    "gateways[].probe.passwordFile",
    "gateways[].route.login.allow",
    "gateways[].route.transparent",
    ...transparentKeys(),
    ...documented.filter((key) => key.includes("tls.") || key.startsWith("shared.")),
  ];
  expect(documented.toSorted()).toEqual([...new Set([...leaves, ...others])].toSorted());
});

/** A configuration with nothing in it that has a default. */
function minimal(route: object = { server: "192.0.2.5:21" }): Record<string, unknown> {
  return { admin: {}, gateways: [{ listen: ["127.0.0.1:0"], route }] };
}

/** Likewise, where TLS is terminated. */
function terminating(): Record<string, unknown> {
  const [listen, route, policy] = [["127.0.0.1:0"], { server: "192.0.2.5:21" }, { tls: "terminate" }];
  const sides = { clientSide: { tls: { clientCertificates: { ca: "ca" } } }, serverSide: { tls: {} } };
  return { admin: {}, tls: { certificates: { cert: "c", key: "k" } }, gateways: [{ listen, route, policy, ...sides }] };
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
    const isTls = key.includes(".tls.");
    // A section that has one key without a default.
    const needed = key.includes("`shared.") ? { shared: { redis: "redis://192.0.2.5" } } : {};
    const document = isTls ? terminating() : { ...minimal(route), ...structuredClone(needed) };
    const names = key.replaceAll("`", "").replace("gateways[]", "gateways.0").split(".");
    let place: Record<string, unknown> = document;
    for (const name of names.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>;
    place[names.at(-1) ?? ""] = parse(value.replaceAll("`", ""));
    expect(configFrom(document), key).toEqual(configFrom(isTls ? terminating() : { ...minimal(route), ...needed }));
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

test("the table of the API has each request that is answered but for its description", () => {
  const requests = rowsOf("api").map(([request = ""]) => /^`([^?`]+)/.exec(request)?.[1]?.replace("/ID", "/{id}"));
  const served = routes
    .filter((route) => route.path.startsWith("/api/"))
    .map((route) => `${route.method.toUpperCase()} ${route.path}`);
  expect(new Set(["GET /api/openapi.json", ...requests])).toEqual(new Set(served));
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
