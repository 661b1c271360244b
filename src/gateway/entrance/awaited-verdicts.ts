// Awaited verdicts: clients that may come in by the counts of this process wait, not greeted yet, for what all processes together have
// counted.
import { closeTransport, listenTo, type Transport, type TransportEvents } from "../../sockets/transport.ts";
import type { SharedCounts, SharedLimits, SharedVerdict } from "./shared-counts.ts";

export type VerdictEvents = {
  /** Once, unless it has gone before. What the client has said meanwhile is unread. */
  judged(verdict: SharedVerdict): void;
  /** Once: its connection is closed, by whomever. */
  gone(): void;
};

export type AwaitedVerdicts = {
  await(transport: Transport, client: string, limits: SharedLimits, events: VerdictEvents): void;
  /** Resolves when nobody waits of those that do now. */
  allJudged(): Promise<void>;
  /** Closes the connections of those that wait. */
  closeWaiting(): void;
};

type LetIn = Extract<SharedVerdict, { readonly kind: "admitted" | "unknown" }>;

type Waiting = {
  readonly transport: Transport;
  readonly events: VerdictEvents;
  readonly waiting: Set<Waiting>;
  /** Whatever becomes of it. */
  judged: Promise<void>;
};

export function createAwaitedVerdicts(counts: Pick<SharedCounts, "admit" | "left">): AwaitedVerdicts {
  const waiting = new Set<Waiting>();
  return {
    await(transport, client, limits, events) {
      const one: Waiting = { transport, events, waiting, judged: Promise.resolve() };
      waiting.add(one);
      listenTo(transport, one, transportEvents);
      one.judged = counts.admit(client, limits).then((verdict) => {
        if (waiting.delete(one)) return events.judged(verdict);
        if (isLetIn(verdict)) counts.left(client);
      });
    },
    async allJudged() {
      await Promise.all([...waiting].map(({ judged }) => judged));
    },
    closeWaiting() {
      for (const one of [...waiting]) leave(one);
    },
  };
}

export function isLetIn(verdict: SharedVerdict): verdict is LetIn {
  return verdict.kind === "admitted" || verdict.kind === "unknown";
}

/** A client that says something too early, or has ended its half, is the session's affair. */
const transportEvents: TransportEvents<Waiting> = {
  arrived() {},
  ended() {},
  failed: leave,
  drained() {},
  closed: leave,
};

function leave(one: Waiting): void {
  if (!one.waiting.delete(one)) return;
  closeTransport(one.transport);
  one.events.gone();
}
