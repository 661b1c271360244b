// What the records of the history really take of the heap, whatever stands in them.
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import type { SessionEffect } from "../../src/session/events.ts";
import { heapBytes } from "./heap.ts";
import { client, listener } from "./synthetic.ts";

const plain = (text: string): string => text;
const totalBytes = 8 * 1024 * 1024;
let number = 0;

const end: SessionEffect = { kind: "record", fact: { kind: "ended", reason: "quit", detail: "" } };

/** Each ends with as much as can be kept of that: parts of longer lines, as a session makes them. */
const ends: Readonly<Record<string, () => readonly SessionEffect[]>> = {
  "says nothing": () => [end],
  "has a long name": () => {
    const line = `USER ${"u".repeat(4000)}${(number += 1)}`;
    return [{ kind: "record", fact: { kind: "login-failed", user: line.slice(5), code: 530 } }, end];
  },
  "has a short name in a long line": () => {
    const line = `USER somebody with a name:${"u".repeat(4000)}${(number += 1)}`;
    return [{ kind: "record", fact: { kind: "logged-in", user: line.slice(5, 25) } }, end];
  },
  "gets a long last line": () => {
    const line = `421 ${"x".repeat(4000)}${(number += 1)}`;
    return [{ kind: "record", fact: { kind: "ended", reason: "server-closing", detail: `${line.slice(0, 497)}...` } }];
  },
};

/** What the case before has kept may take more than one collection to be given back. */
async function settledHeapBytes(): Promise<number> {
  for (let last = Infinity; ;) {
    await setImmediate();
    const bytes = heapBytes();
    if (bytes > last - 64 * 1024) return bytes;
    last = bytes;
  }
}

test.each(Object.entries(ends))(
  "limit: 8 MiB of history are no more than 16 MiB of the heap, where every client %s at the end",
  async (_, effects) => {
    const limits = { sessions: 100_000, failures: 100_000, bytesPerSession: 256, totalBytes };
    const history = createSessionHistory(limits, createEventFeed());
    const before = await settledHeapBytes();
    for (let session = 0; session < 8000; session += 1) {
      const notes = history.started({ id: `s${session}`, gateway: "public", client: { ...client }, listener });
      notes.note(0, undefined, effects(), plain);
      notes.ended();
    }
    const taken = heapBytes() - before;
    expect(history.counts().bytes).toBeLessThanOrEqual(totalBytes);
    expect(taken).toBeGreaterThan(totalBytes / 8);
    expect(taken).toBeLessThan(2 * totalBytes);
  },
  30_000,
);
