import { expect, test } from "vitest";
import { parseEntranceItem } from "../../src/config/entrance.ts";

test("an item of listen is an endpoint, or a mapping that says that TLS begins with the first byte there", () => {
  const plain = { address: "192.0.2.1", port: 990 };
  expect(parseEntranceItem("192.0.2.1:990")).toEqual({ value: [plain] });
  expect(parseEntranceItem({ endpoint: "192.0.2.1:990" })).toEqual({ value: [plain] });
  expect(parseEntranceItem({ endpoint: "192.0.2.1:990", tls: "implicit" })).toEqual({
    value: [{ ...plain, tls: "implicit" }],
  });
  expect(parseEntranceItem({ endpoint: ":990", tls: "implicit" })).toEqual({
    value: [
      { address: "0.0.0.0", port: 990, tls: "implicit" },
      { address: "::", port: 990, tls: "implicit" },
    ],
  });
});

test("what else a mapping holds is named, with what may be meant", () => {
  expect(parseEntranceItem({ endpoin: ":990", tls: "implicit" })).toEqual({
    problem: "unknown key endpoin; did you mean endpoint?",
  });
  expect(parseEntranceItem({ endpoint: ":990", tls: "explicit" })).toEqual({
    problem: 'tls: expected implicit, got "explicit"; did you mean implicit?',
  });
  expect(parseEntranceItem({ port: 21 })).toHaveProperty("problem", expect.stringContaining("got a mapping"));
});
