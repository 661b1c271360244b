import { expect, test } from "vitest";
import { createCountBook, type CountLimits } from "../../../src/process/workers/count-book.ts";

const limits: CountLimits = {
  sessions: 3,
  sessionsPerClient: 2,
  connectsPerSecond: { rate: 1000, burst: 1000 },
  commandsPerSecond: { rate: 1000, burst: 1000 },
  loginFailures: { withinMs: 60_000, most: 2, banMs: 60_000, banMostMs: 600_000 },
};

const admitted = { kind: "admitted" };

test("limits of one client and of all hold for the workers together, and what leaves makes room in any of them", async () => {
  const book = createCountBook(limits);
  const [one, two] = [{}, {}];
  expect(await book.admit(one, "a")).toEqual(admitted);
  expect(await book.admit(two, "a")).toEqual(admitted);
  expect(await book.admit(one, "a")).toEqual({ kind: "refused", reason: "too-many-sessions-per-client" });
  expect(await book.admit(one, "b")).toEqual(admitted);
  expect(await book.admit(two, "c")).toEqual({ kind: "refused", reason: "too-many-sessions" });
  book.left(two, "a");
  expect(await book.admit(two, "c")).toEqual(admitted);
});

test("a worker that has died takes its sessions with it, and leaves those of the others", async () => {
  const book = createCountBook(limits);
  const [one, two] = [{}, {}];
  for (const worker of [one, one, two]) await book.admit(worker, worker === one ? "a" : "b");
  book.setServerSessions(one, "ftp", 2);
  expect(book.elsewhere(two)).toEqual(new Map([["ftp", 2]]));
  book.forget(one);
  expect(book.elsewhere(two)).toEqual(new Map());
  for (const client of ["a", "a"]) expect(await book.admit(two, client)).toEqual(admitted);
  expect(await book.admit(two, "d")).toEqual({ kind: "refused", reason: "too-many-sessions" });
  // What was asked before it died is answered, and counts nowhere.
  expect(await book.admit(one, "e")).toEqual({ kind: "unknown" });
});

test("failures in different workers add up to a ban, which holds in all of them", async () => {
  const book = createCountBook(limits);
  expect(await book.loginFailed("a")).toBe(0);
  expect(await book.loginFailed("a")).toBeGreaterThan(59_000);
  expect(book.countBans()).toBe(1);
  expect(await book.admit({}, "a")).toMatchObject({ kind: "banned" });
  expect(await book.admit({}, "b")).toEqual(admitted);
});

test("connections of one client are counted in all workers together", async () => {
  const book = createCountBook({
    ...limits,
    sessions: 100,
    sessionsPerClient: 100,
    connectsPerSecond: { rate: 1, burst: 1 },
  });
  const verdicts = [await book.admit({}, "a"), await book.admit({}, "a"), await book.admit({}, "a")];
  expect(verdicts).toEqual([admitted, admitted, { kind: "refused", reason: "too-many-connects" }]);
});

test("other limits hold from the next client on", async () => {
  const book = createCountBook(limits);
  await book.admit({}, "a");
  book.setLimits({ ...limits, sessionsPerClient: 1 });
  expect(await book.admit({}, "a")).toEqual({ kind: "refused", reason: "too-many-sessions-per-client" });
});
