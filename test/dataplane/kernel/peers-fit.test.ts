import { expect, test } from "vitest";
import { natLegs } from "../../../src/dataplane/kernel/peers-fit.ts";
import type { Leg, PinholeRequest } from "../../../src/dataplane/pinhole.ts";
import { createPortTable } from "../../../src/dataplane/port-pool.ts";

const ports = createPortTable({ restMs: 0 }).pool(50_000, 50_001);
const listening = (peer = "192.168.1.100", bind = "192.168.1.1"): Leg => ({
  kind: "listen",
  bind,
  ports,
  expect: { match: "address", address: peer },
});
const dialled = (to = "10.0.0.5", bind: string | undefined = "10.0.0.1"): Leg => ({
  kind: "dial",
  to: { address: to, port: 40_215 },
  ...(bind !== undefined && { bind }),
});
const request = (client: Leg, server: Leg): PinholeRequest => ({
  client,
  server,
  expiryMs: 1,
  connectMs: 1,
  stallMs: 1,
});
const outside = () => "forwarded" as const;

test("either side may listen while the other is dialled", () => {
  expect(natLegs(request(listening(), dialled()), outside)).toMatchObject({
    listeningSide: "client",
    dialledSide: "server",
    peer: "192.168.1.100",
    dialled: { bind: "10.0.0.1" },
  });
  expect(natLegs(request(dialled(), listening()), outside)).toMatchObject({
    listeningSide: "server",
    dialledSide: "client",
  });
});

test.each([
  ["both sides listen", request(listening(), listening())],
  ["both sides are dialled", request(dialled(), dialled())],
  [
    "its peer may come from more than one address",
    request({ kind: "listen", bind: "192.168.1.1", ports, expect: { match: "any" } }, dialled()),
  ],
  ["its two sides are of different address families", request(listening(), dialled("fd00::5", "fd00::1"))],
  ["one of its addresses is unspecified", request(listening("192.168.1.100", "0.0.0.0"), dialled())],
  ["fe80::1 is a link-local address", request(listening("fe80::1", "fd00::1"), dialled("fd00:2::5", "fd00:2::1"))],
  ["169.254.3.4 is a link-local address", request(listening(), dialled("169.254.3.4"))],
  ["no address is set to dial from", request(listening(), { kind: "dial", to: { address: "10.0.0.5", port: 1 } })],
])("%s", (reason, unfit) => {
  expect(natLegs(unfit, outside)).toBe(reason);
});

test("peers on this machine, and peers that no route leads to, are not the kernel's", () => {
  const local = (address: string) => (address === "10.0.0.5" ? ("local" as const) : outside());
  expect(natLegs(request(listening(), dialled()), local)).toBe("10.0.0.5 is this machine itself");
  const lost = (address: string) => (address === "192.168.1.100" ? ("nowhere" as const) : outside());
  expect(natLegs(request(listening(), dialled()), lost)).toBe("there is no route to 192.168.1.100");
});
