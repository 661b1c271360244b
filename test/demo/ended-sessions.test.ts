import { expect, test } from "vitest";
import { collectEndedSessions } from "../../src/demo/ended-sessions.ts";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { transcriptOf } from "../../src/observe/kept-session.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import { client, listener } from "../observe/synthetic.ts";

const limits = { sessions: 10, failures: 10, bytesPerSession: 10_000, totalBytes: 100_000 };

function collector() {
  const feed = createEventFeed();
  const history = createSessionHistory(limits, feed);
  const session = (id: string, ...texts: readonly string[]) => {
    const notes = history.started({ id, gateway: "demo", client, listener });
    for (const text of texts) notes.note(0, { kind: "client-line", text, quirks: [] }, [], (hidden) => hidden);
    return notes;
  };
  return { session, ...collectEndedSessions(history, feed) };
}

test("each session's lines are handed out together once it has ended", async () => {
  const { session, next } = collector();
  const one = session("1", "NOOP");
  const two = session("2", "SYST", "QUIT");
  const first = next(1000);
  two.ended();
  one.ended();
  expect(transcriptOf(await first)).toEqual(["C> SYST", "C> QUIT"]);
  expect(transcriptOf(await next(1000))).toEqual(["C> NOOP"]);
});

test("a session that does not end in time is an error", async () => {
  const { session, next } = collector();
  session("1", "NOOP");
  await expect(next(10)).rejects.toThrow("the session did not end within 10 ms");
});

test("a listener gets what has ended before and after it came", () => {
  const { session, each } = collector();
  const shown: (readonly string[])[] = [];
  session("1", "ONE").ended();
  each((ended) => void shown.push(transcriptOf(ended)));
  session("2", "TWO").ended();
  expect(shown).toEqual([["C> ONE"], ["C> TWO"]]);
});
