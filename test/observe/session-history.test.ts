import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventFeed, type FeedEvent } from "../../src/observe/event-feed.ts";
import { transcriptOf } from "../../src/observe/kept-session.ts";
import { createSessionHistory, type HistoryLimits } from "../../src/observe/session-history.ts";
import type { Diagnosis } from "../../src/session/diagnosis.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import { formatEvent } from "../../src/session/transcript.ts";
import { anyEvent } from "../session/any-event.ts";
import { client, listener } from "./synthetic.ts";

const plain = (text: string): string => text;
const diagnosis: Diagnosis = {
  ...({ hop: "client-data-in", cause: "nobody-came" } as const),
  ...{ sentence: "Nobody came.", advice: "Open the port.", clientSentence: "Nobody came." },
};

function setUp(change: Partial<HistoryLimits> = {}) {
  const limits = { sessions: 100, failures: 100, bytesPerSession: 1e6, totalBytes: 1e7, ...change };
  const feed = createEventFeed();
  const history = createSessionHistory(limits, feed);
  const session = (id: string) => {
    const notes = history.started({ id, gateway: "public", client, listener });
    const say = (text: string) => notes.note(0, { kind: "client-line", text, quirks: [] }, [], plain);
    const fail = () => notes.note(0, undefined, [{ kind: "record", fact: { kind: "failure", diagnosis } }], plain);
    return { ...notes, say, fail };
  };
  const lines = (id: string) => {
    const kept = history.find(id);
    return kept && transcriptOf(kept);
  };
  return { history, feed, session, lines, limits };
}

test("a session is shown while it runs and after its end, each with its own lines", () => {
  const { session, lines } = setUp();
  const one = session("1");
  const two = session("2");
  one.say("NOOP");
  two.say("SYST");
  expect([lines("1"), lines("2")]).toEqual([["C> NOOP"], ["C> SYST"]]);
  one.ended();
  expect(lines("1")).toEqual(["C> NOOP"]);
});

test("what was never kept is not known", () => {
  expect(setUp().history.find("7")).toBeUndefined();
});

test("they are listed by their beginning, the newest first, whether they run or have ended", () => {
  const { history, session } = setUp();
  const sessions = ["1", "2", "3"].map(session);
  sessions[1]?.ended();
  expect(history.newestFirst().map(({ record }) => record.id)).toEqual(["3", "2", "1"]);
});

test("the feed tells the beginning and the end of each session once, and what became of it between", () => {
  const { feed, session } = setUp();
  const told: unknown[] = [];
  const end = feed.subscribe((event: FeedEvent) =>
    told.push([event.kind, "session" in event ? event.session?.id : undefined]),
  );
  const one = session("1");
  one.fail();
  one.ended();
  one.ended();
  end();
  session("2").ended();
  expect(told).toEqual([
    ["session-started", "1"],
    ["failure", "1"],
    ["session-ended", "1"],
  ]);
});

test("limit: the texts of one session are bounded; the last are kept, and it is said how many are not", () => {
  const { history, session, lines } = setUp({ bytesPerSession: 10_000 });
  const one = session("1");
  for (let number = 1; number <= 100; number += 1) one.say(`${number} ${"x".repeat(1000)}`);
  const shown = lines("1") ?? [];
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.at(-1)).toMatch(/^C> 100 /);
  expect(shown.join("").length).toBeLessThan(10_000);
  expect(shown.length + (history.find("1")?.stepsLeftOut ?? 0)).toBe(100);
});

test("limit: of the data connections of one session the last are kept, and it is said how many are not", () => {
  const { history, session } = setUp({ bytesPerSession: 10_000 });
  const { note } = session("1");
  const plan = { kind: "listen", peer: "192.0.2.1" } as const;
  for (let id = 1; id <= 50; id += 1) {
    note(0, undefined, [{ kind: "open", id, client: plan, server: plan }], plain);
    note(0, { kind: "pinhole", id, event: { kind: "refused", reason: "ports-exhausted", detail: "" } }, [], plain);
  }
  const { connections = [], connectionsLeftOut } = history.find("1")?.record ?? {};
  expect(connections.length).toBeLessThan(10);
  expect(connections.at(-1)?.id).toBe(50);
  expect(connections.length + (connectionsLeftOut ?? 0)).toBe(50);
});

test("limit: of the sessions that have ended the last ones are kept, and those that run", () => {
  const { session, lines } = setUp({ sessions: 2 });
  session("running").say("NOOP");
  for (const id of ["1", "2", "3"]) {
    const ending = session(id);
    ending.say("QUIT");
    ending.ended();
  }
  expect(["running", "1", "2", "3"].map((id) => lines(id)?.length)).toEqual([1, undefined, 1, 1]);
});

test("what carries a session's bytes is let go with its last data connection, which may outlive the session", () => {
  const { history } = setUp();
  const carried = { bytesUp: 1, bytesDown: 2 };
  const notes = history.started({ id: "1", gateway: "public", client, listener }, () => carried);
  const leg = { kind: "listen", expect: { match: "any" } } as const;
  const note = (event: SessionEvent | undefined, effects: readonly SessionEffect[]) =>
    notes.note(0, event, effects, plain);
  note(undefined, [{ kind: "open", id: 1, client: leg, server: leg } as unknown as SessionEffect]);
  notes.ended();
  expect(history.find("1")?.bytesOf(1)).toEqual(carried);
  const closed = { kind: "closed", outcome: "complete", ...carried, durationMs: 3 } as const;
  note({ kind: "pinhole", id: 1, event: closed }, []);
  expect(history.find("1")?.bytesOf(1)).toBeUndefined();
});

