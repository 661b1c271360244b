// Process API: what the API is told of this process, and what it may do to it.
import type { ApiDeps } from "../observe/api/api.ts";
import { createEventStream, eventsOf } from "../observe/api/event-stream.ts";
import type { StatusAnswer } from "../observe/api/schemas.ts";
import { statusAnswer } from "../observe/api/status-answer.ts";
import type { EventFeed } from "../observe/event-feed.ts";
import { createLocalSessions } from "../observe/local-sessions.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { SessionHistory } from "../observe/session-history.ts";
import type { Telemetry } from "../observe/telemetry.ts";
import { createWallClock, type WallClock } from "../observe/wall-clock.ts";
import type { Gateways } from "./gateways.ts";

export type ProcessParts = {
  readonly version: string;
  readonly metrics: Pick<Metrics, "samples">;
  readonly history: SessionHistory;
  readonly feed: EventFeed;
  readonly telemetry: Pick<Telemetry, "update">;
  readonly gateways: Pick<Gateways, "facts" | "endSession">;
  readonly isReady: () => boolean;
  readonly isStopping: () => boolean;
  readonly requests: ProcessRequests;
};

export type ProcessRequests = {
  /** Rejects with an Error that says what is wrong, and nothing has changed. */
  reload(): Promise<void>;
  /** Accepts no more, and ends when the last session has. */
  drain(): void;
};

export function processApi(parts: ProcessParts): ApiDeps {
  const { version, metrics, history, feed, telemetry, gateways, isReady, isStopping, requests } = parts;
  const clock = createWallClock();
  const startedAt = performance.now();
  const lastReload = watchReloads(feed, clock);
  return {
    version,
    clock,
    sessions: createLocalSessions({ history, clock, update: telemetry.update, endSession: gateways.endSession }),
    events: createEventStream(eventsOf(feed, clock)),
    actions: requests,
    status: () =>
      statusAnswer(
        {
          version,
          startedAt: clock.timeOf(startedAt),
          uptimeMs: Math.round(performance.now() - startedAt),
          state: isStopping() ? "draining" : "running",
          ready: isReady(),
          ...lastReload(),
          history: history.counts(),
          gateways: gateways.facts(),
        },
        metrics,
      ),
  };
}

/** Tells the last reload, if there was one. */
export function watchReloads(
  feed: Pick<EventFeed, "subscribe">,
  clock: WallClock,
): () => Pick<StatusAnswer, "lastReload"> {
  let last: { at: number; result: "success" | "failure"; detail: string } | undefined;
  feed.subscribe((event) => {
    if (event.kind === "reload") last = { at: performance.now(), result: event.result, detail: event.detail };
  });
  return () => (last === undefined ? {} : { lastReload: { ...last, at: clock.timeOf(last.at) } });
}
