import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";

const gateways = "gateways: [{ listen: ['127.0.0.1:0'], route: { server: '10.0.0.5' } }]";

function logOf(section: string): unknown {
  const parsed = parseConfig(`log: ${section}\n${gateways}`);
  return parsed.ok ? parsed.config.log : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("files of the log have no default; transfers are JSON unless xferlog is asked for", () => {
  expect(logOf("{}")).toEqual({ level: "info", format: "json", debugFor: [] });
  const file = "/var/log/ftp-alg/xferlog";
  expect(logOf(`{ transfers: { file: ${file} } }`)).toMatchObject({ transfers: { file, format: "json" } });
  expect(logOf(`{ transfers: { file: ${file}, format: xferlog } }`)).toMatchObject({
    transfers: { format: "xferlog" },
  });
});

test("one network for debugFor needs no list", () => {
  const network = { base: "10.0.0.0", bits: 8 };
  expect(logOf("{ debugFor: 10.0.0.0/8 }")).toMatchObject({ debugFor: [network] });
  expect(logOf("{ debugFor: [10.0.0.0/8] }")).toMatchObject({ debugFor: [network] });
});
