// Session history: the last events and effects of each session, as they were, in bounded memory. They are formatted only when somebody
// looks, and secrets are masked when they are noted.
import { maskCommand } from "../ftp/command.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import { formatEffect, formatEvent } from "../session/transcript.ts";
import { withoutSecrets } from "./fact-records.ts";

export type HistoryLimits = {
  /** Sessions that have ended; the oldest goes first. Those that run are all kept. */
  readonly endedSessions: number;
  /** Of one session, whichever comes first; its oldest steps go first. Bytes are an estimate. */
  readonly stepsPerSession: number;
  readonly bytesPerSession: number;
  /** Of all sessions; those that have ended make room, the oldest first. */
  readonly totalBytes: number;
};

export type SessionHistory = {
  /** Keeps a session from now on. */
  started(id: string): SessionNotes;
  /** undefined: it was never kept, or is no longer. */
  transcript(id: string): Transcript | undefined;
  /** `listener` is told the id of each session that ends. Returns what ends that. */
  onEnded(listener: (id: string) => void): () => void;
};

/** Where a session is noted. */
export type SessionNotes = {
  /** A step of the session at `at` (monotonic milliseconds). `hide` masks the secrets that the session has heard until then. */
  note(
    at: number,
    event: SessionEvent | undefined,
    effects: readonly SessionEffect[],
    hide: (text: string) => string,
  ): void;
  /** It has ended. What is noted later belongs to it still. */
  ended(): void;
};

/** The lines of a transcript, and how many steps before them are no longer kept. */
export type Transcript = { readonly lines: readonly string[]; readonly stepsLeftOut: number };

type Step = {
  readonly at: number;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
  readonly bytes: number;
};

type Kept = { steps: Step[]; bytes: number; stepsLeftOut: number; hasEnded: boolean };

/** What an event or an effect takes beside its texts, rounded up. */
const overheadBytes = 128;

export function createSessionHistory(limits: HistoryLimits): SessionHistory {
  const live = new Map<string, Kept>();
  /** In the order in which they ended. */
  const ended = new Map<string, Kept>();
  const listeners = new Set<(id: string) => void>();
  let totalBytes = 0;

  function add(kept: Kept, step: Step): void {
    kept.steps.push(step);
    kept.bytes += step.bytes;
    totalBytes += step.bytes;
    while (kept.steps.length > limits.stepsPerSession || kept.bytes > limits.bytesPerSession) leaveOutOldest(kept);
    makeRoom();
    // Nobody else has anything to give.
    while (totalBytes > limits.totalBytes && kept.steps.length > 0) leaveOutOldest(kept);
  }

  function leaveOutOldest(kept: Kept): void {
    const bytes = kept.steps.shift()?.bytes ?? 0;
    kept.bytes -= bytes;
    totalBytes -= bytes;
    kept.stepsLeftOut += 1;
  }

  function makeRoom(): void {
    for (const [id, { bytes }] of ended) {
      if (ended.size <= limits.endedSessions && totalBytes <= limits.totalBytes) return;
      ended.delete(id);
      totalBytes -= bytes;
    }
  }

  return {
    started(id) {
      const kept: Kept = { steps: [], bytes: 0, stepsLeftOut: 0, hasEnded: false };
      live.set(id, kept);
      return {
        note(at, event, effects, hide) {
          // What comes after the end, when the session has made room already, has no place any more.
          if (kept.hasEnded && ended.get(id) !== kept) return;
          add(kept, maskedStep(at, event, effects, hide));
        },
        ended() {
          if (kept.hasEnded) return;
          kept.hasEnded = true;
          live.delete(id);
          ended.set(id, kept);
          makeRoom();
          for (const listener of [...listeners]) listener(id);
        },
      };
    },
    transcript(id) {
      const kept = live.get(id) ?? ended.get(id);
      if (kept === undefined) return undefined;
      const lines = kept.steps.flatMap(({ event, effects }) => [
        ...(event === undefined ? [] : [formatEvent(event)]),
        ...effects.flatMap(formatEffect),
      ]);
      return { lines, stepsLeftOut: kept.stepsLeftOut };
    },
    onEnded(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function maskedStep(
  at: number,
  event: SessionEvent | undefined,
  effects: readonly SessionEffect[],
  hide: (text: string) => string,
): Step {
  const kept = effects.filter(isKept).map((effect) => maskedEffect(effect, hide));
  const bytes = kept.reduce((sum, effect) => sum + sizeOf(effect), event === undefined ? 0 : sizeOf(event));
  return { at, event: event && maskedEvent(event, hide), effects: kept, bytes };
}

/** Timers and what is counted for every line are not worth their memory. */
function isKept(effect: SessionEffect): boolean {
  if (effect.kind === "timer" || effect.kind === "cancel") return false;
  return effect.kind !== "record" || (effect.fact.kind !== "command" && effect.fact.kind !== "reply");
}

function maskedEvent(event: SessionEvent, hide: (text: string) => string): SessionEvent {
  if (event.kind === "client-line") return { ...event, text: hide(maskCommand(event.text)) };
  if (event.kind === "server-line") return { ...event, text: hide(event.text), raw: hide(event.raw) };
  return "detail" in event ? { ...event, detail: hide(event.detail) } : event;
}

function maskedEffect(effect: SessionEffect, hide: (text: string) => string): SessionEffect {
  switch (effect.kind) {
    case "to-client":
      return { ...effect, bytes: hide(effect.bytes) };
    case "to-server":
      return { ...effect, bytes: hide(effect.bytes.split("\r\n").map(maskCommand).join("\r\n")) };
    case "record":
      return { ...effect, fact: withoutSecrets(effect.fact, hide) };
    default:
      return effect;
  }
}

function sizeOf(value: SessionEvent | SessionEffect): number {
  let bytes = overheadBytes;
  for (const part of Object.values(value)) if (typeof part === "string") bytes += part.length;
  return bytes;
}
