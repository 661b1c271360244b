// Advertising: which address a peer is told.
import { describe, expect, test } from "vitest";
import { addressSources, createAdvertising } from "../../src/gateway/advertising.ts";
import type { AddressSource, GatewayOptions } from "../../src/gateway/options.ts";
import { gatewayOptions } from "./start-gateway.ts";

const local = { address: "127.0.0.1", port: 2121 };
const client = { address: "10.1.2.3", port: 50_000 };
const byName = { name: "ftp.example.net", everyMs: 30_000 };
const inFile = { file: "/run/wan-ip" };

function advertising(
  clientSide: Partial<GatewayOptions["clientSide"]>,
  found: ReadonlyMap<AddressSource, readonly string[]> = new Map(),
) {
  return createAdvertising(gatewayOptions(21, { clientSide }), (source) => found.get(source));
}

describe("the address in 227", () => {
  const advertised = (clientSide: Partial<GatewayOptions["clientSide"]>, to = client, at = local) =>
    advertising(clientSide).toClient(to, at);
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

  test("is what was found last where it has to be looked up, of the client's family", () => {
    const found = new Map([[byName, ["203.0.113.9", "2001:db8::9"]]]);
    const { toClient, isKnown } = advertising({ advertise: byName }, found);
    expect(isKnown()).toBe(true);
    expect(toClient(client, local)).toBe("203.0.113.9");
    expect(toClient(client, { address: "fd00::1", port: 21 })).toBe("2001:db8::9");
    found.set(byName, ["203.0.113.10"]);
    expect(toClient(client, local)).toBe("203.0.113.10");
    expect(toClient(client, { address: "fd00::1", port: 21 })).toBe("fd00::1");
  });
});

test("what has to be looked up is known once all of it was found, of either side and in rules", () => {
  const options = gatewayOptions(21, {
    clientSide: {
      advertise: "203.0.113.7",
      advertiseTo: [{ clients: { base: "10.0.0.0", bits: 8 }, address: byName }],
    },
    serverSide: { advertise: inFile },
  });
  expect(addressSources(options)).toEqual([byName, inFile]);
  const found = new Map<AddressSource, readonly string[]>();
  const { isKnown, toServer } = createAdvertising(options, (source) => found.get(source));
  expect(isKnown()).toBe(false);
  found.set(byName, ["10.0.0.1"]);
  expect(isKnown()).toBe(false);
  found.set(inFile, ["198.51.100.1"]);
  expect(isKnown()).toBe(true);
  expect(toServer(local)).toBe("198.51.100.1");
});
