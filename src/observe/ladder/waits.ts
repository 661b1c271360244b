// Waits: the time in which nothing happened, and who was silent: the server where it owes an answer, both where a data connection is
// due, and else whoever ended the silence.
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import type { WaitRow } from "./ladder-rows.ts";
import { durationText } from "./quantities.ts";
import type { TransferRows } from "./transfer-rows.ts";

export type Waits = {
  /** Of the time until `event`; undefined if that was too short for a row. */
  row(ms: number, event: SessionEvent | undefined, transfers: Pick<TransferRows, "phase">): WaitRow | undefined;
  /** A step has been taken. */
  step(event: SessionEvent | undefined, effects: readonly SessionEffect[]): void;
};

/** Shorter ones are not worth a row. */
const leastWaitMs = 250;

const texts: Readonly<Record<WaitRow["awaited"], string>> = {
  client: "nothing from the client",
  server: "nothing from the server",
  data: "data flows",
  nobody: "nothing happens",
};

export function createWaits(): Waits {
  /** Replies that the server owes, its greeting too. */
  let owed = 0;
  return {
    row(ms, event, transfers) {
      if (ms < leastWaitMs) return undefined;
      const phase = transfers.phase();
      const awaited = phase === "carries" ? "data" : phase === "due" ? "nobody" : awaitedOf(event, owed);
      const text = phase === "due" ? "no data connection" : texts[awaited];
      return { kind: "wait", ms, awaited, text: `${durationText(ms)} · ${text}` };
    },
    step(event, effects) {
      if (event?.kind === "server-line" && /^[2-5]\d\d(?!-)/.test(event.text)) owed = Math.max(0, owed - 1);
      for (const effect of effects) {
        if (effect.kind === "connect") owed = 1;
        else if (effect.kind === "to-server" && effect.bytes.endsWith("\n")) owed += 1;
      }
    },
  };
}

function awaitedOf(event: SessionEvent | undefined, owed: number): WaitRow["awaited"] {
  if (owed > 0) return "server";
  if (event === undefined) return "nobody";
  if (event.kind === "pinhole" && event.event.kind === "admitted") return event.event.side;
  if (event.kind.startsWith("server-")) return "server";
  return event.kind.startsWith("client-") ? "client" : "nobody";
}
