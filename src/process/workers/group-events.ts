// Group events: what happens in the supervisor and in its workers, as one stream. Workers tell nothing while nobody listens.
import { eventsOf, type EventSource } from "../../observe/api/event-stream.ts";
import type { EventAnswer } from "../../observe/api/schemas.ts";
import type { EventFeed } from "../../observe/event-feed.ts";
import { createWallClock } from "../../observe/wall-clock.ts";
import type { Worker } from "./worker-group.ts";

export type GroupEvents = {
  readonly source: EventSource;
  areHeard(): boolean;
  /** A worker tells it. */
  happened(event: EventAnswer): void;
};

/** `feed`: the supervisor's own. */
export function createGroupEvents(feed: Pick<EventFeed, "subscribe">, running: () => readonly Worker[]): GroupEvents {
  const listeners = new Set<(event: EventAnswer) => void>();
  const own = eventsOf(feed, createWallClock());

  function hear(isHeard: boolean): void {
    for (const { peer } of running()) peer.tell("hear", isHeard);
  }

  return {
    source(listener) {
      const endOwn = own(listener);
      listeners.add(listener);
      if (listeners.size === 1) hear(true);
      return () => {
        endOwn();
        listeners.delete(listener);
        if (listeners.size === 0) hear(false);
      };
    },
    areHeard: () => listeners.size > 0,
    happened(event) {
      for (const listener of listeners) listener(event);
    },
  };
}
