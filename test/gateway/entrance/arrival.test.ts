// Arrival: what is known of a client before anything is said.
import { describe, expect, test } from "vitest";
import { clientAdvertise } from "../../../src/gateway/entrance/arrival.ts";
import type { GatewayOptions } from "../../../src/gateway/options.ts";
import { gatewayOptions } from "../start-gateway.ts";

describe("the address in 227", () => {
  const local = { address: "127.0.0.1", port: 2121 };
  const client = { address: "10.1.2.3", port: 50_000 };
  const advertised = (clientSide: Partial<GatewayOptions["clientSide"]>, to = client, at = local) =>
    clientAdvertise(gatewayOptions(21, { clientSide }).clientSide, to, at);
  const advertiseTo = [
    { clients: { base: "10.1.0.0", bits: 16 }, address: "10.1.0.1" },
    { clients: { base: "10.0.0.0", bits: 8 }, address: "10.0.0.1" },
  ];

  test("is the one of the first rule that holds the client, before the common one", () => {
    expect(advertised({ advertise: "203.0.113.7", advertiseTo })).toBe("10.1.0.1");
    expect(advertised({ advertise: "203.0.113.7", advertiseTo: advertiseTo.toReversed() })).toBe("10.0.0.1");
  });

  test("is the common one where no rule holds the client, and without any the one the client has connected to", () => {
    const stranger = { address: "192.0.2.9", port: 50_000 };
    expect(advertised({ advertise: "203.0.113.7", advertiseTo }, stranger)).toBe("203.0.113.7");
    expect(advertised({ advertiseTo }, stranger)).toBe("127.0.0.1");
  });

  test("is of the client's family, whatever is configured", () => {
    const v6 = { address: "fd00::1", port: 2121 };
    expect(advertised({ advertise: "203.0.113.7" }, { address: "fd00::9", port: 50_000 }, v6)).toBe("fd00::1");
  });
});
