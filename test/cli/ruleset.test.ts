import { expect, test } from "vitest";
import { formatNeeded, printRuleset } from "../../src/cli/ruleset.ts";
import { configFrom } from "../../src/config/parse.ts";

function needed(gateways: object[], more: object = {}) {
  const parsed = configFrom({
    ...more,
    gateways: gateways.map((given, index) => ({
      name: `g${index}`,
      listen: ["0.0.0.0:2121"].map((listen) => listen.replace("2121", String(2121 + index))),
      route: { server: "10.0.0.5:21" },
      ...given,
    })),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return formatNeeded(parsed.config);
}

const tables = (text: string) => [...text.matchAll(/^table inet (\S+) \{$/gm)].map(([, name]) => name);

test("planes that stay in the process need no rules", () => {
  expect(needed([{ dataPlane: "relay" }, { dataPlane: "splice" }])).toBe("# This configuration needs no rules.\n");
});

test("kernel and auto need the table, once, under the name and mark of the configuration", () => {
  expect(tables(needed([{ dataPlane: "kernel" }, {}]))).toEqual(["ftp_alg"]);
  const text = needed([{}], { kernel: { table: "mine", mark: 0x80000000, mask: 0xc0000000 } });
  expect(tables(text)).toEqual(["mine"]);
  expect(text).toContain("#   ct mark & 0xc0000000 == 0x80000000 accept\n");
  expect(text).toContain("#   iptables -I FORWARD -m connmark --mark 0x80000000/0xc0000000 -j ACCEPT\n");
  expect(text).toContain("#   sysctl -w net.ipv4.ip_forward=1\n");
});

test("a transparent gateway needs its interception, and the kernel's table where that can serve it", () => {
  expect(tables(needed([{ route: { transparent: {} } }]))).toEqual(["ftp_alg_g0"]);
  const tproxy = needed([{ route: { transparent: { method: "tproxy" } } }]);
  expect(tables(tproxy)).toEqual(["ftp_alg", "ftp_alg_g0"]);
  expect(tproxy).toMatch(/^# +ip -4 rule add/m);
});

test("data ports are to be reserved", () => {
  const gateway = {
    dataPlane: "relay",
    clientSide: { dataPorts: "50000-50999" },
    serverSide: { dataPorts: "51000-51999" },
  };
  expect(needed([gateway])).toContain("#   sysctl -w net.ipv4.ip_local_reserved_ports=50000-50999,51000-51999\n");
});

test("it is printed as it is", () => {
  const parsed = configFrom({ gateways: [{ listen: ["127.0.0.1:0"], route: { server: "10.0.0.5:21" } }] });
  let printed = "";
  if (parsed.ok) expect(printRuleset(parsed.config, { out: (text) => (printed += text), err: () => {} })).toBe(0);
  expect(parsed.ok && formatNeeded(parsed.config)).toBe(printed);
});

test("open door: rules that intercept connections from any network come with a warning beside them", () => {
  const parsed = configFrom({ gateways: [{ listen: ["127.0.0.1:2121"], route: { transparent: {} } }] });
  let warned = "";
  if (parsed.ok) printRuleset(parsed.config, { out: () => {}, err: (text) => (warned += text) });
  expect(warned).toMatch(/^warning: gateways\[0\]\.route\.transparent: .*: interface: eth1\n$/);
});

test("with workers each has a table and a mark of its own, and a firewall a rule for each", () => {
  const text = needed([{}], { workers: 2 });
  expect(text).toContain("table inet ftp_alg_0 {");
  expect(text).toContain("table inet ftp_alg_1 {");
  expect(text).toContain(
    "#   ct mark & 0xff000000 == 0x46000000 accept\n#   ct mark & 0xff000000 == 0x47000000 accept\n",
  );
});
