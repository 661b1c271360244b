// Supervisor API: what the API is told of all workers together.
import type { ApiDeps } from "../../observe/api/api.ts";
import { createEventStream } from "../../observe/api/event-stream.ts";
import { statusAnswer } from "../../observe/api/status-answer.ts";
import type { EventFeed } from "../../observe/event-feed.ts";
import { createWallClock } from "../../observe/wall-clock.ts";
import { watchReloads, type ProcessRequests } from "../process-api.ts";
import type { GroupEvents } from "./group-events.ts";
import type { WorkerReaders } from "./worker-readers.ts";

export type SupervisorParts = {
  readonly version: string;
  readonly readers: WorkerReaders;
  readonly events: GroupEvents;
  readonly feed: EventFeed;
  readonly isReady: () => Promise<boolean>;
  readonly isStopping: () => boolean;
  readonly requests: ProcessRequests;
};

export function supervisorApi(parts: SupervisorParts): ApiDeps {
  const { version, readers, events, feed, isReady, isStopping, requests } = parts;
  const clock = createWallClock();
  const startedAt = performance.now();
  const lastReload = watchReloads(feed, clock);
  return {
    ...{ version, clock, sessions: readers.sessions, actions: requests, events: createEventStream(events.source) },
    async status() {
      const [{ history, gateways }, ready] = await Promise.all([readers.facts(), isReady()]);
      const process = {
        ...{ version, ready, history, gateways, ...lastReload() },
        startedAt: clock.timeOf(startedAt),
        uptimeMs: Math.round(performance.now() - startedAt),
        state: isStopping() ? ("draining" as const) : ("running" as const),
      };
      return statusAnswer(process, readers.metrics);
    },
  };
}
