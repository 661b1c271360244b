// Wrong files as people write them: each is answered with what is meant, and where.
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";

/** One gateway in which a line is wrong: the line stands in place of the one that has its key, or below the others. */
function fileWith(line: string): string {
  const [key = ""] = line.trim().split(":");
  const lines = ['listen: ["0.0.0.0:2121"]', 'route: { server: "10.0.0.5:21" }'].filter(
    (text) => !text.startsWith(`${key}:`),
  );
  return `gateways:\n${[...lines, line].map((text, index) => `${index === 0 ? "  - " : "    "}${text}\n`).join("")}`;
}

test.each([
  ["serverSide: { mode: pasive }", "did you mean passive?"],
  ["serverSide: { mode: PASV }", "did you mean passive?"],
  ["serverSide: { mode: act }", "did you mean active?"],
  ["dataPlane: kernal", "did you mean kernel?"],
  ["dataPlane: nftables", "expected one of auto, relay, splice, kernel"],
  ["clientSide: { dataPeer: same_address }", "did you mean same-address?"],
  ["clientSide: { dataPorts: 50000:50999 }", "did you mean 50000-50999?"],
  ["clientSide: { dataPorts: [50000, 50999] }", "did you mean 50000-50999?"],
  ["clientSide: { dataPorts: 50999-50000 }", "its first port is above its last"],
  ["clientSide: { advertise: 203.0.113.7:21 }", "did you mean 203.0.113.7?"],
  ["clientSide: { advertise: 203.0.113.7/24 }", "did you mean 203.0.113.7?"],
  ["clientSide: { dataPorts: { listen: 50000-50099, advertise: 30000-30098 } }", "must have as many ports as listen"],
  ["clientSide: { dataPorts: { listen: 50000-50099, advertise: 70000 } }", "a range of ports from 1 to 65535"],
  ["clientSide: { dataPorts: { listen: 50000-50099 } }", "is required"],
  ["clientSide: { advertise: { name: ftp.example.net, file: /run/wan-ip } }", "needs exactly one of name, file"],
  ["clientSide: { advertise: { every: 1m } }", "needs exactly one of name, file"],
  ["clientSide: { advertise: { file: /run/wan-ip, every: 1m } }", "has no meaning with file"],
  ["clientSide: { advertise: { name: ftp.example.net, every: 10ms } }", "must be at least 1s"],
  ["clientSide: { advertise: { nam: ftp.example.net } }", "did you mean name?"],
  ["clientSide: { passivePorts: 50000-50999 }", "unknown key"],
  ["clientSide: { advertiseTo: [{ clients: 10.0.0.0/255.0.0.0, address: 10.0.0.1 }] }", "did you mean 10.0.0.0/8?"],
  ["listen: 2121", "did you mean :2121?"],
  ["listen: [2121]", "did you mean :2121?"],
  ['listen: "*:2121"', "did you mean :2121?"],
  ["listen: localhost:2121", "did you mean 127.0.0.1:2121?"],
  ["listen: 0.0.0.0", "did you mean 0.0.0.0:21?"],
  ["route: { server: ftp://10.0.0.5/ }", "did you mean 10.0.0.5?"],
  ["route: { server: 10.0.0.500 }", "expected a host and a port"],
  ["route: 10.0.0.5", "expected a mapping"],
  ["route: { sever: 10.0.0.5 }", "did you mean server?"],
  ["route: { login: { allow: } }", "got nothing"],
  ["policy: { readOnly: yes }", "did you mean true?"],
  ["policy: { anonymousOnly: 0 }", "did you mean false?"],
  ["policy: { foreignAddress: usepeer }", "did you mean use-peer?"],
  ["policy: { foreignAddress: { allow: [10.0.*] } }", "did you mean 10.0.0.0/16?"],
  ["policy: { commands: { deny: [SITE, DELETE FILE] } }", "expected the verb of a command"],
  ["policy: { tls: reject }", "expected one of refuse, passthrough, terminate"],
  ["policy: { tls: terminate }", "needs a certificate in tls.certificates or clientSide.tls.certificates"],
  ["clientSide: { tls: { require: login } }", "has no meaning without policy.tls: terminate"],
  ["clientSide: { tls: { requir: login } }", "did you mean require?"],
  ["clientSide: { tls: { minVersion: TLSv1.1 } }", "did you mean TLSv1.2?"],
  ["clientSide: { tls: { certificates: [] } }", "needs at least one certificate"],
  ["clientSide: { tls: { clientCertificates: { user: cn } } }", "is required"],
  ["serverSide: { tls: { mode: required } }", "has no meaning without policy.tls: terminate"],
  ["serverSide: { tls: { mode: match } }", "did you mean match-client?"],
  ["serverSide: { tls: { mode: match-client, implicit: true } }", "can't be with mode: match-client"],
  ["serverSide: { tls: { implicit: true } }", "has no meaning with mode: off; set mode: required"],
  ["serverSide: { tls: { mode: auto, pin: sha256/x } }", "expected sha256/ and 44 characters of base64"],
  ["serverSide: { tls: { mode: auto, name: ftp.example.com:21 } }", "expected a host name without a port"],
  ['listen: { endpoint: "0.0.0.0:990", tls: implicit }', "tls: implicit needs policy.tls: passthrough or terminate"],
  ['listen: [{ endpoint: "0.0.0.0:990", tls: explicit }]', "expected implicit"],
  ['listen: [{ endpoint: "0.0.0.0", tls: implicit }]', "expected a literal address and a port"],
  ["limits: { sessions: 10k }", "did you mean 10000?"],
  ['limits: { sessions: "100" }', "did you mean 100?"],
  ["limits: { commandBytes: 4 kB }", "did you mean 4KiB?"],
  ["limits: { preLogin: 50 }", "did you mean 50%?"],
  ["limits: { session: 100 }", "did you mean sessions?"],
  ["timeouts: { idle: 900 }", "did you mean 900s?"],
  ["timeouts: { idle: 15 min }", "did you mean 15m?"],
  ["timeouts: { idle: 1.5h }", "did you mean 1h30m?"],
  ["timeouts: { idle: 0s }", "must be at least 1ms"],
  ["timeouts: { idl: 900s }", "did you mean idle?"],
  ["timeout: { idle: 900s }", "did you mean timeouts?"],
  ["dataPorts: 50000-50999", "unknown key; it stands in clientSide or serverSide"],
  ["sessionsPerClient: 5", "unknown key; it stands in limits"],
  ["colour: red", "unknown key"],
  ["listen: [::]:21", 'an IPv6 endpoint is quoted: "[::]:21"'],
  ["listen: { port: 21 }", "expected a literal address and a port"],
  ["name: my gateway", "expected a word"],
])("%s", (line, answer) => {
  const text = fileWith(line);
  const parsed = parseConfig(text);
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(answer)]);
  const [{ at, path } = { at: undefined, path: "" }] = problems;
  expect(text.split("\n")[(at?.line ?? 0) - 1], path).toContain(line);
});

test("a gateway that is no entry of a list is told how one begins", () => {
  const parsed = parseConfig('gateways:\n  listen: ":21"\n  route: { server: ftp }\n');
  expect(parsed).toMatchObject({
    problems: [{ path: "gateways", message: "expected a list, got a mapping; each entry of a list begins with -" }],
  });
});

test.each([
  ["gateway: []\n", "gateway", "gateways"],
  ['gateways:\n  - lisen: ":21"\n    route: { server: ftp }\n', "gateways[0].lisen", "listen"],
])("a mistyped key that has to be there is one mistake: %j", (text, path, meant) => {
  expect(parseConfig(text)).toMatchObject({ problems: [{ path, message: `unknown key; did you mean ${meant}?` }] });
});
