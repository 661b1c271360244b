// Keys of TLS that have no meaning with what else is configured.
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";

const certified = "clientSide: { tls: { certificates: { cert: a, key: b } } }";
const terminating = `policy: { tls: terminate }\n    ${certified}`;
const implicit = 'listen: { endpoint: "0.0.0.0:990", tls: implicit }';

test.each([
  ["listen: :21", "policy: { tls: terminate }", "policy.tls: needs a certificate"],
  ["listen: :21", "clientSide: { tls: {} }", "clientSide.tls: has no meaning without policy.tls: terminate"],
  ["listen: :21", "policy: { tls: passthrough }\n    serverSide: { tls: {} }", "serverSide.tls: has no meaning"],
  [implicit, "log: {}", "listen: tls: implicit needs policy.tls"],
  ["listen: :21", "policy: { tls: passthrough, anonymousOnly: true }", "policy.tls: passthrough hides"],
  ["listen: :21", "policy: { tls: passthrough, commands: { deny: SITE } }", "policy.tls: passthrough hides"],
  ["listen: :21", "policy: { tls: passthrough, commands: { allow: RETR } }", "policy.tls: passthrough hides"],
  [
    "listen: :21",
    "policy: { tls: passthrough }\n    policies: { users: a, readOnly: true }",
    "policies: expected a list",
  ],
  [
    "listen: :21",
    "policy: { tls: passthrough }\n    policies: [{ users: a, readOnly: true }]",
    "policy.tls: passthrough",
  ],
  ["listen: :21", "policies: [{ clients: 10.0.0.0/8, tls: terminate }]", "policies[0].tls: needs a certificate"],
  [
    "listen: :21",
    `${terminating}\n    policies: [{ users: a, tls: terminate }]`,
    "policies[0].tls: has no meaning with users, who say AUTH before USER",
  ],
  [
    "listen: :21",
    `${terminating}\n    policies: [{ clients: 10.0.0.0/8, tls: passthrough }]`,
    "policies[0].tls: a gateway terminates TLS, or lets it pass through, not both",
  ],
  [
    implicit,
    `${terminating}\n    policies: [{ clients: 10.0.0.0/8, tls: refuse }]`,
    "policies[0].tls: refuse has no meaning where a listener has tls: implicit",
  ],
  [
    "listen: :21",
    `${certified}\n    policies: [{ users: a, tls: { require: login } }]`,
    "policies[0].tls: needs policy.tls: terminate",
  ],
  [
    "listen: :21",
    "policies: [{ clients: 10.0.0.0/8, tls: passthrough, readOnly: true }]",
    "policies[0].tls: passthrough hides commands and users",
  ],
])("%s, %s", (listen, lines, problem) => {
  const parsed = parseConfig(`gateways:\n  - ${listen}\n    route: { server: ftp }\n    ${lines}\n`);
  const problems = parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
  expect(problems).toEqual([expect.stringContaining(`gateways[0].${problem}`)]);
});

test("TLS towards a pool needs the one name of its servers, and none that passes through from the first byte on", () => {
  const pool = "    route: { servers: [one, other] }";
  const problemsOf = (lines: string): string[] => {
    const parsed = parseConfig(`gateways:\n  - listen: :21\n${pool}\n${lines}\n`);
    return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
  };
  const secured = (more: string) => `    policy: { tls: terminate }
    clientSide: { tls: { certificates: { cert: a, key: b } } }
    serverSide: { tls: { mode: required${more} } }`;
  expect(problemsOf(secured(""))).toEqual([
    expect.stringContaining("gateways[0].serverSide.tls.name: is needed with route.servers"),
  ]);
  expect(problemsOf(secured(", name: ftp.example.com"))).toEqual([]);
  const passing = `gateways:\n  - ${implicit}\n${pool}\n    policy: { tls: passthrough }\n`;
  const parsed = parseConfig(passing);
  expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual(["gateways[0].listen"]);
});

test.each([
  "servers: { server: one, users: a }",
  "servers: { server: one, hosts: b.example }",
  "servers: [one], balance: user-hash",
])("TLS that passes through hides USER, by which a server is chosen: %s", (route) => {
  const parsed = parseConfig(`gateways:\n  - listen: :21\n    policy: { tls: passthrough }\n    route: { ${route} }\n`);
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    { path: "gateways[0].policy.tls", message: expect.stringContaining("users, hosts or user-hash") },
  ]);
});

test("what has a meaning is no mistake", () => {
  const text = `gateways:\n  - ${implicit}\n    route: { server: ftp }\n`;
  expect(parseConfig(`${text}    policy: { tls: passthrough }\n`).ok).toBe(true);
  const own = "    clientSide: { tls: { certificates: { cert: a, key: b } } }\n";
  expect(parseConfig(`${text}    policy: { tls: terminate, readOnly: true }\n${own}`).ok).toBe(true);
});