test("limit: failures are kept longer than successes, each up to their own number", () => {
  const { history, session } = setUp({ sessions: 2, failures: 3 });
  for (let number = 1; number <= 4; number += 1) {
    const failing = session(`failure ${number}`);
    failing.fail();
    failing.ended();
  }
  for (let number = 1; number <= 10; number += 1) session(`success ${number}`).ended();
  expect(history.newestFirst().map(({ record }) => record.id)).toEqual([
    ...["success 10", "success 9", "failure 4", "failure 3", "failure 2"],
  ]);
  expect(history.counts()).toMatchObject({ live: 0, ended: 2, failed: 3 });
});

test("a session whose failure is told after its end is kept as a failure", () => {
  const { history, session } = setUp({ sessions: 1 });
  const late = session("late");
  late.ended();
  late.fail();
  for (const id of ["1", "2", "3"]) session(id).ended();
  expect(history.newestFirst().map(({ record }) => record.id)).toEqual(["3", "late"]);
});

test("limit: all sessions together stay below their bytes: successes make room first, then failures", () => {
  const { history, session, lines } = setUp({ totalBytes: 20_000 });
  const failure = session("failure");
  failure.fail();
  failure.ended();
  for (const id of ["1", "2", "3", "4"]) {
    const success = session(id);
    success.say("x".repeat(3000));
    success.ended();
  }
  const running = session("running");
  for (let number = 1; number <= 3; number += 1) running.say("x".repeat(3000));
  expect(["failure", "1", "4"].map((id) => lines(id)?.length)).toEqual([1, undefined, 1]);
  for (let number = 1; number <= 10; number += 1) running.say("x".repeat(3000));
  expect([lines("4"), lines("failure")]).toEqual([undefined, undefined]);
  expect(history.counts().bytes).toBeLessThanOrEqual(20_000);
});

test("limit: where all that run want more than there is, each keeps its share, and the quiet keep theirs", () => {
  const { history, session, lines } = setUp({ totalBytes: 100_000 });
  const quiet = session("quiet");
  quiet.say("NOOP");
  const loud = Array.from({ length: 9 }, (_, number) => session(`loud ${number}`));
  for (let round = 1; round <= 50; round += 1) for (const one of loud) one.say("x".repeat(1000));
  expect(history.counts().bytes).toBeLessThanOrEqual(100_000);
  expect(lines("quiet")).toEqual(["C> NOOP"]);
  for (let number = 0; number < 9; number += 1) expect(lines(`loud ${number}`)?.length).toBeGreaterThan(3);
});

test("other limits hold for what is kept already", () => {
  const { history, session, limits } = setUp();
  for (const id of ["1", "2", "3"]) session(id).ended();
  history.setLimits({ ...limits, sessions: 1 });
  expect(history.newestFirst().map(({ record }) => record.id)).toEqual(["3"]);
});

test("a session that was told of after it had to make room takes none again", () => {
  const { history, session } = setUp({ sessions: 1 });
  const first = session("1");
  first.ended();
  session("2").ended();
  const { bytes } = history.counts();
  first.say("late");
  expect(history.find("1")).toBeUndefined();
  expect(history.counts().bytes).toBe(bytes);
});

test("secrets are masked when they are noted: nobody who looks later has to know them", () => {
  const { history, session, lines } = setUp();
  const hide = (text: string): string => text.replaceAll("hunter2", "****");
  const notes = session("1");
  notes.note(
    0,
    { kind: "client-line", text: "PASS abc", quirks: [] },
    [{ kind: "to-server", bytes: "PASS abc\r\n" }],
    hide,
  );
  notes.note(
    0,
    { kind: "server-line", text: "530 hunter2 is wrong", raw: "530 hunter2 is wrong\r\n" },
    [
      { kind: "to-client", bytes: "530 hunter2 is wrong\r\n" },
      { kind: "record", fact: { kind: "refusal", reason: "low-port", detail: "hunter2" } },
    ],
    hide,
  );
  notes.note(0, { kind: "stop", reason: "internal-error", detail: "hunter2" }, [], hide);
  expect(lines("1")).toEqual([
    "C> PASS ****",
    "     >S PASS ****",
    "S> 530 **** is wrong",
    "     >C 530 **** is wrong",
    "     refuse low-port",
    "stop internal-error: ****",
  ]);
  expect(JSON.stringify(history.find("1"))).not.toMatch(/hunter2|abc/);
});

test("hostile: any event is kept as it is shown in a transcript, and none makes the history fail", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
      const { session, lines } = setUp();
      const { note } = session("1");
      for (const event of events) note(0, event, [], plain);
      expect(lines("1")).toEqual(events.map(formatEvent));
    }),
  );
});

test("bytes that nobody can read are one line of the transcript while nothing else happens, however often they come", () => {
  const { session, lines, history } = setUp();
  const { note } = session("1");
  const moved = (bytesUp: number, bytesDown: number, isSecured = true): void =>
    note(0, { kind: "opaque-moved", bytesUp, bytesDown, isSecured }, [{ kind: "timer", timer: "idle", ms: 1 }], plain);
  moved(517, 0, false);
  const { bytes } = history.counts();
  for (let count = 0; count < 100; count += 1) moved(10, 20);
  expect(history.counts().bytes).toBe(bytes);
  note(0, { kind: "opaque-ended" }, [], plain);
  moved(1, 2);
  expect(lines("1")).toEqual([
    "opaque moved 1517 up 2000 down secured",
    "opaque ended",
    "opaque moved 1 up 2 down secured",
  ]);
});
