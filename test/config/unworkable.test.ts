import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { unworkableValues } from "../../src/config/unworkable.ts";

function warnings(gateway: string): string[] {
  const parsed = parseConfig(`gateways: [{ ${gateway} }]`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return unworkableValues(parsed.config).map(({ path, message }) => `${path}: ${message}`);
}

const route = "route: { server: ftp.example.com }";
const both = `listen: ":21", ${route}`;

test.each([
  [
    `listen: "[::]:21", ${route}, clientSide: { advertise: 203.0.113.7 }`,
    /clientSide\.advertise: 203\.0\.113\.7 is IPv4, and every listener is IPv6/,
  ],
  [
    `listen: "0.0.0.0:21", ${route}, clientSide: { advertise: "2001:db8::7" }`,
    /2001:db8::7 is IPv6, and every listener is IPv4/,
  ],
  [`${both}, clientSide: { advertise: 127.0.0.1 }`, /127\.0\.0\.1 is the loopback address: clients on other machines/],
  [`${both}, clientSide: { advertise: "::1" }`, /::1 is the loopback address/],
  [`${both}, clientSide: { advertise: 224.0.0.1 }`, /224\.0\.0\.1 is a multicast address/],
  [
    `${both}, clientSide: { advertiseTo: [{ clients: 10.0.0.0/8, address: 127.0.0.1 }] }`,
    /advertiseTo\[0\]\.address: 127\.0\.0\.1 is the loopback/,
  ],
  [
    `${both}, serverSide: { advertise: 127.0.0.1 }`,
    /serverSide\.advertise: .* a server on another machine would connect to itself/,
  ],
  [`${both}, serverSide: { advertise: "ff02::1" }`, /ff02::1 is a multicast address/],
  [`${both}, clientSide: { dataPorts: 50000-50009 }`, /50000-50009 is 10 ports, and one client may have 100 sessions/],
  [`${both}, clientSide: { dataPorts: 50000 }`, /50000 is 1 port, and/],
])("%s: a value that can't work is warned of", (gateway, warning) => {
  expect(warnings(`name: x, ${gateway}`)).toEqual([expect.stringMatching(warning)]);
});

test.each([
  `listen: "127.0.0.1:21", ${route}, clientSide: { advertise: 127.0.0.1 }`,
  `listen: "[::1]:21", ${route}, clientSide: { advertise: "::1" }`,
  `${both}, clientSide: { advertise: 203.0.113.7 }`,
  `${both}, clientSide: { advertiseTo: [{ clients: 127.0.0.0/8, address: 127.0.0.1 }] }`,
  'listen: ":21", route: { server: "127.0.0.1:2121" }, serverSide: { advertise: 127.0.0.1 }',
  `${both}, clientSide: { dataPorts: 50000-50099 }`,
  `${both}, clientSide: { dataPorts: 50000-50009 }, limits: { sessionsPerClient: 10 }`,
  `${both}, clientSide: { dataPorts: 50000-50009 }, limits: { sessions: 5 }`,
])("%s: nothing is warned of", (gateway) => {
  expect(warnings(gateway)).toEqual([]);
});
