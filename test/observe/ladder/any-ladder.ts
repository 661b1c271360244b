// Ladders of every kind: sessions to which anything happens at any time, and rows that hold any text.
import fc from "fast-check";
import type { Ladder, LadderRow, RowContent } from "../../../src/observe/ladder/ladder-rows.ts";
import { layOut, type LadderSource, type LadderStep } from "../../../src/observe/ladder/layout.ts";
import { step } from "../../../src/session/session.ts";
import { startSession } from "../../../src/session/start.ts";
import { likelyEvent } from "../../session/any-event.ts";
import { clientOptions, clients, sessionOptions } from "../../session/play.ts";
import { sourceOf } from "./played-session.ts";

const played = fc.array(fc.tuple(likelyEvent, fc.oneof(fc.constant(0), fc.nat(20_000))), { maxLength: 60 });

/** What is kept of a session to which anything happens. */
export const anySource: fc.Arbitrary<LadderSource> = played.map((events) => {
  const options = sessionOptions({}, "10.0.0.5");
  const [initial, effects] = startSession(options, { ...clientOptions({}), client: clients[4] });
  const steps: LadderStep[] = [{ at: 0, event: undefined, effects }];
  let session = initial;
  let at = 1000;
  for (const [event, waitMs] of events) {
    const [next, caused] = step(session, event);
    session = next;
    at += waitMs;
    steps.push({ at, event, effects: caused });
  }
  return sourceOf(steps);
});

export const anyLadder: fc.Arbitrary<Ladder> = anySource.map(layOut);

/** A ladder of these rows. */
export function ladderOf(rows: readonly RowContent[], change: Partial<Ladder> = {}): Ladder {
  return {
    ...{ session: "k3f9x2a7", client: "192.168.1.100:51020", gateway: "public 192.0.2.1:21", server: "10.0.0.5:21" },
    isLive: false,
    rows: rows.map((row): LadderRow => ({ ...row, atMs: 0, transfer: undefined })),
    ...change,
  };
}

/** One row of each kind. */
export const everyRow: readonly RowContent[] = [
  { kind: "connection", side: "server", towards: "server", isRefused: false, text: "connect to 10.0.0.5:21" },
  { kind: "line", towards: "client", server: "220 ready", client: "220 ready" },
  { kind: "line", towards: "server", client: "PORT 1", server: "EPSV" },
  { kind: "line", towards: "client", server: "229 ok" },
  { kind: "note", tone: "quirk", text: "quirk foreign-address" },
  { kind: "pinhole", id: 1, state: "open", text: "pinhole 192.0.2.1:50010" },
  { kind: "line", towards: "client", client: "200 ok", was: "229 ok" },
  { kind: "connection", side: "client", towards: "gateway", isRefused: true, text: "a stranger" },
  { kind: "wait", ms: 4200, awaited: "server", text: "4.2 s · nothing from the server" },
  {
    ...{ kind: "data", id: 1, towards: "client", isComplete: true, plane: "relay", durationMs: 14 },
    ...{ text: "RETR a", figures: "1.0 kB in 14 ms" },
  },
  { kind: "note", tone: "refusal", text: "refused: low-port" },
  { kind: "failure", hop: "client-data-in", cause: "nobody-came", sentence: "Nobody came.", advice: "Open the range." },
  { kind: "note", tone: "end", text: "session ends: quit" },
];
