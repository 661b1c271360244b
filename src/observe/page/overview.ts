// Overview: what the page shows of all sessions, of each kind the newest up to a bound.
import { pinholeAnswers, sessionAnswer, transferAnswer, type Asked } from "../api/session-answer.ts";
import type { KeptSession } from "../kept-session.ts";
import { isTransfer } from "../connection-record.ts";
import type { FailureKind } from "./failures.ts";
import type { Newest, SessionsOverview } from "../session-reader.ts";

const hourMs = 3_600_000;
export const mostInOverview = { kinds: 12, live: 25, transfers: 25, pinholes: 15 };

export function overviewOf(newestFirst: readonly KeptSession[], asked: Asked): SessionsOverview {
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
    failedLastHour: failed.filter(({ record }) => asked.now - (record.failedAt ?? -Infinity) < hourMs).length,
    failed: { shown: kindsOf(failed, asked), all: failed.length },
    live: newest(live, mostInOverview.live, (kept) => [sessionAnswer(kept, asked)]),
    transfers: newest(transfers, mostInOverview.transfers, ({ kept, connection }) => [
      { session: kept.record.id, transfer: transferAnswer(kept, connection, asked) },
    ]),
    pinholes: newest(pinholes, mostInOverview.pinholes, ({ session, connection }) =>
      pinholeAnswers(connection, asked).map((pinhole) => ({ session, pinhole })),
    ),
  };
}

function newest<From, To>(all: readonly From[], count: number, show: (one: From) => readonly To[]): Newest<To> {
  return { shown: all.slice(0, count).flatMap(show), all: all.length };
}

/** So that what fails again and again does not hide what has failed otherwise. */
function kindsOf(failed: readonly KeptSession[], asked: Asked): readonly FailureKind[] {
  const kinds = new Map<string, { newest: KeptSession; count: number }>();
  for (const kept of failed) {
    const { gateway, failure } = kept.record;
    const name = `${gateway} ${failure?.hop} ${failure?.cause}`;
    const kind = kinds.get(name) ?? { newest: kept, count: 0 };
    kind.count += 1;
    kinds.set(name, kind);
  }
  const shown = [...kinds.values()].slice(0, mostInOverview.kinds);
  return shown.map(({ newest: kept, count }) => ({ newest: sessionAnswer(kept, asked), count }));
}
