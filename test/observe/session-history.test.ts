import fc from "fast-check";
import { expect, test } from "vitest";
import { createSessionHistory, type HistoryLimits } from "../../src/observe/session-history.ts";
import { formatEvent } from "../../src/session/transcript.ts";
import { anyEvent } from "../session/any-event.ts";

const plain = (text: string): string => text;

function setUp(change: Partial<HistoryLimits> = {}) {
  const limits = { endedSessions: 100, stepsPerSession: 1000, bytesPerSession: 1e6, totalBytes: 1e7, ...change };
  const history = createSessionHistory(limits);
  const session = (id: string) => {
    const notes = history.started(id);
    const say = (text: string) => notes.note(0, { kind: "client-line", text, quirks: [] }, [], plain);
    return { ...notes, say };
  };
  return { history, session, lines: (id: string) => history.transcript(id)?.lines };
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
  expect(setUp().history.transcript("7")).toBeUndefined();
});

test("whoever asks to be told of ends is told of each once, until that is ended", () => {
  const { history, session } = setUp();
  const told: string[] = [];
  const end = history.onEnded((id) => told.push(id));
  const one = session("1");
  one.ended();
  one.ended();
  session("2").ended();
  end();
  session("3").ended();
  expect(told).toEqual(["1", "2"]);
});

test("limit: of one session the last steps are kept, and it is said how many are not", () => {
  const { history, session } = setUp({ stepsPerSession: 3 });
  const one = session("1");
  for (let number = 1; number <= 5; number += 1) one.say(`NOOP ${number}`);
  expect(history.transcript("1")).toEqual({ lines: ["C> NOOP 3", "C> NOOP 4", "C> NOOP 5"], stepsLeftOut: 2 });
});

test("limit: the texts of one session are bounded too", () => {
  const { history, session } = setUp({ bytesPerSession: 10_000 });
  const one = session("1");
  for (let number = 1; number <= 100; number += 1) one.say("x".repeat(1000));
  const { lines = [], stepsLeftOut = 0 } = history.transcript("1") ?? {};
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.join("").length).toBeLessThan(10_000);
  expect(lines.length + stepsLeftOut).toBe(100);
});

test("limit: of the sessions that have ended the last ones are kept, and those that run", () => {
  const { session, lines } = setUp({ endedSessions: 2 });
  session("running").say("NOOP");
  for (const id of ["1", "2", "3"]) {
    const ending = session(id);
    ending.say("QUIT");
    ending.ended();
  }
  expect(["running", "1", "2", "3"].map((id) => lines(id)?.length)).toEqual([1, undefined, 1, 1]);
});

test("limit: all sessions together stay below their bytes: those that ended first go first, then a session's own past", () => {
  const { session, lines } = setUp({ totalBytes: 10_000 });
  const first = session("first");
  first.say("x".repeat(3000));
  first.ended();
  const second = session("second");
  second.say("x".repeat(3000));
  second.ended();
  const third = session("third");
  for (let number = 1; number <= 2; number += 1) third.say("x".repeat(3000));
  expect([lines("first"), lines("second")?.length, lines("third")?.length]).toEqual([undefined, 1, 2]);
  for (let number = 1; number <= 10; number += 1) third.say("x".repeat(3000));
  expect(lines("second")).toBeUndefined();
  expect(lines("third")).toHaveLength(3);
});

test("a session that was told of after it had to make room takes none again", () => {
  const { history, session } = setUp({ endedSessions: 1 });
  const first = session("1");
  first.ended();
  session("2").ended();
  first.say("late");
  expect(history.transcript("1")).toBeUndefined();
});

test("secrets are masked when they are noted: nobody who looks later has to know them", () => {
  const { history } = setUp();
  const hide = (text: string): string => text.replaceAll("hunter2", "****");
  const notes = history.started("1");
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
  expect(history.transcript("1")?.lines).toEqual([
    "C> PASS ****",
    "     >S PASS ****",
    "S> 530 **** is wrong",
    "     >C 530 **** is wrong",
    "     refuse low-port",
    "stop internal-error: ****",
  ]);
});

test("hostile: any event is kept as it is shown in a transcript, and none makes the history fail", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
      const { history } = setUp();
      const notes = history.started("1");
      for (const event of events) notes.note(0, event, [], plain);
      expect(history.transcript("1")?.lines).toEqual(events.map(formatEvent));
    }),
  );
});
