// Worker readers: what a supervisor reads of its workers, as if there were one process. Of a worker that does not answer, what it said last
// counts, or nothing.
import { mergeFamilies, retire, type MetricFamily } from "../../observe/metric-families.ts";
import { readFamilies, type Metrics, type MetricsReader } from "../../observe/metrics.ts";
import type { SessionReader } from "../../observe/session-reader.ts";
import { mergeFacts } from "./merged-facts.ts";
import { mergeSessions } from "./merged-sessions.ts";
import type { WorkerFacts } from "./protocol.ts";
import type { Worker } from "./worker-group.ts";

export type WorkerReaders = {
  readonly metrics: MetricsReader;
  readonly sessions: SessionReader;
  facts(): Promise<WorkerFacts>;
  /** It has died: what it has counted stays counted. */
  forget(worker: Worker): void;
};

const answerMs = 2000;

export function createWorkerReaders(running: () => readonly Worker[], own: Pick<Metrics, "families">): WorkerReaders {
  /** What each has said last. */
  const said = new Map<Worker, readonly MetricFamily[]>();
  let retired: readonly MetricFamily[] = [];

  async function familiesOf(worker: Worker): Promise<readonly MetricFamily[]> {
    const now = await inTime(worker.peer.ask("families"));
    if (now !== undefined && running().includes(worker)) said.set(worker, now);
    return said.get(worker) ?? [];
  }

  const metrics = readFamilies(async () => {
    await Promise.all(running().map(familiesOf));
    const workers = running().flatMap((worker) => said.get(worker) ?? []).length > 0 ? running() : [];
    return mergeFamilies(
      await own.families(),
      workers.map((worker) => said.get(worker) ?? []),
      retired,
    );
  });
  return {
    metrics,
    sessions: mergeSessions(() => running().map(readerOf)),
    async facts() {
      const all = await Promise.all(running().map(({ peer }) => inTime(peer.ask("facts"))));
      return mergeFacts(all.filter((one) => one !== undefined));
    },
    forget(worker) {
      retired = retire(retired, said.get(worker) ?? []);
      said.delete(worker);
    },
  };
}

function readerOf({ peer }: Worker): SessionReader {
  return {
    overview: () => peer.ask("overview"),
    list: (query, began) => peer.ask("list", query, began),
    detail: (id) => peer.ask("detail", id),
    trace: (id, query) => peer.ask("trace", id, query),
    drawn: (id, transfer) => peer.ask("drawn", id, transfer),
    lastOf: (gateway, client) => peer.ask("lastOf", gateway, client),
    end: (id) => peer.ask("end", id),
  };
}

/** Undefined: it has not answered, or has gone. */
function inTime<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, answerMs, undefined);
    const settle = (value: Value | undefined): void => {
      clearTimeout(timer);
      resolve(value);
    };
    answer.then(settle, () => settle(undefined));
  });
}
