import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionAnswer } from "../../../src/observe/api/schemas.ts";
import { listQuerySchema } from "../../../src/observe/api/session-list.ts";
import type { SessionReader, SessionsOverview } from "../../../src/observe/session-reader.ts";
import { mergeOverviews, mergeSessions } from "../../../src/process/workers/merged-sessions.ts";

function session(id: string, startedAt: string, more: Partial<SessionAnswer> = {}): SessionAnswer {
  return {
    ...{
      id,
      gateway: "one",
      state: "ended",
      client: "192.0.2.1:1",
      listener: "192.0.2.2:21",
      isLoggedIn: true,
      startedAt,
    },
    ...{ durationMs: 1, refusals: 0, transferCount: 0, bytesUp: 0, bytesDown: 0, running: [] },
    ...more,
  };
}

/** A worker that has these sessions, the newest first. */
function worker(sessions: readonly SessionAnswer[]): SessionReader {
  const missing = async () => undefined;
  return {
    overview: () => Promise.reject(new Error("not asked")),
    async list({ before, limit }, began) {
      const from = before === undefined ? 0 : sessions.findIndex(({ id }) => id === before) + 1;
      if (before !== undefined && from === 0) return undefined;
      const all = sessions
        .slice(from)
        .filter(
          ({ startedAt }) =>
            began === undefined || startedAt < began.time || (began.isInclusive && startedAt === began.time),
        );
      return { sessions: all.slice(0, limit), next: all.length > limit ? all[limit - 1]?.id : undefined };
    },
    detail: async (id) => {
      const found = sessions.find((one) => one.id === id);
      return found && { ...found, transfers: [], transfersLeftOut: 0, pinholes: [], stepsLeftOut: 0 };
    },
    trace: async (id) =>
      sessions.some((one) => one.id === id) ? { text: `trace of ${id}\n` } : { missing: "session" },
    ...{ drawn: missing, lastOf: missing },
    end: async (id) => (sessions.some((one) => one.id === id) ? "ended" : "missing"),
  };
}

test("page by page, every session of every worker comes once, the newest first, also those that began in the same millisecond", async () => {
  const times = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(times, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
      async (all, limit) => {
        const workers = all.map((own, index) =>
          worker(
            own
              .toSorted((one, other) => other - one)
              .map((time, place) => session(`${index}-${place}`, `2026-01-01T00:00:00.00${time}Z`)),
          ),
        );
        const merged = mergeSessions(() => workers);
        const seen: SessionAnswer[] = [];
        for (let before: string | undefined; ;) {
          const page = await merged.list({ ...listQuerySchema.parse({ limit }), before });
          seen.push(...(page?.sessions ?? []));
          if (page?.next === undefined) break;
          expect(page.sessions).toHaveLength(limit);
          before = page.next;
        }
        expect(seen.map(({ id }) => id).toSorted()).toEqual(
          all.flatMap((own, index) => own.map((_, place) => `${index}-${place}`)).toSorted(),
        );
        const order = seen.map(({ startedAt }) => startedAt);
        expect(order).toEqual(order.toSorted().toReversed());
      },
    ),
  );
});

test("a session is found in whichever worker it is, and in none where it is not", async () => {
  const merged = mergeSessions(() => [worker([session("a", "1")]), worker([session("b", "2")])]);
  expect((await merged.detail("b"))?.id).toBe("b");
  expect(await merged.trace("a", { format: "transcript" })).toEqual({ text: "trace of a\n" });
  expect(await merged.end("b")).toBe("ended");
  expect(await merged.detail("c")).toBeUndefined();
  expect(await merged.trace("c", { format: "transcript" })).toEqual({ missing: "session" });
  expect(await merged.end("c")).toBe("missing");
  expect(await merged.list({ ...listQuerySchema.parse({}), before: "c" })).toBeUndefined();
});

test("a worker that can't answer has no sessions, and the others are shown", async () => {
  const gone: SessionReader = {
    ...worker([]),
    list: () => Promise.reject(new Error("gone")),
    detail: () => Promise.reject(new Error("gone")),
  };
  const merged = mergeSessions(() => [gone, worker([session("b", "2")])]);
  expect((await merged.list(listQuerySchema.parse({})))?.sessions.map(({ id }) => id)).toEqual(["b"]);
  expect((await merged.detail("b"))?.id).toBe("b");
});

test("failures of one kind in several workers are one entry: how many, and the last of them", () => {
  const failure = {
    hop: "client-data-in",
    cause: "not-reached",
    sentence: "s",
    advice: "a",
  } as unknown as SessionAnswer["failure"];
  const failed = (id: string, failedAt: string) => session(id, failedAt, { failedAt, failure });
  const part = (id: string, failedAt: string, count: number): SessionsOverview => {
    const none = { shown: [], all: 0 };
    const kinds = { shown: [{ newest: failed(id, failedAt), count }], all: count };
    return { failedLastHour: count, failed: kinds, live: none, transfers: none, pinholes: none };
  };
  const merged = mergeOverviews([part("a", "1", 2), part("b", "2", 3)]);
  expect(merged.failedLastHour).toBe(5);
  expect(merged.failed.all).toBe(5);
  expect(merged.failed.shown).toMatchObject([{ newest: { id: "b" }, count: 5 }]);
});
