// What people are advised, as they read it. Whether the command lines do what they say is tried in lab/advise.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { entranceOf, formatAdvice } from "../../src/cli/advise.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";

const examples = join(import.meta.dirname, "../../deploy/config");
const machine = ["192.0.2.10", "2001:db8::10"];

function configIn(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const v6 =
  'gateways: [{ name: v6, listen: "[::]:2121", route: { server: "10.0.0.5:21" }, serverSide: { mode: active } }]';
const texts: [string, string][] = [
  ...readdirSync(examples).map((name): [string, string] => [name, readFileSync(join(examples, name), "utf8")]),
  ["two.yml", `${v6.slice(0, -1)}, { listen: ":21", route: { transparent: {} } }]`],
];

describe.each(texts)("for %s", (name, text) => {
  const advice = formatAdvice(configIn(text), machine);

  test("the advice is that of the example, word for word (vitest -u writes it)", async () => {
    await expect(advice).toMatchFileSnapshot(join(import.meta.dirname, "advice", name.replace(/\.yml$/, ".txt")));
  });

  test("no line is longer than 80 columns but for command lines, which are pasted whole", () => {
    const long = advice.split("\n").filter((line) => [...line].length > 80);
    expect(long.filter((line) => !/^ {4}(curl|lftp|nft|ip6?tables|firewall-cmd|ufw) /.test(line))).toEqual([]);
    expect(advice).not.toMatch(/ \n|undefined|\n{4}/);
  });
});

test("clients connect to the advertised address, else to a listener's, else to one of this machine of the same family", () => {
  const entrance = (gateway: string) => {
    const [config] = configIn(`gateways: [{ route: { server: ftp }, ${gateway} }]`).gateways;
    return config && entranceOf(config, machine);
  };
  expect(entrance('listen: ":21", clientSide: { advertise: 203.0.113.7 }')).toEqual({ host: "203.0.113.7", port: 21 });
  expect(entrance('listen: ["192.0.2.1:2121"]')).toEqual({ host: "192.0.2.1", port: 2121 });
  expect(entrance('listen: ["0.0.0.0:2121"]')).toEqual({ host: "192.0.2.10", port: 2121 });
  expect(entrance('listen: ["[::]:21"]')).toEqual({ host: "2001:db8::10", port: 21 });
  const both = 'listen: ["0.0.0.0:21", "[::]:2121"], clientSide: { advertise: "2001:db8::7" }';
  expect(entrance(both)).toEqual({ host: "2001:db8::7", port: 2121 });
});
