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
  expect(warned(gateway(listen, route))).toEqual([
    ["gateways[0].route.login.allow", 'allow: ["*.example.com"], or listen where only your clients are'],
  ]);
});

test("open door: interception without an interface takes connections from any network", () => {
  expect(warned(gateway("127.0.0.1:2121", "{ transparent: {} }"))).toEqual([
    ["gateways[0].route.transparent", "interface: eth1"],
  ]);
});

test("open door: an admin listener on other than loopback", () => {
  const rest = `${gateway("0.0.0.0:21", '{ server: "10.0.0.5:21" }')}\n`;
  expect(warned(`${rest}admin: { listen: "0.0.0.0:9121" }`)).toEqual([
    ["admin.listen", 'admin: { listen: "127.0.0.1:9121" }'],
  ]);
  expect(warned(`${rest}admin: { listen: "127.0.0.1:9121" }`)).toEqual([]);
  expect(warned(`${rest}admin: { listen: "[::1]:9121" }`)).toEqual([]);
});

test("open door: pinholes without a login", () => {
  expect(warned(gateway("0.0.0.0:21", '{ server: "10.0.0.5:21" }', ", policy: { pinholesBeforeLogin: true }"))).toEqual(
    [["gateways[0].policy.pinholesBeforeLogin", "pinholesBeforeLogin: false"]],
  );
});

test.each([
  ["127.0.0.1:21", '{ login: { allow: ["*"] } }'],
  ["0.0.0.0:21", '{ login: { allow: ["*.example.com", "10.0.0.0/8"] } }'],
  ["0.0.0.0:21", "{ transparent: { interface: eth1 } }"],
  ["0.0.0.0:21", '{ server: "10.0.0.5:21" }'],
])("closed: %s with %s is warned of by nothing", (listen, route) => {
  expect(warned(gateway(listen, route))).toEqual([]);
});
