import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFibTrie, parseIfInet6 } from "../../src/gateway/local-tables.ts";

const fibTrie = `Main:
  +-- 0.0.0.0/1 2 0 2
     +-- 10.77.0.0/24 2 0 2
           |-- 10.77.0.0
              /24 link UNICAST
           |-- 10.77.0.1
              /32 host LOCAL
        |-- 10.77.0.255
           /32 link BROADCAST
     |-- 198.51.100.0
        /24 host LOCAL
Local:
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 10.77.0.1
        /32 host LOCAL
Id 100:
     |-- 0.0.0.0
        /0 host LOCAL
     |-- 203.0.113.9
        /32 host LOCAL
`;

test("of the routes those are read that are local, in the tables that count for every packet, and each once", () => {
  expect(parseFibTrie(fibTrie)).toEqual([
    { base: "10.77.0.1", bits: 32 },
    { base: "198.51.100.0", bits: 24 },
    { base: "127.0.0.0", bits: 8 },
  ]);
});

test("IPv6 addresses are read whatever the state of their interface", () => {
  const text =
    "fd000077000000000000000000000001 02 40 00 82     br0\n00000000000000000000000000000001 01 80 10 80       lo\n";
  expect(parseIfInet6(text)).toEqual([
    { base: "fd00:77::1", bits: 128 },
    { base: "::1", bits: 128 },
  ]);
});

test("whatever the files hold, they are read", () => {
  const words = fc.constantFrom(
    "Main:",
    "Local:",
    "\n",
    " ",
    "|-- 10.0.0.1",
    "|-- x",
    "/32 host LOCAL",
    "/99 host LOCAL",
    "f".repeat(32),
  );
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const text = parts.join("");
      for (const { bits } of [...parseFibTrie(text), ...parseIfInet6(text)]) expect(bits).toBeGreaterThan(0);
    }),
  );
});
