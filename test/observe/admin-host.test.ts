import fc from "fast-check";
import { expect, test } from "vitest";
import { isHostAllowed } from "../../src/observe/admin-host.ts";

const hosts = ["gw.example.net"];

test.each(["127.0.0.1", "127.0.0.1:9121", "10.0.0.5", "[::1]", "[fd00::1]:9121", "localhost", "LocalHost.:80"])(
  "an address and localhost are allowed, with or without a port: %s",
  (header) => expect(isHostAllowed(header, [])).toBe(true),
);

test.each(["gw.example.net", "GW.EXAMPLE.NET:9121", "gw.example.net."])("a name that is listed is: %s", (header) => {
  expect(isHostAllowed(header, hosts)).toBe(true);
  expect(isHostAllowed(header, [])).toBe(false);
});

test.each(["", "evil.example", "x.gw.example.net", "gw.example.net@evil.example", "localhost.evil.example", "0x7f.1"])(
  "any other is not: %j",
  (header) => expect(isHostAllowed(header, hosts)).toBe(false),
);

test.each(["::1", "[127.0.0.1]", "[::1", "127.0.0.1:99999", "127.0.0.1:", "localhost:80:80", "[::1]x"])(
  "what is no host is not: %s",
  (header) => expect(isHostAllowed(header, hosts)).toBe(false),
);

test("whatever a peer sends never throws", () => {
  fc.assert(fc.property(fc.string(), (header) => typeof isHostAllowed(header, hosts) === "boolean"));
});
