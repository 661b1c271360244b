// Stacked counts: workers of one machine that also count with other machines.
import { expect, test } from "vitest";
import type { SharedCounts, SharedLimits, SharedVerdict } from "../../../src/gateway/entrance/shared-counts.ts";
import { stackCounts } from "../../../src/process/shared/stacked-counts.ts";

const limits: SharedLimits = { sessions: 1, sessionsPerClient: 1, connectsPerSecond: { rate: 1, burst: 0 } };
const rule = { withinMs: 1000, most: 1, banMs: 1000, banMostMs: 1000 };

/** Says the same to everybody, and notes what it is told. */
function counts(verdict: SharedVerdict, bannedMs = 0, elsewhere = 0) {
  const told: string[] = [];
  const made: SharedCounts = {
    async admit() {
      told.push("admit");
      return verdict;
    },
    left: () => void told.push("left"),
    async loginFailed() {
      told.push("failed");
      return bannedMs;
    },
    setServerSessions: (server, sessions) => void told.push(`${server} ${sessions}`),
    serverSessionsElsewhere: () => elsewhere,
  };
  return { told, made };
}

const admitted = { kind: "admitted" } as const;
const unknown = { kind: "unknown" } as const;
const refused = { kind: "refused", reason: "too-many-sessions" } as const;

test.each<[SharedVerdict, SharedVerdict, SharedVerdict, string[], string[]]>([
  [admitted, admitted, admitted, ["admit"], ["admit"]],
  [admitted, unknown, admitted, ["admit"], ["admit"]],
  [unknown, admitted, admitted, ["admit"], ["admit"]],
  [unknown, unknown, unknown, ["admit"], ["admit"]],
  [refused, admitted, refused, ["admit"], []],
  [admitted, refused, refused, ["admit", "left"], ["admit"]],
  [admitted, { kind: "banned", ms: 5 }, { kind: "banned", ms: 5 }, ["admit", "left"], ["admit"]],
])(
  "here %o, there %o: a client is let in by both, and counted by both or neither",
  async (here, there, verdict, nearTold, farTold) => {
    const [near, far] = [counts(here), counts(there)];
    expect(await stackCounts(near.made, far.made)?.admit("c", limits)).toEqual(verdict);
    expect([near.told, far.told]).toEqual([nearTold, farTold]);
  },
);

test("both are told what happens, and the longer ban and the greater number count", async () => {
  const [near, far] = [counts(admitted, 1000, 2), counts(admitted, 3000, 5)];
  const both = stackCounts(near.made, far.made) ?? expect.fail();
  both.left("c");
  both.setServerSessions("a", 4);
  expect(await both.loginFailed("c", rule)).toBe(3000);
  expect(both.serverSessionsElsewhere("a")).toBe(5);
  expect(near.told).toEqual(["left", "a 4", "failed"]);
  expect(far.told).toEqual(near.told);
});

test("one alone is itself", () => {
  const { made } = counts(admitted);
  expect([stackCounts(made, undefined), stackCounts(undefined, made)]).toEqual([made, made]);
  expect(stackCounts(undefined, undefined)).toBeUndefined();
});
