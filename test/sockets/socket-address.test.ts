import { expect, test } from "vitest";
import { portOf, socketAddress } from "../../src/sockets/socket-address.ts";

test("family in the machine's byte order, port and address in the network's", () => {
  const ipv4 = socketAddress({ address: "10.0.0.5", port: 21 });
  expect(ipv4.toString("hex")).toBe("020000150a0000050000000000000000");
  const ipv6 = socketAddress({ address: "fd00::5", port: 50_000 });
  expect(ipv6.toString("hex")).toBe("0a00c35000000000fd00000000000000000000000000000500000000");
  expect([portOf(ipv4), portOf(ipv6)]).toEqual([21, 50_000]);
});
