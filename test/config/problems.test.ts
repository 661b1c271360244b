import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { formatPath } from "../../src/config/problems.ts";

const folder = new URL("invalid/", import.meta.url);

/** One file per mistake in invalid/, and all that `check` says of it. */
const messages: Readonly<Record<string, readonly string[]>> = {
  "admin-hosts.yml": [
    'admin.hosts[0]: expected a host name without a port such as gw.example.net, got "gw.example.net:9121"',
    'admin.hosts[1]: expected a host name without a port such as gw.example.net, got "*"',
  ],
  "server-is-another-gateway.yml": [
    "gateways[0].route.server: 127.0.0.1:2122 is gateways[1].listen[0], and no gateway connects there",
  ],
  "admin-name.yml": [
    'admin.listen: expected a literal address and a port such as 127.0.0.1:9121, got "localhost:9121"; did you mean 127.0.0.1:9121?',
  ],
  "admin-open.yml": [
    "admin.listen: whoever reaches this address reads who transfers what: set admin.token, or admin.open: true where only your monitoring reaches it",
  ],
  "admin-token.yml": ["admin.token.file: expected the path of a file such as /run/ftp-alg/token, got 17"],
  "admin-taken.yml": ["admin.listen: 127.0.0.1:2121 is taken by gateways[0].listen[0] (127.0.0.1:2121)"],
  "advertise-name.yml": [
    'gateways[0].clientSide.advertise: expected a literal address such as 203.0.113.7, got "ftp.example.com"',
  ],
  "advertise-to-family.yml": [
    "gateways[0].clientSide.advertiseTo[0].address: must be of the same address family as clients",
  ],
  "advertise-to-network.yml": [
    'gateways[0].clientSide.advertiseTo[0].clients: expected a network such as 10.0.0.0/8 or fd00::/8, got "10.0.0.0/8/9"',
  ],
  "advertise-unspecified.yml": ["gateways[0].serverSide.advertise: :: is no address that a peer can connect to"],
  "commands-both.yml": ["gateways[0].policy.commands: needs exactly one of deny, allow"],
  "commands-neither.yml": ["gateways[0].policy.commands: needs exactly one of deny, allow"],
  "commands-no-verb.yml": [
    'gateways[0].policy.commands.deny[0]: expected the verb of a command such as SITE or SITE CHMOD, got "SITE CHMOD 644"',
  ],
  "data-peer.yml": [
    'gateways[0].clientSide.dataPeer: expected one of same-address, same-network, any, or { networks: [cidr] }, got "anybody"; did you mean any?',
  ],
  "data-plane.yml": ['gateways[0].dataPlane: expected one of auto, relay, splice, kernel, got "quantum"'],
  "data-ports-contain-listen.yml": [
    "gateways[0].clientSide.dataPorts: 2000-2999 contains port 2121, on which gateways[0].listen[0] listens",
  ],
  "data-ports-empty.yml": [
    "gateways[0].clientSide.dataPorts: the range 50999-50000 is empty: its first port is above its last",
  ],
  "data-ports-malformed.yml": [
    'gateways[0].serverSide.dataPorts: expected a range of ports from 1 to 65535 such as 50000-50999, got "50000:50999"; did you mean 50000-50999?',
  ],
  "data-ports-overlap.yml": [
    "gateways[0].serverSide.dataPorts: 50900-51999 overlaps gateways[0].clientSide.dataPorts (50000-50999); two ranges must be the same or have no port in common",
  ],
  "data-ports-too-high.yml": [
    'gateways[0].clientSide.dataPorts: expected a range of ports from 1 to 65535 such as 50000-50999, got "60000-70000"',
  ],
  "data-ports-zero.yml": [
    'gateways[0].clientSide.dataPorts: expected a range of ports from 1 to 65535 such as 50000-50999, got "0-1023"',
  ],
  "duration-keepalive.yml": ["gateways[0].timeouts.keepalive: must be at least 1s, is 500ms"],
  "duration-too-long.yml": ["gateways[0].timeouts.drain: must be at most 576h, is 1000h"],
  "duration-without-unit.yml": [
    "gateways[0].timeouts.idle: expected a duration such as 250ms, 30s, 15m or 1h30m, got 900; did you mean 900s?",
  ],
  "duration-zero.yml": ["gateways[0].timeouts.connect: must be at least 1ms, is 0s"],
  "empty.yml": ["(top level): expected a mapping, got nothing"],
  "foreign-address-list.yml": [
    "gateways[0].policy.foreignAddress: expected use-peer, refuse or { allow: [networks] }, got a list",
  ],
  "foreign-address-network.yml": [
    'gateways[0].policy.foreignAddress.allow[0]: expected a network such as 10.0.0.0/8 or fd00::/8, got "10.0.0.0/40"',
  ],
  "foreign-address-unknown-key.yml": ["gateways[0].policy.foreignAddress.alow: unknown key; did you mean allow?"],
  "foreign-address-word.yml": [
    'gateways[0].policy.foreignAddress: expected use-peer, refuse or { allow: [networks] }, got "allow"',
  ],
  "gateway-log.yml": [
    'gateways[0].log.level: expected one of trace, debug, info, warn, error, fatal, got "debgu"; did you mean debug?',
    "gateways[0].log.format: unknown key",
  ],
  "gateways-empty.yml": ["gateways: needs at least one gateway"],
  "kernel-mark.yml": ["kernel.mark: has bits outside kernel.mask"],
  "kernel-mask.yml": [
    "kernel.mark: expected a number such as 0x46000000, got 0",
    "kernel.mask: expected 1 to 12 topmost bits, as 0xff000000 is 8, got 65280",
  ],
  "kernel-table.yml": [
    "kernel.table: expected a word of letters, digits and '_', at most 31 long, got \"a b\"",
    'kernel.mark: expected a number such as 0x46000000, got "0x46000000"',
  ],
  "limit-ban.yml": ["gateways[0].limits.loginFailures.banMost: must be at least ban"],
  "limit-buffered-bytes.yml": ["gateways[0].limits.bufferedBytes: must be at least 4KiB, is 1KiB"],
  "limit-fraction.yml": ["gateways[0].limits.sessionsPerClient: expected a whole number from 1 to 1000000, got 1.5"],
  "limit-held-commands.yml": ["gateways[0].limits.heldCommands: expected a whole number from 1 to 100000, got 0"],
  "limit-pre-login.yml": ["gateways[0].limits.preLogin: expected a share from 1% to 100%, got 0.5; did you mean 50%?"],
  "limit-rate.yml": [
    "gateways[0].limits.connectsPerSecond.rate: expected a whole number from 1 to 1000000, got 0",
    "gateways[0].limits.commandsPerSecond: expected a mapping, got 100",
  ],
  "limit-zero.yml": ["gateways[0].limits.sessions: expected a whole number from 1 to 1000000, got 0"],
  "listen-empty.yml": ["gateways[0].listen: needs at least one endpoint"],
  "listen-host-name.yml": [
    'gateways[0].listen[0]: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got "localhost:2121"; did you mean 127.0.0.1:2121?',
  ],
  "listen-missing.yml": ["gateways[0].listen: is required"],
  "listen-not-a-list.yml": [
    "gateways[0].listen: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got a mapping",
  ],
  "listen-port-range.yml": [
    'gateways[0].listen[0]: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got "127.0.0.1:65536"',
  ],
  "listen-twice.yml": ["gateways[0].listen[1]: 127.0.0.1:2121 is taken by gateways[0].listen[0] (127.0.0.1:2121)"],
  "listen-wildcard-taken.yml": [
    "gateways[1].listen[0]: 192.0.2.1:2121 is taken by gateways[0].listen[0] (0.0.0.0:2121)",
  ],
  "log-debug-for.yml": ['log.debugFor[0]: expected a network such as 10.0.0.0/8 or fd00::/8, got "10.0.0.0/33"'],
  "log-file-is-token.yml": ["log.file: is admin.token.file: the two need files of their own"],
  "log-files.yml": ["log.transfers.file: is log.file: the two need files of their own"],
  "log-format.yml": ['log.format: expected one of json, pretty, journal, got "xml"'],
  "log-level.yml": ['log.level: expected one of trace, debug, info, warn, error, fatal, got "loud"'],
  "log-transfers.yml": [
    'log.file: expected the path of a file such as /run/ftp-alg/token, got ""',
    "log.transfers.file: is required",
    'log.transfers.format: expected one of xferlog, json, got "xfer"; did you mean xferlog?',
  ],
  "many.yml": [
    'log.level: expected one of trace, debug, info, warn, error, fatal, got "loud"',
    'gateways[0].listen[1]: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got "x"',
    "gateways[0].clientSide.advertise: 0.0.0.0 is no address that a peer can connect to",
    "gateways[0].clientSide.dataPorts: the range 2-1 is empty: its first port is above its last",
    "gateways[0].rote: unknown key; did you mean route?",
    "gateways[1].route.servers: needs at least one server",
    "gateways[1].listen[0]: 127.0.0.1:2121 is taken by gateways[0].listen[0] (127.0.0.1:2121)",
    "admin.listen: 127.0.0.1:2121 is taken by gateways[0].listen[0] (127.0.0.1:2121)",
    "gateways[0].serverSide.dataPorts: 2000-3000 contains port 2121, on which gateways[0].listen[0] listens",
  ],
  "min-data-port.yml": ["gateways[0].policy.minDataPort: expected a whole number from 0 to 65535, got 65536"],
  "name-is-a-default-name.yml": ["gateways[1].name: gateway-1 is taken by gateways[0].name"],
  "name-not-a-word.yml": [
    "gateways[0].name: expected a word of letters, digits, '.', '_' and '-', at most 63 long, got \"my gateway\"",
  ],
  "name-twice.yml": ["gateways[1].name: a is taken by gateways[0].name"],
  "no-gateways.yml": ["gateways: is required"],
  "read-only-text.yml": ['gateways[0].policy.readOnly: expected true or false, got "yes"; did you mean true?'],
  "route-empty.yml": ["gateways[0].route: needs exactly one of server, servers, login, transparent"],
  "route-login-malformed.yml": [
    'gateways[0].route.login.allow[0]: expected a host name, a pattern such as *.example.com, or a network such as 10.0.0.0/8, got "10.0.0.0/33"',
    'gateways[0].route.login.allow[1]: expected a host name, a pattern such as *.example.com, or a network such as 10.0.0.0/8, got "a*.example.com"',
  ],
  "route-login-open.yml": ["gateways[0].route.login.allow: needs at least one host or network"],
  "route-login-without-allow.yml": ["gateways[0].route.login.allow: is required"],
  "route-missing.yml": ["gateways[0].route: is required"],
  "route-server-is-the-gateway.yml": ["gateways[0].route.server: 127.0.0.1:2121 is this gateway itself"],
  "route-server-malformed.yml": [
    'gateways[0].route.server: expected a host and a port such as 10.0.0.5:21, [fd00::5]:21 or ftp.example.com:21, got "10.0.0.999:21"',
  ],
  "route-server-port-zero.yml": ["gateways[0].route.server: 10.0.0.5:0: nobody can connect to port 0"],
  "route-server-unspecified.yml": ["gateways[0].route.server: 0.0.0.0:21: 0.0.0.0 is no address of a server"],
  "route-servers.yml": [
    "gateways[0].route.servers: names 10.0.0.5:21 twice",
    "gateways[1].route.servers: needs a server whose weight is above 0",
    "gateways[2].route.servers[0].weight: expected a whole number from 0 to 100, got 101",
    "gateways[2].route.servers[1]: expected a host and a port such as 10.0.0.5:21, [fd00::5]:21 or ftp.example.com:21, got 5",
    "gateways[2].route.servers[2].users: needs at least one user",
    'gateways[2].route.servers[3].hosts[1]: expected a host name such as ftp.example.com, or a pattern such as *.example.com, got "*"',
    'gateways[2].route.balance: expected one of least-sessions, round-robin, client-hash, user-hash, got "user"; did you mean user-hash?',
    "gateways[2].route.health.timeout: must be at least 100ms, is 5ms",
    "gateways[2].route.health.login.user: is required",
    "gateways[3].route: balance, health and slowStart have no meaning without servers",
  ],
  "route-transparent-advertise.yml": [
    "gateways[0].clientSide.advertise: has no meaning with method: tproxy, where clients are told the server's own address",
  ],
  "route-transparent-advertise-server.yml": [
    "gateways[0].route.transparent.advertise: needs clientSide.dataPorts, which the rules that intercept data connections name",
  ],
  "route-transparent-client-address.yml": ["gateways[0].route.transparent.clientAddress: needs method: tproxy"],
  "route-transparent-interface.yml": [
    'gateways[0].route.transparent.interface: expected the name of a network interface such as eth0, got "eth0; drop"',
  ],
  "route-transparent-key.yml": ["gateways[0].route.transparent.tproxy: unknown key"],
  "route-transparent-method.yml": ['gateways[0].route.transparent.method: expected one of redirect, tproxy, got "nat"'],
  "route-transparent-no-ports.yml": ["gateways[0].route.transparent.ports: needs at least one port"],
  "route-two-kinds.yml": ["gateways[0].route: needs exactly one of server, servers, login, transparent"],
  "section-without-value.yml": ["gateways[0].limits: expected a mapping, got nothing"],
  "server-mode.yml": [
    'gateways[0].serverSide.mode: expected one of same, passive, active, auto, got "pasv"; did you mean passive?',
  ],
  "size-malformed.yml": [
    'gateways[0].limits.commandBytes: expected a size such as 4096, 64KiB or 1MiB, got "4kB"; did you mean 4KiB?',
  ],
  "size-too-large.yml": ["gateways[0].limits.replyLineBytes: must be at most 16MiB, is 64MiB"],
  "size-too-small.yml": ["gateways[0].limits.commandBytes: must be at least 64 bytes, is 10"],
  "policies-network.yml": [
    'gateways[0].policies[0].clients[1]: expected a network such as 10.0.0.0/8 or fd00::/8, got "10.0.0.0/40"',
  ],
  "policies-nobody.yml": [
    "gateways[0].policies[0].clients: needs at least one network",
    "gateways[0].policies[1].users: needs at least one user",
    "gateways[0].policies[2]: needs clients or users; what holds for everybody stands in policy",
  ],
  "policies-nothing.yml": [
    "gateways[0].policies[0]: changes nothing: needs one of foreignAddress, minDataPort, commands, readOnly, anonymousOnly, pinholesBeforeLogin, tls",
  ],
  "policies-user.yml": [
    'gateways[0].policies[0].users[0]: expected a user\'s name such as alice, or with * for any characters and ? for one as in backup-*, got "[ab]lice"',
    'gateways[0].policies[0].users[1]: expected a user\'s name such as alice, or with * for any characters and ? for one as in backup-*, got " alice"',
    'gateways[0].policies[0].users[2]: expected a user\'s name such as alice, or with * for any characters and ? for one as in backup-*, got "älice"',
    "gateways[0].policies[0].users[3]: expected a user's name such as alice, or with * for any characters and ? for one as in backup-*, got 7",
  ],
  "policies-before-login.yml": [
    "gateways[0].policies[0].pinholesBeforeLogin: has no meaning with users: who the user is shows when the server has accepted a login",
  ],
  "policies-keys.yml": [
    "gateways[0].policies[0].minDataPort: expected a whole number from 0 to 65535, got -1",
    "gateways[0].policies[0].client: unknown key; did you mean clients?",
    "gateways[0].policies[0].readonly: unknown key; did you mean readOnly?",
    "gateways[0].policies[1].commands: needs exactly one of deny, allow",
    'gateways[0].policies[1].tls: expected refuse, passthrough, terminate or { require: none, login or data }, got "refused"; did you mean refuse?',
  ],
  "tls-passthrough.yml": [
    'gateways[0].listen[0].tls: expected implicit, got "explicit"; did you mean implicit?',
    'gateways[0].listen[1].endpoint: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got "127.0.0.1"; did you mean 127.0.0.1:21?',
    "gateways[0].listen[2].endpont: unknown key; did you mean endpoint?",
    "gateways[1].listen: tls: implicit needs policy.tls: passthrough or terminate",
    "gateways[2].policy.tls: passthrough hides commands and users: it has no meaning with readOnly, anonymousOnly, commands, or users in policies",
    "gateways[3].policy.tls: passthrough has no meaning with route.login: clients say AUTH before USER names the server",
  ],
  "tls-terminate.yml": [
    "gateways[0].policy.tls: needs a certificate in tls.certificates or clientSide.tls.certificates",
  ],
  "tls-unknown.yml": ['gateways[0].policy.tls: expected one of refuse, passthrough, terminate, got "maybe"'],
  "unknown-key-near.yml": [
    "gateways[0].clientSide.dataPort: unknown key; did you mean dataPorts?",
    "gateways[0].clientSide.advertice: unknown key; did you mean advertise?",
  ],
  "unknown-key.yml": ["gateways[0].color: unknown key"],
  "yaml-duplicate-key.yml": ["line 2, column 1: Map keys must be unique"],
  "yaml-two-documents.yml": ["line 4, column 1: a second document; a configuration is one"],
  "yaml-unknown-anchor.yml": [
    "(top level): no usable YAML: Unresolved alias (the anchor must be set before the alias): missing",
  ],
  "yaml-unknown-tag.yml": ["line 2, column 13: Unresolved tag: !list"],
  "workers.yml": ['workers: expected a number from 1 on, or auto, got "none"'],
  "workers-ports.yml": [
    "gateways[0].clientSide.dataPorts: 50000-50002 has 3 ports, fewer than workers: 4 takes: each process has at least one of its own",
  ],
};

function problemsIn(text: string): string[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

test.each(Object.entries(messages))("invalid/%s is refused with exactly its messages", (file, expected) => {
  expect(problemsIn(readFileSync(new URL(file, folder), "utf8"))).toEqual(expected);
});

test("every file in invalid/ has its messages here", () => {
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(messages).toSorted());
});

test.each([
  [
    "gateways: [\n",
    "line 2, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["gateways:\n\t- name: a\n", "line 2, column 1: Tabs are not allowed as indentation"],
])("a syntax error is reported with its line and column: %j", (text, message) => {
  expect(problemsIn(text)).toContain(message);
});

test("a path is written as the operator would write it", () => {
  expect(formatPath(["gateways", 0, "listen", 1])).toBe("gateways[0].listen[1]");
  expect(formatPath([])).toBe("(top level)");
});
