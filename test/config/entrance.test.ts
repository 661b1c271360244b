import { expect, test } from "vitest";
import { entrance } from "../../src/config/entrance.ts";

test("an item of listen is an endpoint, or a mapping that says what comes before FTP there: TLS, a balancer's header", () => {
  const plain = { address: "192.0.2.1", port: 990 };
  expect(entrance.parse("192.0.2.1:990")).toEqual([plain]);
  expect(entrance.parse({ endpoint: "192.0.2.1:990" })).toEqual([plain]);
  expect(entrance.parse({ endpoint: "192.0.2.1:990", tls: "implicit" })).toEqual([{ ...plain, tls: "implicit" }]);
  expect(entrance.parse({ endpoint: ":990", tls: "implicit" })).toEqual([
    { address: "0.0.0.0", port: 990, tls: "implicit" },
    { address: "::", port: 990, tls: "implicit" },
  ]);
  expect(entrance.parse({ endpoint: "192.0.2.1:990", proxyProtocol: { from: "10.0.0.0/8" } })).toEqual([
    { ...plain, proxyProtocol: { from: [{ base: "10.0.0.0", bits: 8 }] } },
  ]);
});
