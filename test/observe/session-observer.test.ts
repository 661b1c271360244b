import { afterEach, describe, expect, test, vi } from "vitest";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { transcriptOf } from "../../src/observe/kept-session.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import { observe } from "./observing.ts";
import { closed, dial, listen, listener, server, client, transferEnded } from "./synthetic.ts";

const limits = { sessions: 10, failures: 10, bytesPerSession: 10_000, totalBytes: 10_000 };
const command = { kind: "command", verb: "NOOP" } as const;
const line = (text: string): SessionEvent => ({ kind: "client-line", text, quirks: [] });
const reply = (text: string): SessionEvent => ({ kind: "server-line", text, raw: `${text}\r\n` });

describe("what happened is told", () => {
  afterEach(() => void vi.useRealTimers());

  test("10 ms later, together and in order, however much it is", () => {
    vi.useFakeTimers();
    const { start, messages } = observe();
    const session = start();
    session.record(command, { kind: "reply", code: 200 });
    vi.advanceTimersByTime(9);
    session.record({ kind: "quirk", quirk: "bare-lf" });
    expect(messages()).toEqual(["session started"]);
    vi.advanceTimersByTime(1);
    expect(messages()).toEqual(["session started", "command", "reply", "quirk"]);
  });

  test("at once when it is flushed, and once", () => {
    vi.useFakeTimers();
    const { start, messages } = observe();
    const session = start();
    session.record(command);
    session.flush();
    expect(messages()).toEqual(["session started", "command"]);
    vi.advanceTimersByTime(100);
    expect(messages()).toEqual(["session started", "command"]);
  });

  test("before the metrics are read", async () => {
    const { start, counted } = observe();
    start().record(command);
    expect(await counted("commands_total")).toEqual({ NOOP: 1 });
  });
});

test("a step that can't be told is reported as a fault, and those behind it are told all the same", async () => {
  const failures: unknown[] = [];
  const { start, messages, counted } = observe();
  const session = start({ counts: () => undefined, failed: (error) => failures.push(error) });
  session.record(command);
  session.record({ kind: "quirk", quirk: "no such quirk" as "bare-lf" });
  session.record({ kind: "ended", reason: "quit", detail: "" });
  session.flush();
  expect(failures).toEqual([expect.any(TypeError)]);
  expect(messages()).toEqual(["session started", "command", "session ended"]);
  expect(await counted("sessions_active")).toEqual({});
  session.record(command);
  session.flush();
  expect(messages()).toEqual(["session started", "command", "session ended", "command"]);
});

test("at info a session is its start, its server, its login, its transfers and its end", () => {
  const { start, messages } = observe("info");
  const session = start();
  session.record({ kind: "server-connected", peer: server, local: client });
  session.record(command, { kind: "reply", code: 230 }, { kind: "logged-in", user: "anna" });
  session.record({ kind: "quirk", quirk: "bare-lf" });
  session.open(listen, dial);
  session.pinhole({ kind: "opened", plane: "relay", client: listener });
  session.pinhole({ kind: "joined" });
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.pinhole(closed("complete"));
  session.record(transferEnded(), { kind: "ended", reason: "quit", detail: "" });
  session.flush();
  expect(messages()).toEqual(["session started", "server connected", "logged in", "transfer ended", "session ended"]);
});

test("at trace the log has the transcript between the facts, each step's event before its effects", () => {
  const { start, lines } = observe("trace");
  const session = start();
  session.step(line("NOOP"), [
    { kind: "record", fact: command },
    { kind: "to-server", bytes: "NOOP\r\n" },
  ]);
  session.flush();
  expect(lines.filter(({ level }) => level === "trace")).toMatchObject([
    { session: "k3f9", gateway: "public", msg: "C> NOOP" },
    { session: "k3f9", gateway: "public", msg: "     >S NOOP" },
  ]);
});

test("no transcript is made where nobody reads it", () => {
  const { start, lines } = observe("debug");
  const session = start();
  session.step(line("NOOP"), []);
  session.flush();
  expect(lines).toHaveLength(1);
});

describe("a secret that the session has heard", () => {
  const quoting = reply("530 hunter2 is wrong");

  test("stands in no detail, however many others the session hears before that is told", () => {
    const { start, lines } = observe("trace");
    const session = start();
    session.step(line("PASS hunter2"), []);
    session.step(quoting, [
      { kind: "record", fact: { kind: "ended", reason: "server-closing", detail: "530 hunter2 is wrong" } },
    ]);
    for (const guess of ["first", "second", "third", "fourth"]) session.step(line(`PASS ${guess}`), []);
    session.flush();
    expect(lines).toContainEqual(expect.objectContaining({ msg: "session ended", detail: "530 **** is wrong" }));
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  test("stands in no transcript, neither in the log nor in the history", () => {
    const history = createSessionHistory(limits, createEventFeed());
    const { start, lines } = observe("trace", history);
    const session = start();
    session.step(line("PASS hunter2"), [{ kind: "to-server", bytes: "PASS hunter2\r\n" }]);
    session.step(quoting, [{ kind: "to-client", bytes: "530 hunter2 is wrong\r\n" }]);
    session.flush();
    const transcript = ["C> PASS ****", "     >S PASS ****", "S> 530 **** is wrong", "     >C 530 **** is wrong"];
    expect(lines.filter(({ level }) => level === "trace").map(({ msg }) => msg)).toEqual(transcript);
    expect(transcriptOf(history.find("k3f9") ?? expect.fail())).toEqual(transcript);
  });
});

test("a session that ends is kept whole in the history, its last step and what comes later included", () => {
  const feed = createEventFeed();
  const history = createSessionHistory(limits, feed);
  const { start } = observe("info", history, feed);
  const atEnd: unknown[] = [];
  feed.subscribe((event) => {
    if (event.kind === "session-ended")
      atEnd.push([event.session.id, transcriptOf(history.find("k3f9") ?? expect.fail())]);
  });
  const session = start();
  session.open(listen, dial);
  session.step(line("QUIT"), [
    { kind: "record", fact: { kind: "ended", reason: "quit", detail: "" } },
    { kind: "end", reason: "quit" },
  ]);
  session.flush();
  const lines = ["     open client side for 192.168.1.100, dial 192.168.1.100:2581", "C> QUIT", "     end quit"];
  expect(atEnd).toEqual([["k3f9", lines]]);
  session.pinhole({ kind: "refused", reason: "ports-exhausted", detail: "" });
  session.flush();
  expect(transcriptOf(history.find("k3f9") ?? expect.fail())).toEqual([...lines, "not opened ports-exhausted"]);
});
