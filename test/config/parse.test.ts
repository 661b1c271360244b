import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Config, GatewayConfig } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";

const examples = new URL("../../deploy/config/", import.meta.url);

function configIn(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** The one gateway of a minimal file with some lines of its own. */
function gatewayWith(extra: string): GatewayConfig {
  const route = extra.includes("route:") ? "" : 'route: { server: "10.0.0.5:21" }';
  return configIn(`gateways:\n  - listen: ["127.0.0.1:0"]\n    ${route}\n    ${extra}\n`).gateways[0]!;
}

const defaults: GatewayConfig = {
  name: "gateway-1",
  listen: [{ address: "127.0.0.1", port: 0 }],
  route: { kind: "fixed", server: { host: "10.0.0.5", port: 21 } },
  clientSide: { advertiseTo: [], dataPeer: "same-address", dataProxyProtocol: false },
  serverSide: { mode: "same", dataPeer: "same-address" },
  dataPlane: "auto",
  policy: {
    foreignAddress: { kind: "use-peer" },
    minDataPort: 1024,
    commands: { deny: [] },
    readOnly: false,
    anonymousOnly: false,
    pinholesBeforeLogin: false,
    tellInnerAddresses: false,
  },
  policies: [],
  probe: { user: "anonymous" },
  limits: {
    sessions: 10_000,
    sessionsPerClient: 100,
    preLogin: 50,
    connectsPerSecond: { rate: 100, burst: 1000 },
    commandsPerSecond: { rate: 1000, burst: 10_000 },
    pinholesPerClient: 100,
    loginFailures: { withinMs: 600_000, most: 100, banMs: 60_000, banMostMs: 3_600_000 },
    bufferedBytes: 262_144,
    commandBytes: 4096,
    replyLineBytes: 65_536,
    heldCommands: 64,
    badLines: 10,
  },
  timeouts: {
    connectMs: 10_000,
    loginMs: 60_000,
    idleMs: 900_000,
    pinholeMs: 60_000,
    dataStallMs: 300_000,
    lingerMs: 10_000,
    drainMs: 300_000,
    keepaliveMs: 60_000,
  },
};

test("whatever is left out has its default", () => {
  expect(configIn('gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5:21" } }]')).toStrictEqual({
    log: { level: "info", format: "json", debugFor: [] },
    workers: 1,
    driver: "auto",
    history: { sessions: 1000, failures: 1000, bytesPerSession: 64 * 1024, totalBytes: 64 * 1024 * 1024 },
    kernel: { table: "ftp_alg", mark: 0x46000000, mask: 0xff000000 },
    gateways: [defaults],
  });
});

test("an empty section has the defaults of all its keys", () => {
  const sections = ["clientSide", "serverSide", "policy", "limits", "timeouts"];
  expect(gatewayWith(sections.map((section) => `${section}: {}`).join("\n    "))).toStrictEqual(defaults);
});

test("full.yml has every key that has a default", () => {
  const document = parse(readFileSync(new URL("full.yml", examples), "utf8")) as { gateways: [Record<string, object>] };
  const [shown] = document.gateways;
  const written = (section: object): string[] => Object.keys(section).map((key) => key.replace(/Ms$/, ""));
  expect(Object.keys(shown)).toEqual(expect.arrayContaining(written(defaults)));
  for (const section of ["clientSide", "serverSide", "policy", "limits", "timeouts"] as const) {
    expect(Object.keys(shown[section] ?? {}), section).toEqual(expect.arrayContaining(written(defaults[section])));
  }
});

test("full.yml shows the default of every key that has one", () => {
  const { log, admin, gateways } = configIn(readFileSync(new URL("full.yml", examples), "utf8"));
  expect({ log, admin }).toEqual({
    log: { level: "info", format: "json", debugFor: [] },
    admin: { listen: { address: "127.0.0.1", port: 9121 }, hosts: [], open: false },
  });
  expect(gateways).toEqual([
    {
      ...defaults,
      name: "public",
      logLevel: "info",
      listen: [
        { address: "0.0.0.0", port: 21 },
        { address: "::", port: 21 },
      ],
      clientSide: { ...defaults.clientSide, advertise: "203.0.113.7", dataPorts: { first: 50_000, last: 50_999 } },
      serverSide: { ...defaults.serverSide, advertise: "198.51.100.1", dataPorts: { first: 51_000, last: 51_999 } },
    },
  ]);
});

test.each(readdirSync(examples))("the example %s is a configuration", (file) => {
  expect(parseConfig(readFileSync(new URL(file, examples), "utf8"))).toMatchObject({ ok: true });
});

test("the admin listener is on loopback unless told otherwise, and absent unless asked for", () => {
  const gateways = 'gateways: [{ listen: ["127.0.0.1:0"], route: { transparent: {} } }]';
  expect(configIn(gateways).admin).toBeUndefined();
  expect(configIn(`admin: {}\n${gateways}`).admin).toEqual({
    listen: { address: "127.0.0.1", port: 9121 },
    hosts: [],
    open: false,
  });
  expect(configIn(`admin: { listen: "192.0.2.1:9121", token: { file: t } }\n${gateways}`).admin).toEqual({
    ...{ listen: { address: "192.0.2.1", port: 9121 }, hosts: [], token: { file: "t" }, open: false },
  });
  expect(configIn(`admin: { hosts: [GW.example.net.] }\n${gateways}`).admin?.hosts).toEqual(["gw.example.net"]);
});

test("an entry of policies has the keys that it names from itself, and all others from policy", () => {
  const { policy, policies } = gatewayWith(
    "policy: { readOnly: true, minDataPort: 2000, commands: { deny: [SITE] } }\n    policies: [" +
      '{ clients: [10.0.0.0/8, "fd00::/8"], readOnly: false, foreignAddress: refuse }, ' +
      '{ users: [Alice, "backup-*", "corp\\\\bob"], commands: { allow: [RETR] }, minDataPort: 0 }]',
  );
  expect(policies).toStrictEqual([
    {
      clients: [
        { base: "10.0.0.0", bits: 8 },
        { base: "fd00::", bits: 8 },
      ],
      policy: { ...policy, readOnly: false, foreignAddress: { kind: "refuse" } },
    },
    {
      users: ["alice", "backup-*", "corp\\bob"],
      policy: { ...policy, commands: { allow: ["RETR"] }, minDataPort: 0 },
    },
  ]);
});

test("one network or one user of an entry needs no list", () => {
  const { policies } = gatewayWith("policies: [{ clients: 10.0.0.0/8, users: alice, readOnly: true }]");
  expect(policies).toMatchObject([{ clients: [{ base: "10.0.0.0", bits: 8 }], users: ["alice"] }]);
});

test("an unnamed gateway is named by its place", () => {
  const gateway = '{ listen: ["127.0.0.1:0"], route: { transparent: {} } }';
  expect(configIn(`gateways: [${gateway}, ${gateway}]`).gateways.map(({ name }) => name)).toEqual([
    "gateway-1",
    "gateway-2",
  ]);
});

test("each route has its own shape", () => {
  expect(gatewayWith("route: { server: FTP.Example.com }").route).toEqual({
    kind: "fixed",
    server: { host: "ftp.example.com", port: 21 },
  });
  expect(gatewayWith('route: { login: { allow: ["*.example.com", 10.0.0.0/8] } }').route).toEqual({
    kind: "login",
    allow: [
      { kind: "name", pattern: "*.example.com" },
      { kind: "network", network: { base: "10.0.0.0", bits: 8 } },
    ],
  });
  const transparent = {
    kind: "transparent",
    method: "redirect",
    ports: [21],
    advertise: "gateway",
    clientAddress: false,
  };
  expect(gatewayWith("route: { transparent: {} }").route).toEqual(transparent);
});

test("a transparent route says how and where connections are intercepted", () => {
  const given = "{ method: tproxy, ports: [21, 2121], interface: eth0.5, advertise: server, clientAddress: true }";
  expect(gatewayWith(`route: { transparent: ${given} }\n    clientSide: { dataPorts: 50000-50999 }`).route).toEqual({
    ...{ kind: "transparent", method: "tproxy", ports: [21, 2121], interface: "eth0.5" },
    ...{ advertise: "server", clientAddress: true },
  });
});

test("both sides take what is theirs", () => {
  const gateway = gatewayWith(`clientSide:
      advertise: 203.0.113.7
      advertiseTo: [{ clients: 10.0.0.0/8, address: 10.0.0.1 }]
      dataPorts: 50000-50999
      dataPeer: same-network
    serverSide: { mode: auto, advertise: "FD00::1", dataPorts: 51000, dataPeer: any }`);
  expect(gateway.clientSide).toEqual({
    advertise: "203.0.113.7",
    advertiseTo: [{ clients: { base: "10.0.0.0", bits: 8 }, address: "10.0.0.1" }],
    dataPorts: { first: 50_000, last: 50_999 },
    dataPeer: "same-network",
    dataProxyProtocol: false,
  });
  expect(gateway.serverSide).toEqual({
    mode: "auto",
    advertise: "fd00::1",
    dataPorts: { first: 51_000, last: 51_000 },
    dataPeer: "any",
  });
});

test("policy on foreign addresses is a word or a list of networks", () => {
  expect(gatewayWith("policy: { foreignAddress: refuse }").policy.foreignAddress).toEqual({ kind: "refuse" });
  expect(gatewayWith("policy: { foreignAddress: { allow: [10.0.0.7] } }").policy.foreignAddress).toEqual({
    kind: "allow",
    networks: [{ base: "10.0.0.7", bits: 32 }],
  });
});

test("one value alone is a list of one wherever a list of values is meant", () => {
  const one = (extra: string) => gatewayWith(extra);
  expect(configIn('gateways: [{ listen: "127.0.0.1:0", route: { server: ftp } }]').gateways[0]?.listen).toEqual([
    { address: "127.0.0.1", port: 0 },
  ]);
  expect(one('route: { login: { allow: "*.example.com" } }').route).toMatchObject({
    allow: [{ kind: "name", pattern: "*.example.com" }],
  });
  expect(one("route: { transparent: { ports: 2121 } }").route).toMatchObject({ ports: [2121] });
  expect(one("policy: { commands: { deny: site } }").policy.commands).toEqual({ deny: ["SITE"] });
  expect(one("policy: { foreignAddress: { allow: 10.0.0.7 } }").policy.foreignAddress).toMatchObject({
    networks: [{ base: "10.0.0.7", bits: 32 }],
  });
});

test("a port alone is that port on every address of both families", () => {
  const both = ["0.0.0.0", "::"].map((address) => ({ address, port: 21 }));
  for (const listen of ['":21"', '[":21"]']) {
    expect(configIn(`gateways: [{ listen: ${listen}, route: { server: ftp } }]`).gateways[0]?.listen).toEqual(both);
  }
});

test("verbs are taken in any case and kept in upper case", () => {
  expect(gatewayWith("policy: { commands: { allow: [user, Pass] } }").policy.commands).toEqual({
    allow: ["USER", "PASS"],
  });
});

test("a byte order mark and CRLF line ends are no problem", () => {
  expect(
    parseConfig('\uFEFFgateways:\r\n  - listen: ["127.0.0.1:0"]\r\n    route: { transparent: {} }\r\n'),
  ).toMatchObject({ ok: true });
});

test("nesting and aliases without end are refused without harm", () => {
  expect(parseConfig("[".repeat(100_000))).toMatchObject({ ok: false });
  const laughs = Array.from(
    { length: 20 },
    (_, line) => `k${line + 1}: &a${line + 1} [*a${line}, *a${line}, *a${line}]`,
  );
  expect(parseConfig(`k0: &a0 [x, x]\n${laughs.join("\n")}`)).toMatchObject({ ok: false });
  expect(parseConfig("gateways: &a [*a]")).toMatchObject({ ok: false });
});

const keys = fc.constantFrom(
  ...["log", "admin", "gateways", "listen", "route", "server", "login", "allow", "transparent", "clientSide"],
  ...["dataPorts", "policy", "foreignAddress", "commands", "deny", "limits", "timeouts", "idle", "__proto__", "name"],
);
const scalars = fc.oneof(
  fc.constantFrom("0.0.0.0:21", "[::]:21", "10.0.0.0/8", "50000-50999", "15m", "64KiB", "use-peer", "ftp.example.com"),
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);

const marks = [
  "{",
  "}",
  "[",
  "]",
  ":",
  "-",
  "&",
  "*",
  "!",
  "|",
  ">",
  " ",
  "\n",
  "\t",
  "#",
  "'",
  '"',
  "a",
  "1",
  ",",
  "?",
  "%",
];

test("parseConfig never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(...marks) })), (text) => {
      const parsed = parseConfig(text);
      if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("parseConfig never throws, whatever the document, and says a path for each problem", () => {
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { depthSize: "small" },
      scalars,
      fc.array(tie("document"), { maxLength: 3 }),
      fc.dictionary(keys, tie("document"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(document, (value) => {
      const parsed = parseConfig(stringify({ gateways: [value] }));
      if (parsed.ok) return;
      for (const { path, message } of parsed.problems) {
        expect(path).not.toBe("");
        expect(message).not.toMatch(/^Invalid input|\n/);
      }
    }),
    { numRuns: 500 },
  );
});

test("data ports that are published under other numbers are told apart from those that the gateway listens on", () => {
  const { clientSide } = gatewayWith("clientSide: { dataPorts: { listen: 50000-50099, advertise: 30000-30099 } }");
  expect(clientSide.dataPorts).toEqual({ first: 50_000, last: 50_099, advertised: { first: 30_000, last: 30_099 } });
});

test("an advertised address is a literal one, or a name or a file in which it is found", () => {
  const { clientSide } = gatewayWith(`clientSide:
      advertise: { name: FTP.example.net, every: 1m }
      advertiseTo: [{ clients: 10.0.0.0/8, address: { file: /run/lan-ip } }]`);
  expect(clientSide.advertise).toEqual({ name: "ftp.example.net", everyMs: 60_000 });
  expect(clientSide.advertiseTo[0]?.address).toEqual({ file: "/run/lan-ip" });
  expect(gatewayWith("serverSide: { advertise: { name: gw } }").serverSide.advertise).toEqual({
    name: "gw",
    everyMs: 30_000,
  });
});

test("a pool is a list of servers, each by its name and with a weight", () => {
  const { route } = gatewayWith(
    'route: { servers: ["10.0.0.5", { server: "[fd00::6]:2121", weight: 3, proxyProtocol: v1 }, FTP.example.com], health: { fall: 5 }, slowStart: 30s }',
  );
  expect(route).toEqual({
    kind: "pool",
    servers: [
      { name: "10.0.0.5:21", server: { host: "10.0.0.5", port: 21 }, weight: 1 },
      { name: "[fd00::6]:2121", server: { host: "fd00::6", port: 2121 }, weight: 3, proxyProtocol: "v1" },
      { name: "ftp.example.com:21", server: { host: "ftp.example.com", port: 21 }, weight: 1 },
    ],
    balance: "least-sessions",
    everyMs: 10_000,
    fall: 5,
    slowStartMs: 30_000,
  });
});

test("health of a pool has checks as soon as one of their keys is there", () => {
  const checksWith = (health: string) => {
    const { route } = gatewayWith(`route: { servers: [a, b], health: ${health} }`);
    return route.kind === "pool" ? route.checks : expect.fail();
  };
  expect(checksWith("{ every: 1s, fall: 2 }")).toBe(undefined);
  expect(checksWith("{ rise: 3 }")).toEqual({ rise: 3, timeoutMs: 5000, isListing: false });
  expect(checksWith("{ timeout: 1s }")).toEqual({ rise: 2, timeoutMs: 1000, isListing: false });
  expect(checksWith("{ transfer: none }")).toEqual({ rise: 2, timeoutMs: 5000, isListing: false });
  expect(checksWith("{ login: { user: m, passwordFile: /p }, transfer: list }")).toEqual({
    ...{ rise: 2, timeoutMs: 5000, isListing: true },
    login: { user: "m", passwordFile: "/p" },
  });
});

test("a check that lists has to log in", () => {
  const parsed = parseConfig("gateways: [{ listen: :21, route: { servers: [a], health: { transfer: list } } }]");
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    { path: "gateways[0].route.health.transfer", message: "list needs login" },
  ]);
});

test("data ports may be for the networks of a balancer, and a header there needs an entrance that has one", () => {
  const [gateway] = configIn(`gateways:
  - listen: { endpoint: ":21", proxyProtocol: { from: 10.0.0.0/24 } }
    route: { server: a }
    clientSide: { dataPeer: { networks: 10.0.0.0/24 }, dataProxyProtocol: true }
`).gateways;
  const { clientSide, listen } = gateway ?? expect.fail();
  const networks = [{ base: "10.0.0.0", bits: 24 }];
  expect(clientSide).toMatchObject({ dataPeer: { networks }, dataProxyProtocol: true });
  expect(listen[0]?.proxyProtocol).toEqual({ from: [{ base: "10.0.0.0", bits: 24 }] });
});

test.each([
  ["clientSide: { dataProxyProtocol: true }", "clientSide.dataProxyProtocol", "needs an entrance with proxyProtocol"],
  ["clientSide: { dataPeer: { networks: [] } }", "clientSide.dataPeer.networks", "needs at least one network"],
])("%s is refused", (line, path, message) => {
  const parsed = parseConfig(`gateways:\n  - listen: :21\n    route: { server: a }\n    ${line}\n`);
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    { path: `gateways[0].${path}`, message: expect.stringContaining(message) },
  ]);
});

test("a server of a pool that wants headers on data connections has to say in what version", () => {
  const parsed = parseConfig("gateways: [{ listen: :21, route: { servers: { server: a, proxyProtocolData: true } } }]");
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    { message: "needs proxyProtocol, which says in what version" },
  ]);
});
