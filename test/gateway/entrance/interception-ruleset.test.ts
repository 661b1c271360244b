import { describe, expect, test } from "vitest";
import { interceptionRuleset, type InterceptionOptions } from "../../../src/gateway/entrance/interception-ruleset.ts";

const both = [
  { address: "0.0.0.0", port: 2121 },
  { address: "::", port: 2122 },
];

function ruleset(route: Partial<InterceptionOptions["route"]>, more: Partial<InterceptionOptions> = {}): string[] {
  const clientSide = { dataPorts: { first: 50_000, last: 50_999 } };
  const text = interceptionRuleset({
    ...{ name: "lan-1", listen: both, clientSide, timeouts: { keepaliveMs: 60_000 } },
    ...more,
    route: { method: "redirect", ports: [21], ...route },
  });
  return text.split("\n").map((line) => line.trim());
}

const rules = (lines: string[]): string[] => lines.filter((line) => line !== "" && !line.startsWith("#"));

describe("every ruleset", () => {
  test.each(["redirect", "tproxy"] as const)("replaces its own table, named after the gateway (%s)", (method) => {
    const lines = rules(ruleset({ method }));
    expect(lines.slice(0, 3)).toEqual([
      "table inet ftp_alg_lan-1",
      "delete table inet ftp_alg_lan-1",
      "table inet ftp_alg_lan-1 {",
    ]);
  });

  test.each(["redirect", "tproxy"] as const)("leaves connections to this machine itself alone (%s)", (method) => {
    const control = rules(ruleset({ method })).filter((line) => line.includes("dport { 21 }"));
    expect(control.length).toBeGreaterThan(0);
    for (const line of control) expect(line).toContain("fib daddr type != local");
  });

  test.each(["redirect", "tproxy"] as const)(
    "speaks of a family only where a listener of it can be known beforehand (%s)",
    (method) => {
      const listen = [
        { address: "0.0.0.0", port: 2121 },
        { address: "::", port: 0 },
      ];
      expect(ruleset({ method }, { listen }).join("\n")).not.toMatch(/ip6|ipv6|ip -6/);
      expect(rules(ruleset({ method }, { listen: [] })).join("\n")).not.toContain("dport");
    },
  );
});

describe("redirect", () => {
  test("takes control connections to the listener of their family", () => {
    const match = 'iifname "lan0" meta nfproto';
    expect(ruleset({ interface: "lan0", ports: [21, 2100] })).toEqual(
      expect.arrayContaining([
        `${match} ipv4 tcp dport { 21, 2100 } fib daddr type != local redirect to :2121`,
        `${match} ipv6 tcp dport { 21, 2100 } fib daddr type != local redirect to :2122`,
      ]),
    );
  });

  test("takes connections to data ports only between those who have a control connection", () => {
    const lines = ruleset({});
    expect(lines).toContain("tcp dport 50000-50999 ip saddr . ip daddr @pairs4 redirect");
  });

  test("knows a pair by a connection that was accepted and redirected, never by a packet alone", () => {
    const match = "tcp dport { 21 } ct state established ct status dnat fib daddr type != local";
    expect(ruleset({})).toContain(`${match} update @pairs4 { ip saddr . ip daddr }`);
  });

  test.each([
    [60_000, 225],
    [600_000, 1800],
  ])("forgets a pair when three keepalives every %i ms were not answered", (keepaliveMs, seconds) => {
    const sets = ruleset({}, { timeouts: { keepaliveMs } }).filter((line) => line.startsWith("set pairs"));
    expect(sets).toHaveLength(2);
    for (const line of sets) expect(line).toContain(`timeout ${seconds}s;`);
  });

  test("to a listener with an address of its own is a dnat to it, of data connections too", () => {
    const lines = ruleset({}, { listen: [{ address: "fd00::1", port: 2121 }] }).join("\n");
    expect(lines).toContain("fib daddr type != local dnat ip6 to [fd00::1]:2121");
    expect(lines).toContain("@pairs6 dnat ip6 to fd00::1");
  });

  test("says what does not work without a range of data ports", () => {
    const lines = ruleset({}, { clientSide: {} });
    expect(lines.join("\n")).toMatch(/^# Without clientSide\.dataPorts/m);
    expect(rules(lines).join("\n")).not.toContain("@pairs");
  });
});

describe("tproxy", () => {
  test("hands control connections to the listener, and all else to whichever socket has that very address", () => {
    expect(rules(ruleset({ method: "tproxy", interface: "lan0" })).slice(3, -2)).toEqual([
      "chain prerouting {",
      "type filter hook prerouting priority mangle; policy accept;",
      'iifname "lan0" meta nfproto ipv4 tcp dport { 21 } fib daddr type != local tproxy ip to :2121 meta mark set 0x4654 accept',
      'iifname "lan0" meta nfproto ipv6 tcp dport { 21 } fib daddr type != local tproxy ip6 to :2122 meta mark set 0x4654 accept',
      "meta l4proto tcp socket wildcard 1 return",
      "meta l4proto tcp socket transparent 1 meta mark set 0x4654 accept",
    ]);
  });

  test("names the routes for both families as comments", () => {
    expect(ruleset({ method: "tproxy" })).toEqual(
      expect.arrayContaining([
        "#   ip -4 rule add fwmark 0x4654 lookup 4654",
        "#   ip -6 route add local default dev lo table 4654",
      ]),
    );
  });
});
