// Overview: what the page shows of all sessions, of each kind the newest up to a bound.
import type { StatusAnswer } from "../api/schemas.ts";
import { pinholeAnswers, sessionAnswer, transferAnswer, type Asked } from "../api/session-answer.ts";
import type { KeptSession } from "../kept-session.ts";
import { isTransfer } from "../session-record.ts";
import type { Newest, Overview } from "./overview-page.ts";
import type { TrafficPoint } from "./traffic-series.ts";

const hourMs = 3_600_000;
const most = { failed: 8, live: 25, transfers: 25, pinholes: 15 };

export function overviewOf(
  newestFirst: readonly KeptSession[],
  status: StatusAnswer,
  traffic: readonly TrafficPoint[],
  asked: Asked,
): Overview {
  const live = newestFirst.filter(({ record }) => record.end === undefined);
  const failed = newestFirst
    .filter(({ record }) => record.failure !== undefined)
    .toSorted((one, other) => (other.record.failedAt ?? 0) - (one.record.failedAt ?? 0));
  const transfers = live.flatMap((kept) =>
    kept.record.connections
      .filter((connection) => isTransfer(connection) && connection.outcome === undefined)
      .map((connection) => ({ kept, connection })),
  );
  const pinholes = live.flatMap(({ record }) =>
    record.connections
      .filter(({ plane, closed }) => plane !== undefined && closed === undefined)
      .map((connection) => ({ session: record.id, connection })),
  );
  return {
    status,
    traffic,
    at: asked.now,
    failedLastHour: failed.filter(({ record }) => asked.now - (record.failedAt ?? -Infinity) < hourMs).length,
    failed: newest(failed, most.failed, (kept) => [sessionAnswer(kept, asked)]),
    live: newest(live, most.live, (kept) => [sessionAnswer(kept, asked)]),
    transfers: newest(transfers, most.transfers, ({ kept, connection }) => [
      { session: kept.record.id, transfer: transferAnswer(kept, connection, asked) },
    ]),
    pinholes: newest(pinholes, most.pinholes, ({ session, connection }) =>
      pinholeAnswers(connection, asked).map((pinhole) => ({ session, pinhole })),
    ),
  };
}

function newest<From, To>(all: readonly From[], count: number, show: (one: From) => readonly To[]): Newest<To> {
  return { shown: all.slice(0, count).flatMap(show), all: all.length };
}
