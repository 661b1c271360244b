// Kept session: the record of one session and the last of its steps, in bounded memory.
import type { ByteCounts } from "../dataplane/pinhole.ts";
import type { Bagged } from "../net/bag.ts";
import { formatEffect, formatEvent } from "../session/transcript.ts";
import type { KeptStep, MaskedStep } from "./masked-step.ts";
import { addStep, leaveOutConnection, type SessionNews, type SessionRecord } from "./session-record.ts";

/** What one of a session's data connections has carried so far. */
export type BytesOf = (id: number) => ByteCounts | undefined;

/** Not to be changed by who reads it. */
export type KeptSession = Bagged & {
  readonly record: SessionRecord;
  /** The larger, the later it began. */
  readonly number: number;
  /** Forgotten with the session's last data connection: it would hold on to all that the session consisted of. */
  bytesOf: BytesOf;
  /** The last ones. */
  readonly steps: KeptStep[];
  /** So many before them are not kept any more. */
  stepsLeftOut: number;
  /** An estimate. */
  bytes: number;
  /** Of `bytes`, those of its data connections. */
  connectionBytes: number;
  state: "live" | "ended" | "gone";
};

/** The share of a session's bytes that its data connections may take. */
const connectionShare = 0.25;

export function createKeptSession(record: SessionRecord, number: number, bytesOf: BytesOf): KeptSession {
  return {
    place: -1,
    record,
    number,
    bytesOf,
    steps: [],
    stepsLeftOut: 0,
    bytes: 0,
    connectionBytes: 0,
    state: "live",
  };
}

/** To be called when the session has ended, and whenever something is noted after that. */
export function forgetSource(kept: KeptSession): void {
  if (kept.record.connections.every(({ closed }) => closed !== undefined)) kept.bytesOf = nothingCarried;
}

const nothingCarried: BytesOf = () => undefined;

/** Adds a step, for which older ones make room. Returns how many bytes more are taken than before. */
export function keepStep(
  kept: KeptSession,
  { step, known }: MaskedStep,
  mostBytes: number,
  tell: (news: SessionNews) => void,
): number {
  const before = kept.bytes;
  const isMerged = mergeOpaque(kept.steps, step);
  if (!isMerged) kept.steps.push(step);
  const bytes = addStep(kept.record, { at: step.at, event: step.event, effects: known }, tell);
  kept.connectionBytes += bytes;
  kept.bytes += (isMerged ? 0 : step.bytes) + bytes;
  while (kept.connectionBytes > mostBytes * connectionShare) {
    const freed = leaveOutConnection(kept.record);
    if (freed === 0) break;
    kept.connectionBytes -= freed;
    kept.bytes -= freed;
  }
  trimSteps(kept, mostBytes);
  return kept.bytes - before;
}

/** Bytes that nobody can read are counted, however often they come: in one step while nothing else happens. Whether that was done. */
function mergeOpaque(steps: KeptStep[], { event, effects }: KeptStep): boolean {
  if (event?.kind !== "opaque-moved" || effects.length > 0) return false;
  const last = steps.at(-1);
  if (last?.event?.kind !== "opaque-moved") return false;
  const bytesUp = last.event.bytesUp + event.bytesUp;
  const bytesDown = last.event.bytesDown + event.bytesDown;
  steps[steps.length - 1] = { ...last, event: { ...event, bytesUp, bytesDown } };
  return true;
}

/** Forgets the oldest steps until no more than `mostBytes` are taken, or there are none. Returns the bytes that this sets free. */
export function trimSteps(kept: KeptSession, mostBytes: number): number {
  const before = kept.bytes;
  while (kept.bytes > mostBytes) {
    const oldest = kept.steps.shift();
    if (oldest === undefined) break;
    kept.bytes -= oldest.bytes;
    kept.stepsLeftOut += 1;
  }
  return before - kept.bytes;
}

/** The lines of a session's transcript, as far as its steps are kept. */
export function transcriptOf({ steps }: Pick<KeptSession, "steps">): readonly string[] {
  return steps.flatMap(({ event, effects }) => [
    ...(event === undefined ? [] : [formatEvent(event)]),
    ...effects.flatMap(formatEffect),
  ]);
}
