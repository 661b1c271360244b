// Two gateways with keepalived and conntrackd: a transfer that the kernel plane carries outlives the machine that it began on, and the peers
// of control connections, which do not, are told so.
import { createHash } from "node:crypto";
import { beforeEach, expect, test, vi } from "vitest";
import { until } from "../gateway/stage.ts";
import { obstacleTo, requireNone } from "./availability.ts";
import { largeFile } from "./large-file.ts";
import { createPair } from "./pair.ts";

// Programs may have to be fetched first.
vi.setConfig({ testTimeout: 180_000 });

const obstacle = await obstacleTo("nft", "keepalived", "conntrackd", "conntrack", "python3");
beforeEach((context) => requireNone(obstacle, context));

type Told = { at: number; event: string; bytes?: number; sha256?: string; name?: string; message?: string };

test("a transfer goes on, byte for byte, on the machine that takes over, and control connections are reset within two seconds", async () => {
  await using pair = await createPair();
  await until(async () => (await pair.primary()) !== undefined, 20_000);
  const first = (await pair.primary()) ?? "a";
  const second = first === "a" ? "b" : "a";
  const client = pair.startClient();
  const told = (): Told[] =>
    client
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Told);
  const moved = (): number => told().findLast(({ event }) => event === "moved")?.bytes ?? 0;
  await until(() => moved() > 4_000_000, 30_000);
  // It is the kernel that carries, and the other machine has heard of it.
  expect(await pair.tracked(first)).toMatch(/dport=50\d\d\d .*src=10\.0\.0\.5 dst=10\.0\.0\.1/);
  expect(await pair.tracked(second)).not.toContain("dport=50");

  const before = moved();
  const cutAt = Date.now();
  await pair.cut(first);
  await until(async () => (await pair.primary()) === second, 10_000).catch(() => expect.fail(pair.log(second)));
  await until(() => moved() > before + 8_000_000, 20_000);
  expect(await pair.tracked(second)).toMatch(/dport=50\d\d\d .*src=10\.0\.0\.5 dst=10\.0\.0\.1/);

  const resets = told().filter(({ event }) => event === "control");
  expect(resets.map(({ name = "" }) => name).toSorted(), pair.log(second)).toEqual(["idle", "transferring"]);
  for (const { at, message } of resets) {
    expect(message).toContain("ECONNRESET");
    expect(at - cutAt).toBeLessThan(2000);
  }
  await until(() => told().some(({ event }) => event === "whole"), 60_000);
  const whole = told().find(({ event }) => event === "whole");
  const file = largeFile();
  expect(whole?.bytes).toBe(file.length);
  expect(whole?.sha256).toBe(createHash("sha256").update(file).digest("hex"));
});
