// The section `shared` of the configuration.
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";

const gateways = "gateways: [{ listen: ['127.0.0.1:0'], route: { server: '10.0.0.5' } }]";

function sharedOf(section: string): unknown {
  const parsed = parseConfig(`${section}\n${gateways}`);
  return parsed.ok ? parsed.config.shared : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("nothing is shared unless it is said where; the prefix and the time have defaults", () => {
  expect(sharedOf("")).toBeUndefined();
  const redis = "redis://127.0.0.1:6379/0";
  expect(sharedOf(`shared: { redis: "${redis}" }`)).toEqual({ redis, prefix: "ftp-alg", timeoutMs: 50 });
  expect(sharedOf(`shared: { redis: "${redis}", prefix: "prod:ftp", timeout: 1s }`)).toEqual({
    ...{ redis, prefix: "prod:ftp", timeoutMs: 1000 },
  });
});

test.each([
  "redis://redis.example.net",
  "rediss://gateway:s%20cret@redis.example.net:6380/3",
  "redis://:secret@[fd00::9]:6379",
  "redis://10.0.0.9/",
])("a URL of Redis: %s", (redis) => {
  expect(sharedOf(`shared: { redis: "${redis}" }`)).toMatchObject({ redis });
});

test.each([
  "10.0.0.9:6379",
  "http://10.0.0.9:6379",
  "redis://",
  "redis://10.0.0.9:70000",
  "redis://10.0.0.9:0",
  "redis://10.0.0.9/first",
  "redis://10.0.0.9/0?timeout=1",
  "redis://10.0.0.9 ",
  "redis://:bad%zz@10.0.0.9",
])("no URL of Redis: %s", (redis) => {
  expect(sharedOf(`shared: { redis: "${redis}" }`)).toEqual([
    expect.stringMatching(
      /^shared\.redis: expected a URL such as redis:\/\/10\.0\.0\.9:6379\/0, rediss:\/\/ for TLS, got /,
    ),
  ]);
});

test.each([
  "redis://:s3cret@10.0.0.9/x",
  "redis://me:s3cret@10.0.0.9/x",
  "redis:// :s3cret@10.0.0.9",
  "//:s3/cret@host",
])("what is said of a wrong URL does not name its password: %s", (redis) => {
  expect(JSON.stringify(sharedOf(`shared: { redis: "${redis}" }`))).not.toMatch(/s3|cret/);
});

test("other mistakes are named with their path", () => {
  const redis = "redis: 'redis://10.0.0.9'";
  expect(sharedOf("shared: {}")).toEqual(["shared.redis: is required"]);
  expect(sharedOf(`shared: { ${redis}, prefix: "{a}" }`)).toEqual([
    "shared.prefix: expected a word of letters, digits, '.', '_', ':' and '-', got \"{a}\"",
  ]);
  expect(sharedOf(`shared: { ${redis}, timeout: 6s }`)).toEqual(["shared.timeout: must be at most 5s, is 6s"]);
  expect(sharedOf(`shared: { ${redis}, time: 1s }`)).toEqual([expect.stringMatching(/^shared\.time: unknown key/)]);
});
