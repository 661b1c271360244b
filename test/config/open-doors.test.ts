import { expect, test } from "vitest";
import { openDoors } from "../../src/config/open-doors.ts";
import { parseConfig } from "../../src/config/parse.ts";

function warned(yaml: string) {
  const parsed = parseConfig(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return openDoors(parsed.config).map(({ path, message }) => [path, message.split(/: (.*)/)[1]]);
}

const gateway = (listen: string, rest: string, more = "") =>
  `gateways: [{ listen: ["${listen}"], route: ${rest}${more} }]`;

test.each([
  ["0.0.0.0:21", '{ login: { allow: ["*"] } }'],
  ["[::]:21", '{ login: { allow: ["0.0.0.0/0"] } }'],
  ["192.0.2.1:21", '{ login: { allow: ["10.0.0.0/8", "::/0"] } }'],
])("open door: a gateway at %s with %s leads anybody to any server", (listen, route) => {
  expect(warned(gateway(listen, route))[0]).toEqual([
    "gateways[0].route.login.allow",
    'allow: ["*.example.com"], or listen where only your clients are',
  ]);
});

test.each([
  ["0.0.0.0/0", "127.0.0.1 and 169.254.169.254"],
  ["96.0.0.0/3", "127.0.0.1"],
  ["169.0.0.0/8", "169.254.169.254"],
  ["::/0", "::1"],
])("open door: a login route to %s reaches this machine by %s", (network, reached) => {
  const parsed = parseConfig(gateway("192.0.2.1:21", `{ login: { allow: ["10.0.0.5", "${network}"] } }`));
  const doors = parsed.ok ? openDoors(parsed.config) : [];
  expect(doors.at(-1)?.path).toBe("gateways[0].route.login.allow[1]");
  expect(doors.at(-1)?.message).toMatch(
    new RegExp(`^it contains ${reached}, .* but this machine: allow: \\["\\*"\\]$`),
  );
});

test("a login route that names this machine's addresses, or everybody by name, is no such door", () => {
  const route = '{ login: { allow: [127.0.0.1, 127.0.0.0/8, "::1", 169.254.0.0/16, "10.0.0.0/8"] } }';
  expect(warned(gateway("0.0.0.0:21", route))).toEqual([]);
  expect(warned(gateway("0.0.0.0:21", '{ login: { allow: ["*"] } }'))).toHaveLength(1);
  expect(warned(gateway("127.0.0.1:2121", "{ login: { allow: [0.0.0.0/0] } }"))).toEqual([]);
});

test("open door: interception without an interface takes connections from any network", () => {
  expect(warned(gateway("127.0.0.1:2121", "{ transparent: {} }"))).toEqual([
    ["gateways[0].route.transparent", "interface: eth1"],
  ]);
});

test("open door: an admin listener that asks for no token, on other than loopback", () => {
  const rest = `${gateway("0.0.0.0:21", '{ server: "10.0.0.5:21" }')}\n`;
  expect(warned(`${rest}admin: { listen: "0.0.0.0:9121", open: true }`)).toEqual([
    ["admin.listen", "admin: { token: { file: /etc/ftp-alg/token } }"],
  ]);
  for (const admin of [
    '{ listen: "127.0.0.1:9121" }',
    '{ listen: "[::1]:9121", open: true }',
    '{ listen: "0.0.0.0:9121", token: { file: /etc/ftp-alg/token } }',
  ]) {
    expect(warned(`${rest}admin: ${admin}`), admin).toEqual([]);
  }
});

test("open door: pinholes without a login", () => {
  expect(warned(gateway("0.0.0.0:21", '{ server: "10.0.0.5:21" }', ", policy: { pinholesBeforeLogin: true }"))).toEqual(
    [["gateways[0].policy.pinholesBeforeLogin", "pinholesBeforeLogin: false"]],
  );
});

test("open door: pinholes without a login for one network", () => {
  const entry =
    ", policies: [{ clients: [10.0.0.0/8], readOnly: true }, { clients: [10.0.0.0/8], pinholesBeforeLogin: true }]";
  expect(warned(gateway("0.0.0.0:21", '{ server: "10.0.0.5:21" }', entry))).toEqual([
    ["gateways[0].policies[1].pinholesBeforeLogin", "pinholesBeforeLogin: false"],
  ]);
});

test.each([
  ["127.0.0.1:21", '{ login: { allow: ["*"] } }'],
  ["0.0.0.0:21", '{ login: { allow: ["*.example.com", "10.0.0.0/8"] } }'],
  ["0.0.0.0:21", "{ transparent: { interface: eth1 } }"],
  ["0.0.0.0:21", '{ server: "10.0.0.5:21" }'],
])("closed: %s with %s is warned of by nothing", (listen, route) => {
  expect(warned(gateway(listen, route))).toEqual([]);
});
