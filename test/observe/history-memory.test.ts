// What the history really takes of the heap, whatever peers say: its estimates of bytes are honest.
import { expect, test } from "vitest";
import { createCommandReader } from "../../src/ftp/command-reader.ts";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { createSessionHistory, type SessionNotes } from "../../src/observe/session-history.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import { heapBytes } from "./heap.ts";
import { client, dial, listen, listener, transferEnded } from "./synthetic.ts";

const plain = (text: string): string => text;
const totalBytes = 8 * 1024 * 1024;

/** Lines as the reader gives them: pieces of what came. */
function lineOf(bytes: string): SessionEvent {
  const [line] = createCommandReader({ maxBytes: 4096 })
    .feed(Buffer.from(bytes, "latin1"))
    .filter(({ kind }) => kind === "line");
  if (line?.kind !== "line") throw new Error("no line");
  return { kind: "client-line", text: line.text, quirks: line.quirks };
}

const negotiation = "\xff\xfa".concat("x".repeat(4000), "\xff\xf0");
let number = 0;

/** Each says as much as it can of one kind. */
const peers: Readonly<Record<string, (notes: SessionNotes) => void>> = {
  "says nothing": () => {},
  "says short lines": (notes) => notes.note(0, lineOf("NOOP\r\n"), [{ kind: "to-server", bytes: "NOOP\r\n" }], plain),
  "says long lines": (notes) => notes.note(0, lineOf(`X${"y".repeat(4000)}${(number += 1)}\r\n`), [], plain),
  "hides short lines in long Telnet commands": (notes) =>
    notes.note(0, lineOf(`${negotiation}NOOP and some more ${(number += 1)}\r\n`), [], plain),
  "asks for data connections": (notes) => {
    const id = (number += 1);
    const path = `${"p".repeat(4000)}${id}`;
    const effects: SessionEffect[] = [
      { kind: "open", id, client: listen, server: dial },
      { kind: "to-server", bytes: `RETR ${path}\r\n` },
      { kind: "record", fact: transferEnded({ id, outcome: "expired" }) },
    ];
    notes.note(0, { kind: "pinhole", id, event: { kind: "opened", plane: "relay", client: listener } }, effects, plain);
    const closed = { kind: "closed", outcome: "expired", bytesUp: 0, bytesDown: 0, durationMs: 0 } as const;
    notes.note(0, { kind: "pinhole", id, event: closed }, [], plain);
  },
};

test.each(Object.entries(peers))(
  "limit: 8 MiB of history are no more than 16 MiB of the heap, where every client %s",
  (_, say) => {
    const limits = { sessions: 100_000, failures: 100_000, bytesPerSession: 65_536, totalBytes };
    const history = createSessionHistory(limits, createEventFeed());
    const before = heapBytes();
    for (let session = 0; session < 4000; session += 1) {
      const notes = history.started({ id: `s${session}`, gateway: "public", client: { ...client }, listener });
      for (let step = 0; step < 8; step += 1) say(notes);
      notes.note(0, undefined, [{ kind: "record", fact: { kind: "ended", reason: "quit", detail: "" } }], plain);
      notes.ended();
    }
    const taken = heapBytes() - before;
    // Asked last, so that it is all there when the heap is looked at.
    expect(history.counts().bytes).toBeLessThanOrEqual(totalBytes);
    expect(taken).toBeGreaterThan(totalBytes / 8);
    expect(taken).toBeLessThan(2 * totalBytes);
  },
  30_000,
);
