// Session history: the sessions of a process, those that run and the last that have ended, each with its record and the last of its
// steps, in bounded memory. Failures are kept longer than successes. Nothing is formatted before somebody looks, and secrets are masked
// when they are noted.
import { putInto, takeOut } from "../net/bag.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import type { EventFeed } from "./event-feed.ts";
import {
  createKeptSession,
  forgetSource,
  keepStep,
  trimSteps,
  type BytesOf,
  type KeptSession,
} from "./kept-session.ts";
import { maskedStep } from "./masked-step.ts";
import {
  createSessionRecord,
  sizeOfRecord,
  type SessionNews,
  type SessionRecord,
  type SessionStart,
} from "./session-record.ts";

/** Bytes are estimates of what is kept. */
export type HistoryLimits = {
  /** Sessions that have ended well; the oldest goes first. Those that run are all kept. */
  readonly sessions: number;
  /** Sessions that have failed, likewise. */
  readonly failures: number;
  /** Of one session; its oldest steps go first. */
  readonly bytesPerSession: number;
  /**
   * Of all sessions: those that have ended make room, successes before failures, then those that run lose their oldest steps,
   * whoever has more than its share. What is known of these beside their steps, some 1 KiB each, does not count.
   */
  readonly totalBytes: number;
};

export type SessionHistory = {
  /** Keeps a session from now on. */
  started(start: SessionStart, bytesOf?: BytesOf): SessionNotes;
  find(id: string): KeptSession | undefined;
  /** All of them, those that began last first. */
  newestFirst(): readonly KeptSession[];
  setLimits(limits: HistoryLimits): void;
  counts(): HistoryCounts;
};

export type HistoryCounts = {
  readonly live: number;
  readonly ended: number;
  readonly failed: number;
  readonly bytes: number;
};

/** Where a session is noted. */
export type SessionNotes = {
  /** What is known of it so far. */
  readonly record: SessionRecord;
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

export function createSessionHistory(limits: HistoryLimits, feed: EventFeed): SessionHistory {
  const sessions = createKeptSessions(limits);
  let began = 0;
  return {
    started(start, bytesOf = () => undefined) {
      const record = createSessionRecord(start);
      began += 1;
      const kept = createKeptSession(record, began, bytesOf);
      const tell = (news: SessionNews): void => feed.publish({ ...news, session: record });
      sessions.add(kept);
      feed.publish({ kind: "session-started", session: record });
      return {
        record,
        note(at, event, effects, hide) {
          // What comes after the end, when the session has made room already, has no place any more.
          if (kept.state === "gone") return;
          const step = maskedStep(at, event, effects, hide);
          sessions.grown(kept, keepStep(kept, step, sessions.limits().bytesPerSession, tell));
          if (kept.state !== "live") forgetSource(kept);
        },
        ended() {
          if (kept.state !== "live") return;
          sessions.end(kept);
          forgetSource(kept);
          feed.publish({ kind: "session-ended", session: record });
        },
      };
    },
    find: sessions.find,
    newestFirst: sessions.newestFirst,
    setLimits: sessions.setLimits,
    counts: sessions.counts,
  };
}

/** Where room is made among those that run, so much of all bytes is left at most: it is not made again soon. */
const trimmedShare = 0.75;

/** Who is kept, and who makes room for others. */
function createKeptSessions(initialLimits: HistoryLimits) {
  let limits = initialLimits;
  const all: KeptSession[] = [];
  /** In the order in which they ended. */
  const succeeded: KeptSession[] = [];
  const failed: KeptSession[] = [];
  let totalBytes = 0;
  /** Above it room is made. */
  let mostBytes = limits.totalBytes;

  function makeRoom(): void {
    leave(succeeded, limits.sessions);
    leave(failed, limits.failures);
    if (totalBytes <= mostBytes) return;
    const share = (limits.totalBytes * trimmedShare) / all.length;
    for (const kept of all) totalBytes -= trimSteps(kept, share);
    // What can't be left out is not tried again before there is more of it.
    mostBytes = Math.max(limits.totalBytes, totalBytes * 1.1);
  }

  /** Of those that have ended, as many as there may be, and fewer while there are too many bytes. */
  function leave(ended: KeptSession[], most: number): void {
    while (ended.length > most || totalBytes > limits.totalBytes) {
      const oldest = ended.shift();
      if (oldest === undefined) return;
      oldest.state = "gone";
      takeOut(all, oldest);
      totalBytes -= oldest.bytes;
    }
  }

  /** What became of it was told after its end. */
  function hasFailed(kept: KeptSession): void {
    const place = succeeded.indexOf(kept);
    if (place < 0) return;
    succeeded.splice(place, 1);
    failed.push(kept);
  }

  return {
    limits: () => limits,
    setLimits(next: HistoryLimits): void {
      limits = next;
      mostBytes = next.totalBytes;
      makeRoom();
    },
    add: (kept: KeptSession): void => putInto(all, kept),
    /** It takes so many bytes more. */
    grown(kept: KeptSession, bytes: number): void {
      totalBytes += bytes;
      if (kept.state === "ended" && kept.record.failure !== undefined) hasFailed(kept);
      if (totalBytes > mostBytes) makeRoom();
    },
    end(kept: KeptSession): void {
      kept.state = "ended";
      const bytes = sizeOfRecord(kept.record);
      kept.bytes += bytes;
      totalBytes += bytes;
      (kept.record.failure === undefined ? succeeded : failed).push(kept);
      makeRoom();
    },
    find: (id: string): KeptSession | undefined => all.find(({ record }) => record.id === id),
    newestFirst: (): readonly KeptSession[] => all.toSorted((one, other) => other.number - one.number),
    counts: (): HistoryCounts => ({
      live: all.length - succeeded.length - failed.length,
      ended: succeeded.length,
      failed: failed.length,
      bytes: totalBytes,
    }),
  };
}
