// Transitions of the session core, which fuzz tests are guided by: where a session stood, what happened, what came of it. A
// scenario that shows one that no other has shown is worth varying.
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import type { Outstanding, Session } from "../../src/session/state.ts";
import type { Step } from "./playing.ts";

/** The transition as a word: equal words are the same transition. Texts, numbers and addresses are left out. */
export function transitionOf({ before, event, effects }: Step): string {
  const happened = event === undefined ? "start" : eventWord(event);
  return `${stateWord(before)} ${happened} ${[...new Set(effects.map(effectWord))].join(",")}`;
}

function stateWord(session: Session): string {
  const { phase, clientState, serverLeaving, outstanding, openReply, held, pending, negotiation, transfers } = session;
  const parts = [
    phase.name,
    clientState,
    serverLeaving?.how,
    openReply?.treatment,
    held?.isWhole,
    pending !== undefined,
  ];
  const asked = negotiation && [
    negotiation.clientMode,
    negotiation.current,
    negotiation.stage,
    negotiation.presumed !== undefined,
  ];
  const due = outstanding.slice(0, 3).map(outstandingWord);
  const running = transfers.slice(0, 2).map(({ joined, delivered, closed }) => `${joined}${delivered}${closed}`);
  return [...parts, ...(asked ?? []), ...due, ...running].join("/");
}

function outstandingWord(entry: Outstanding): string {
  const flags = entry.kind === "transfer" ? `${entry.begun}${entry.answered}` : "";
  return `${entry.kind}${flags}${entry.optional ? "?" : ""}`;
}

function eventWord(event: SessionEvent): string {
  switch (event.kind) {
    case "client-line":
      return `C:${/^[A-Z]{3,4}/i.exec(event.text)?.[0].toUpperCase() ?? ""}`;
    case "server-line":
      return `S:${/^\d{3}-?/.exec(event.text)?.[0] ?? ""}`;
    case "client-refused":
    case "server-refused":
      return `${event.kind}:${event.reason}`;
    case "pinhole":
      return event.event.kind === "closed" ? event.event.outcome : event.event.kind;
    case "timer":
      return `timer:${event.timer}`;
    default:
      return event.kind;
  }
}

function effectWord(effect: SessionEffect): string {
  if (effect.kind === "end") return `end:${effect.reason}`;
  if (effect.kind !== "record") return effect.kind;
  const { fact } = effect;
  if (fact.kind === "refusal") return fact.reason;
  return fact.kind === "quirk" ? fact.quirk : fact.kind;
}
