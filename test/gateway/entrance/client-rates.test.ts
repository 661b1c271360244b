import { describe, expect, onTestFinished, test, vi } from "vitest";
import { banMs, createClientRates, type RateLimits } from "../../../src/gateway/entrance/client-rates.ts";
import { sleep } from "../../virtual-time.ts";

const limits: RateLimits = {
  connectsPerSecond: { rate: 2, burst: 3 },
  commandsPerSecond: { rate: 10, burst: 0 },
  loginFailures: { withinMs: 60_000, most: 3, banMs: 10_000, banMostMs: 30_000 },
};

async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index += 1) results.push(await act());
  return results;
}

test("limit connectsPerSecond: a client has its rate and one burst, then its rate alone, until ten seconds are over", async () => {
  const { connected } = createClientRates(limits);
  const refusals = async (count: number) => (await times(count, () => connected("a"))).filter(Boolean);
  expect(await refusals(5)).toEqual([]);
  expect(await refusals(2)).toEqual(["too-many-connects", "too-many-connects"]);
  expect(await connected("b")).toBeUndefined();
  await sleep(1001);
  expect(await refusals(3)).toEqual(["too-many-connects"]);
  await sleep(10_000);
  expect(await refusals(5)).toEqual([]);
});

test("limit commandsPerSecond: who says more waits for the next second", async () => {
  const { commandsRead } = createClientRates(limits);
  expect(await commandsRead("a", 10)).toBe(0);
  const waitMs = await commandsRead("a", 1);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(1000);
  await sleep(1001);
  expect(await commandsRead("a", 1)).toBe(0);
});

test("a ban that others have made holds for as long as they say, and no longer than one may be here", async () => {
  const rates = createClientRates(limits);
  await rates.ban("a", 10_000);
  await rates.ban("b", 2 ** 40);
  expect([await rates.connected("a"), await rates.connected("b"), rates.countBans()]).toEqual(["banned", "banned", 2]);
  await sleep(10_001);
  expect([await rates.connected("a"), await rates.connected("b")]).toEqual([undefined, "banned"]);
  await sleep(20_000);
  expect(await rates.connected("b")).toBeUndefined();
});

describe("a wall clock that is set", () => {
  function setClock(ms: number): void {
    const { now } = Date;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + ms);
    onTestFinished(() => clock.mockRestore());
  }

  test("back by a day lets nobody wait longer than the limit says", async () => {
    const { commandsRead } = createClientRates(limits);
    await commandsRead("a", 11);
    setClock(-86_400_000);
    const waitMs = await commandsRead("a", 1);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(10_000);
  });

  test("forward by a day lifts no ban, and the failures that follow don't either", async () => {
    const { loginFailed, connected } = createClientRates(limits);
    await times(3, () => loginFailed("a"));
    setClock(86_400_000);
    expect(await loginFailed("a")).toBe(true);
    expect(await connected("a")).toBe("banned");
    await sleep(10_001);
    expect(await connected("a")).toBeUndefined();
  });
});

describe("limit loginFailures", () => {
  test("the failure with the number `most` bans the client, and those that follow do not prolong it", async () => {
    const { loginFailed, connected, countBans } = createClientRates(limits);
    expect(await times(3, () => loginFailed("a"))).toEqual([false, false, true]);
    expect(countBans()).toBe(1);
    await sleep(5000);
    expect(await loginFailed("a")).toBe(true);
    expect(await connected("a")).toBe("banned");
    expect(await connected("b")).toBeUndefined();
    await sleep(5001);
    expect(await connected("a")).toBeUndefined();
    expect(countBans()).toBe(0);
  });

  test("failures that are further apart than `within` are no reason", async () => {
    const { loginFailed } = createClientRates(limits);
    for (let count = 0; count < 5; count += 1) {
      expect(await times(2, () => loginFailed("a"))).toEqual([false, false]);
      await sleep(60_001);
    }
  });

  test("each further ban is twice as long, up to `banMost`", async () => {
    const { loginFailed, connected } = createClientRates(limits);
    for (const seconds of [10, 20, 30, 30]) {
      await times(3, () => loginFailed("a"));
      await sleep(seconds * 1000 - 100);
      expect(await connected("a"), `${seconds} s`).toBe("banned");
      await sleep(200);
      expect(await connected("a"), `${seconds} s`).toBeUndefined();
    }
  });

  test("the length of a ban is a number for any count", () => {
    expect([1, 2, 3, 1e9].map((count) => banMs(limits.loginFailures, count))).toEqual([10_000, 20_000, 30_000, 30_000]);
  });
});
