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
