import { describe, expect, test } from "vitest";
import { ephemeralOverlap, ephemeralWarnings } from "../../src/config/ephemeral.ts";
import { parseConfig } from "../../src/config/parse.ts";

const ephemeral = { first: 32_768, last: 60_999 };

describe("a data range", () => {
  test("outside the ephemeral ports needs no reservation", () => {
    expect(ephemeralOverlap({ first: 20_000, last: 32_767 }, ephemeral, [])).toBeUndefined();
    expect(ephemeralOverlap({ first: 61_000, last: 65_535 }, ephemeral, [])).toBeUndefined();
  });

  test("inside them needs one, and the message holds the command", () => {
    expect(ephemeralOverlap({ first: 50_000, last: 50_999 }, ephemeral, [])).toBe(
      "50000-50999 overlaps the ephemeral ports 32768-60999, so any socket of this machine may hold one of them; " +
        "reserve them (net.ipv4.ip_local_reserved_ports): sysctl -w net.ipv4.ip_local_reserved_ports=50000-50999",
    );
  });

  test("keeps what is reserved already in the command", () => {
    const reserved = [
      { first: 50_500, last: 51_500 },
      { first: 8080, last: 8080 },
    ];
    expect(ephemeralOverlap({ first: 50_000, last: 50_999 }, ephemeral, reserved)).toMatch(
      /ip_local_reserved_ports=8080,50000-51500$/,
    );
  });

  test("that crosses an edge needs only the part within", () => {
    expect(ephemeralOverlap({ first: 30_000, last: 33_000 }, ephemeral, [])).toMatch(/ports=32768-33000$/);
    expect(ephemeralOverlap({ first: 60_999, last: 61_999 }, ephemeral, [])).toMatch(/ports=60999$/);
  });

  test("reserved in pieces is reserved", () => {
    const pieces = [
      { first: 50_500, last: 50_999 },
      { first: 49_000, last: 50_499 },
    ];
    expect(ephemeralOverlap({ first: 50_000, last: 50_999 }, ephemeral, pieces)).toBeUndefined();
    expect(ephemeralOverlap({ first: 50_000, last: 50_999 }, ephemeral, pieces.slice(1))).toBeDefined();
  });
});

test("a configuration is warned of each of its ranges, by path", () => {
  const parsed = parseConfig(`gateways:
  - { listen: ["127.0.0.1:0"], route: { transparent: {} }, clientSide: { dataPorts: 20000-20999 } }
  - listen: ["127.0.0.1:0"]
    route: { transparent: {} }
    clientSide: { dataPorts: 50000-50999 }
    serverSide: { dataPorts: 51000-51999 }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  expect(ephemeralWarnings(parsed.config, { ephemeral, reserved: [] }).map(({ path }) => path)).toEqual([
    "gateways[1].clientSide.dataPorts",
    "gateways[1].serverSide.dataPorts",
  ]);
});
