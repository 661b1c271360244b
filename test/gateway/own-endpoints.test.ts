import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { createOwnEndpoints } from "../../src/gateway/own-endpoints.ts";

test("an endpoint is ours from when it was added to when it was removed", () => {
  const own = createOwnEndpoints();
  const endpoint = { address: "192.0.2.1", port: 21 };
  expect(own.listensAt(endpoint)).toBe(false);
  own.add(endpoint);
  expect(own.listensAt({ ...endpoint })).toBe(true);
  expect(own.listensAt({ ...endpoint, port: 22 })).toBe(false);
  expect(own.listensAt({ ...endpoint, address: "192.0.2.2" })).toBe(false);
  own.remove(endpoint);
  expect(own.listensAt(endpoint)).toBe(false);
});

test.each(["0.0.0.0", "::"])("listening on %s, every address of this machine is ours (D5.90)", (address) => {
  const own = createOwnEndpoints();
  own.add({ address, port: 21 });
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  for (const literal of ["127.0.0.1", "127.9.8.7", "0.0.0.0", ...addresses.map((entry) => entry.address)]) {
    expect(own.listensAt({ address: literal, port: 21 }), literal).toBe(true);
    expect(own.listensAt({ address: literal, port: 22 }), literal).toBe(false);
  }
  expect(own.listensAt({ address: "192.0.2.1", port: 21 })).toBe(false);
});

test.each(["0.0.0.0", "0.0.0.1", "::", "64:ff9b::7f00:1", "2002:7f00:1::9", "::7f00:1"])(
  "listening on loopback, %s is ours too: it leads there, or may",
  (address) => {
    const own = createOwnEndpoints();
    own.add({ address: "127.0.0.1", port: 21 });
    expect(own.listensAt({ address, port: 21 })).toBe(true);
    expect(own.listensAt({ address, port: 22 })).toBe(false);
  },
);

test("listening on one address, other addresses of this machine are not ours", () => {
  const own = createOwnEndpoints((address) => ["192.0.2.1", "192.0.2.2"].includes(address));
  own.add({ address: "192.0.2.1", port: 21 });
  expect(
    ["192.0.2.1", "192.0.2.2", "127.0.0.1", "0.0.0.0"].map((address) => own.listensAt({ address, port: 21 })),
  ).toEqual([...[true, false, false, false]]);
});

test("an address of this machine is its own within an IPv6 address too", () => {
  const own = createOwnEndpoints((address) => address === "192.0.2.1");
  expect(["192.0.2.1", "64:ff9b::c000:201", "2002:c000:201::5", "192.0.2.2"].map(own.hasAddress)).toEqual([
    ...[true, true, true, false],
  ]);
});
