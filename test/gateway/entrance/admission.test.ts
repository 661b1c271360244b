// Admission: the counts behind the limits. What a client over a limit reads, gateway.test.ts shows on the wire.
import { expect, test } from "vitest";
import { createAdmission } from "../../../src/gateway/entrance/admission.ts";
import { gatewayOptions } from "../start-gateway.ts";

const { limits } = gatewayOptions(21, { limits: { sessions: 3, sessionsPerClient: 2 } });
const at = (address: string, port: number) => ({ address, port });

test("limit: a client has its own sessions, all clients have theirs together, and whoever was refused is not counted", () => {
  const { admit } = createAdmission();
  expect([1, 2, 3, 4].map((port) => admit(at("192.0.2.1", port), limits))).toEqual([
    undefined,
    undefined,
    "too-many-sessions-per-client",
    "too-many-sessions-per-client",
  ]);
  expect(admit(at("192.0.2.2", 1), limits)).toBeUndefined();
  expect(admit(at("192.0.2.3", 1), limits)).toBe("too-many-sessions");
});

test("whoever leaves makes room, for itself and for all", () => {
  const { admit, leave } = createAdmission();
  for (const port of [1, 2]) admit(at("192.0.2.1", port), limits);
  leave(at("192.0.2.1", 1));
  expect(admit(at("192.0.2.1", 3), limits)).toBeUndefined();
  expect(admit(at("192.0.2.2", 1), limits)).toBeUndefined();
  leave(at("192.0.2.2", 1));
  expect(admit(at("192.0.2.3", 1), limits)).toBeUndefined();
});

test("a change of the limits holds for the next client, whoever is inside already", () => {
  const { admit } = createAdmission();
  admit(at("192.0.2.1", 1), limits);
  expect(admit(at("192.0.2.2", 1), { ...limits, sessions: 1 })).toBe("too-many-sessions");
});
