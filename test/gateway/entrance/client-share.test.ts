import { expect, test } from "vitest";
import { clientOf, networkOf } from "../../../src/gateway/entrance/client-share.ts";

test("the limits mean an IPv4 address, and the whole /64 of an IPv6 address", () => {
  expect(clientOf("192.0.2.1")).not.toBe(clientOf("192.0.2.2"));
  expect(clientOf("2001:db8::1")).toBe(clientOf("2001:db8:0:0:ffff::2"));
  expect(clientOf("2001:db8::1")).not.toBe(clientOf("2001:db8:0:1::1"));
});

test("a network is a /24, or a /48", () => {
  expect(networkOf("192.0.2.1")).toBe(networkOf("192.0.2.254"));
  expect(networkOf("192.0.2.1")).not.toBe(networkOf("192.0.3.1"));
  expect(networkOf("2001:db8:1:2::1")).toBe(networkOf("2001:db8:1:3::1"));
  expect(networkOf("2001:db8:1::1")).not.toBe(networkOf("2001:db8:2::1"));
});
