// Local sessions: the reader of those that this process keeps.
import { sameEndpoint } from "../net/endpoint.ts";
import { sessionAnswer, sessionDetailAnswer, type Asked } from "./api/session-answer.ts";
import { listSessions } from "./api/session-list.ts";
import { formatTrace } from "./api/trace-formats.ts";
import type { KeptSession } from "./kept-session.ts";
import { overviewOf } from "./page/overview.ts";
import { sessionLadder } from "./page/session-ladder.ts";
import type { SessionHistory } from "./session-history.ts";
import type { BeganBefore, SessionReader } from "./session-reader.ts";
import type { WallClock } from "./wall-clock.ts";

export type LocalSessionsDeps = {
  readonly history: Pick<SessionHistory, "find" | "newestFirst">;
  readonly clock: WallClock;
  /** Brings the history up to date. */
  readonly update: () => void;
  /** False if no session of that id runs. */
  readonly endSession: (id: string) => boolean;
};

export function createLocalSessions({ history, clock, update, endSession }: LocalSessionsDeps): SessionReader {
  const asked = (): Asked => {
    update();
    return { now: performance.now(), clock };
  };
  return {
    async overview() {
      const now = asked();
      return overviewOf(history.newestFirst(), now);
    },
    async list(query, began) {
      const now = asked();
      const all = history.newestFirst();
      const list = listSessions(began === undefined ? all : all.filter((kept) => isBefore(kept, began, clock)), query);
      return list && { sessions: list.sessions.map((kept) => sessionAnswer(kept, now)), next: list.next };
    },
    async detail(id) {
      const now = asked();
      const kept = history.find(id);
      return kept && sessionDetailAnswer(kept, now);
    },
    async trace(id, query) {
      update();
      const kept = history.find(id);
      if (kept === undefined) return { missing: "session" };
      const text = formatTrace(kept, query);
      return text === undefined ? { missing: "transfer" } : { text };
    },
    async drawn(id, transfer) {
      const now = asked();
      const kept = history.find(id);
      return kept && { session: sessionDetailAnswer(kept, now), ladder: sessionLadder(kept, transfer).markup };
    },
    async lastOf(gateway, client) {
      const now = asked();
      const kept = history
        .newestFirst()
        .find(({ record }) => record.gateway === gateway && sameEndpoint(record.client, client));
      return kept && sessionDetailAnswer(kept, now);
    },
    async end(id) {
      update();
      const kept = history.find(id);
      if (kept === undefined) return "missing";
      return kept.record.end === undefined && endSession(id) ? "ended" : "has-ended";
    },
  };
}

function isBefore({ record }: KeptSession, { time, isInclusive }: BeganBefore, clock: WallClock): boolean {
  const startedAt = clock.timeOf(record.startedAt);
  return startedAt < time || (isInclusive && startedAt === time);
}
