import { expect, test } from "vitest";
import { sessionDetailAnswer, sessionAnswer } from "../../../src/observe/api/session-answer.ts";
import { sessionDetailSchema, sessionSchema } from "../../../src/observe/api/schemas.ts";
import { createEventFeed } from "../../../src/observe/event-feed.ts";
import { createSessionHistory } from "../../../src/observe/session-history.ts";
import { createWallClock } from "../../../src/observe/wall-clock.ts";
import type { SessionEffect, SessionEvent } from "../../../src/session/events.ts";
import type { Fact } from "../../../src/session/facts.ts";
import { client, closed, dial, listen, listener, transferEnded } from "../synthetic.ts";

function setUp() {
  const limits = { sessions: 10, failures: 10, bytesPerSession: 65_536, totalBytes: 1e7 };
  const history = createSessionHistory(limits, createEventFeed());
  let carried = 0;
  const notes = history.started({ id: "1", gateway: "public", client, listener }, () => ({
    ...{ bytesUp: carried, bytesDown: 0 },
  }));
  const startedAt = history.find("1")?.record.startedAt ?? 0;
  const clock = createWallClock();
  const note = (ms: number, event: SessionEvent | undefined, ...effects: SessionEffect[]): void =>
    notes.note(startedAt + ms, event, effects, (text) => text);
  const kept = () => history.find("1") ?? expect.fail();
  return {
    note,
    record: (ms: number, fact: Fact) => note(ms, undefined, { kind: "record", fact }),
    carry: (bytes: number) => (carried = bytes),
    at: (ms: number) => sessionSchema.parse(sessionAnswer(kept(), { now: startedAt + ms, clock })),
    detail: (ms: number) => sessionDetailSchema.parse(sessionDetailAnswer(kept(), { now: startedAt + ms, clock })),
  };
}

function upload({ note }: ReturnType<typeof setUp>): void {
  note(10, undefined, { kind: "open", id: 1, client: listen, server: dial });
  note(20, { kind: "pinhole", id: 1, event: { kind: "opened", plane: "splice", client: listener } });
  note(30, undefined, { kind: "to-server", bytes: "STOR a\r\n" });
}

test("what a session failed at is shown with hop, cause, sentence and advice, and nothing else of it", () => {
  const { record, at } = setUp();
  const failure = {
    hop: "client-data-in",
    cause: "nobody-came",
    sentence: "Nobody came.",
    advice: "Open it.",
  } as const;
  record(10, { kind: "failure", diagnosis: { ...failure, clientSentence: "" } });
  expect(at(20).failure).toEqual(failure);
});

test("a session lasts until now while it runs, and until its end afterwards", () => {
  const { record, at } = setUp();
  expect(at(500)).toMatchObject({ state: "live", durationMs: 500 });
  record(700, { kind: "ended", reason: "idle", detail: "" });
  expect(at(900)).toMatchObject({ state: "ended", durationMs: 700, end: { reason: "idle" } });
});

test("a transfer waits, runs, and has ended once it is known what became of it", () => {
  const session = setUp();
  const { note, record, detail } = session;
  upload(session);
  expect(detail(40).transfers).toMatchObject([{ state: "waiting", durationMs: 0, path: "a", plane: "splice" }]);
  note(50, { kind: "pinhole", id: 1, event: { kind: "joined" } });
  expect(detail(60).transfers).toMatchObject([{ state: "running", durationMs: 10 }]);
  note(90, { kind: "pinhole", id: 1, event: closed("complete", { bytesUp: 7, durationMs: 40 }) });
  expect(detail(95)).toMatchObject({ transfers: [{ state: "running", durationMs: 40 }], pinholes: [], bytesUp: 7 });
  record(96, transferEnded({ verb: "STOR", direction: "upload", bytesUp: 7, bytesDown: 0 }));
  expect(detail(99)).toMatchObject({
    ...{ running: [], transferCount: 1, bytesUp: 7 },
    transfers: [{ state: "ended", outcome: "complete", bytesPerSecond: 175 }],
  });
});

test("the rate of a transfer that runs is that since somebody looked last, at most twice a second", () => {
  const session = setUp();
  const { note, carry, at } = session;
  upload(session);
  note(1000, { kind: "pinhole", id: 1, event: { kind: "joined" } });
  const rate = (ms: number) => at(ms).running[0]?.bytesPerSecond;
  carry(1000);
  expect(rate(2000)).toBe(1000);
  carry(11_000);
  expect(rate(2100)).toBe(1000);
  expect(rate(3000)).toBe(10_000);
  expect(rate(4000)).toBe(0);
});

test("nothing of a session that has ended is running", () => {
  const session = setUp();
  upload(session);
  session.record(50, { kind: "ended", reason: "client-gone", detail: "" });
  expect(session.at(60).running).toEqual([]);
});

test("TLS of control connections is told, and the version on each leg of a transfer", () => {
  const session = setUp();
  expect(session.at(1)).not.toHaveProperty("tls");
  const secured = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", resumed: true } as const;
  const fact = { kind: "tls-started", side: "client", connection: "control", durationMs: 2, ...secured } as const;
  session.record(5, { ...fact, peer: "CN=anna" });
  upload(session);
  session.note(40, { kind: "pinhole", id: 1, event: { kind: "secured", side: "server", durationMs: 1, ...secured } });
  const detail = session.detail(50);
  expect(detail.tls).toEqual({ client: { ...secured, peer: "CN=anna" } });
  expect(detail.transfers).toMatchObject([{ serverTls: "TLSv1.3" }]);
  expect(detail.transfers[0]).not.toHaveProperty("clientTls");
});
