import { expect, test } from "vitest";
import { doctor, formatFinding } from "../../src/cli/doctor.ts";
import { coloured, plain } from "../../src/cli/style.ts";
import { requireNone } from "../lab/availability.ts";
import { redisObstacle, setRedis } from "../process/shared/redis-server.ts";
import { configFrom } from "../../src/config/parse.ts";

async function examine(gateway: object, rest: object = {}) {
  const parsed = configFrom({
    ...rest,
    gateways: [{ name: "g", listen: ["127.0.0.1:0"], route: { server: "10.0.0.5:21" }, ...gateway }],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  let printed = "";
  const code = await doctor(parsed.config, { out: (text) => (printed += text), env: {} });
  return { code, lines: printed.trimEnd().split("\n") };
}

test("a finding is one line: verdict, what, and how to get it; on a terminal as many as it takes", () => {
  const finding = { verdict: "note", what: "koffi", text: "can't be loaded; npm install koffi" } as const;
  expect(formatFinding(finding, { width: undefined, paint: plain })).toBe(
    "note    koffi: can't be loaded; npm install koffi\n",
  );
  expect(formatFinding(finding, { width: 32, paint: coloured })).toBe(
    "\u001b[33mnote\u001b[39m    koffi: can't be loaded;\n        npm install koffi\n",
  );
});

test("where nothing is named that needs the machine, everything is there", async () => {
  const { code, lines } = await examine({ dataPlane: "relay" });
  expect(code).toBe(0);
  expect(lines).toContain("ok      data plane relay: available");
  expect(lines).toContain("ok      gateway g, route fixed: needs nothing of this machine");
  expect(lines.filter((line) => line.includes("plane kernel"))).toEqual([]);
});

test("what auto can't have is a note", async () => {
  const { code, lines } = await examine({});
  expect(code).toBe(0);
  expect(lines.filter((line) => line.includes("data plane kernel")).length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.startsWith("missing"))).toEqual([]);
});

test("interception without its table is missing, or can't be seen; the table is the one that the ruleset makes", async () => {
  const { lines } = await examine({ name: "inner-lan.1", route: { transparent: {} } });
  const line = lines.find((text) => text.includes("route transparent: table"));
  expect(line).toMatch(/^(missing|note) +gateway inner-lan\.1, .*ftp-alg ruleset --config FILE \| nft -f -$/);
  expect(line).toContain("table inet ftp_alg_inner-lan.1 can't be seen");
});

test("data ports that the system hands out itself are noted with the cure", async () => {
  const { lines } = await examine({ dataPlane: "relay", clientSide: { dataPorts: "1024-65535" } });
  expect(lines.find((line) => line.includes("dataPorts"))).toMatch(/^note .*ip_local_reserved_ports/);
});

test("a Redis in which is counted together is asked, and none is a note that tells no password", async (context) => {
  const { lines: missing } = await examine(
    { dataPlane: "relay" },
    { shared: { redis: "redis://me:s3cret@127.0.0.1:9/1" } },
  );
  expect(missing.at(-1)).toBe(
    "note    shared.redis redis://127.0.0.1:9/1: connect ECONNREFUSED 127.0.0.1:9; each process counts by itself",
  );
  requireNone(redisObstacle, context);
  const redis = await setRedis({ requirepass: "s3cret" });
  const ask = async (url: string) =>
    (await examine({ dataPlane: "relay" }, { shared: { redis: url, timeout: "5s" } })).lines.at(-1);
  expect(await ask(redis.url)).toMatch(/^ok {6}shared\.redis redis:\/\/127\.0\.0\.1:\d+\/0: answers in \d+\.\d ms$/);
  expect(await ask(`redis://127.0.0.1:${redis.port}`)).toMatch(/^note .*NOAUTH .*; each process counts by itself$/);
  expect(await redis.ask("DBSIZE")).toBe(0);
});
