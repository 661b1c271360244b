// Merged sessions: those of all workers as those of one process. Each worker gives its own in their order; here they are put together by
// the time at which they began.
import type { SessionAnswer } from "../../observe/api/schemas.ts";
import type { ListQuery } from "../../observe/api/session-list.ts";
import type { FailureKind } from "../../observe/page/failures.ts";
import { mostInOverview } from "../../observe/page/overview.ts";
import type { Newest, SessionList, SessionReader, SessionsOverview } from "../../observe/session-reader.ts";

/** Of the workers that run, always in the same order. One that can't answer has no sessions. */
export function mergeSessions(workers: () => readonly SessionReader[]): SessionReader {
  /** What the first one that knows it says; the workers that do not know it say `unknown`. */
  async function first<Answer>(ask: (worker: SessionReader) => Promise<Answer>, unknown: (answer: Answer) => boolean) {
    const answers = await answersOf(workers(), ask);
    return answers.find((answer) => !unknown(answer));
  }
  return {
    overview: async () => mergeOverviews(await answersOf(workers(), (worker) => worker.overview())),
    list: (query) => listOf(workers(), query),
    detail: (id) => first((worker) => worker.detail(id), isUndefined),
    trace: async (id, query) =>
      (await first(
        (worker) => worker.trace(id, query),
        (trace) => "missing" in trace && trace.missing === "session",
      )) ?? { missing: "session" },
    drawn: (id, transfer) => first((worker) => worker.drawn(id, transfer), isUndefined),
    lastOf: (gateway, client) => first((worker) => worker.lastOf(gateway, client), isUndefined),
    end: async (id) =>
      (await first(
        (worker) => worker.end(id),
        (outcome) => outcome === "missing",
      )) ?? "missing",
  };
}

function isUndefined(answer: unknown): boolean {
  return answer === undefined;
}

async function answersOf<Answer>(
  workers: readonly SessionReader[],
  ask: (worker: SessionReader, index: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers = await Promise.allSettled(workers.map(ask));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}

/** Of sessions that began in the same millisecond, those of the later worker come first. */
async function listOf(workers: readonly SessionReader[], query: ListQuery): Promise<SessionList | undefined> {
  const { before, ...rest } = query;
  const owner = before === undefined ? undefined : await ownerOf(workers, before);
  if (before !== undefined && owner === undefined) return undefined;
  const lists = await answersOf(workers, (worker, index) => {
    if (owner === undefined || index === owner.index) return worker.list(query);
    return worker.list(rest, { time: owner.time, isInclusive: index < owner.index });
  });
  const sessions = newestOf(lists.map((list) => list?.sessions ?? []));
  const shown = sessions.slice(0, query.limit);
  const isAll = shown.length === sessions.length && lists.every((list) => list?.next === undefined);
  return { sessions: shown, next: isAll ? undefined : shown.at(-1)?.id };
}

async function ownerOf(workers: readonly SessionReader[], id: string) {
  const found = await Promise.all(workers.map((worker) => worker.detail(id).catch(() => undefined)));
  const index = found.findIndex((session) => session !== undefined);
  return index < 0 ? undefined : { index, time: found[index]?.startedAt ?? "" };
}

/** Each list begins with its newest. */
export function newestOf(lists: readonly (readonly SessionAnswer[])[]): SessionAnswer[] {
  const all = lists.flatMap((sessions, worker) => sessions.map((session) => ({ session, worker })));
  return all
    .toSorted((one, other) => compare(other.session.startedAt, one.session.startedAt) || other.worker - one.worker)
    .map(({ session }) => session);
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

export function mergeOverviews(parts: readonly SessionsOverview[]): SessionsOverview {
  const byTime = <Item>(of: (part: SessionsOverview) => Newest<Item>, time: (item: Item) => string, most: number) =>
    merged(parts.map(of), (shown) => shown.toSorted((one, other) => compare(time(other), time(one))).slice(0, most));
  return {
    failedLastHour: parts.reduce((sum, { failedLastHour }) => sum + failedLastHour, 0),
    failed: merged(
      parts.map(({ failed }) => failed),
      (shown) => kindsOf(shown).slice(0, mostInOverview.kinds),
    ),
    live: byTime(
      ({ live }) => live,
      ({ startedAt }) => startedAt,
      mostInOverview.live,
    ),
    transfers: byTime(
      ({ transfers }) => transfers,
      ({ transfer }) => transfer.startedAt ?? "",
      mostInOverview.transfers,
    ),
    pinholes: byTime(
      ({ pinholes }) => pinholes,
      ({ pinhole }) => pinhole.requestedAt,
      mostInOverview.pinholes,
    ),
  };
}

function merged<Item>(parts: readonly Newest<Item>[], pick: (shown: readonly Item[]) => readonly Item[]): Newest<Item> {
  return { shown: pick(parts.flatMap(({ shown }) => shown)), all: parts.reduce((sum, { all }) => sum + all, 0) };
}

/** The same kind of several workers is one; the last that has failed so stands for it. */
function kindsOf(shown: readonly FailureKind[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>();
  const newestFirst = shown.toSorted((one, other) => compare(failedAt(other), failedAt(one)));
  for (const { newest, count } of newestFirst) {
    const name = `${newest.gateway} ${newest.failure?.hop} ${newest.failure?.cause}`;
    const known = kinds.get(name);
    kinds.set(name, known === undefined ? { newest, count } : { ...known, count: known.count + count });
  }
  return [...kinds.values()];
}

function failedAt({ newest }: FailureKind): string {
  return newest.failedAt ?? newest.startedAt;
}
