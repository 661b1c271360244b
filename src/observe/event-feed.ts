// Event feed: what happens in a process, told at once to whoever listens just then. Values are raw; each listener makes of them what it
// needs, so that nothing is made where nobody listens.
import type { Endpoint } from "../net/endpoint.ts";
import type { RefusalReason } from "../session/reasons.ts";
import type { ReloadResult } from "./metrics.ts";
import type { SessionNews, SessionRecord } from "./session-record.ts";

export type FeedEvent =
  | { readonly kind: "session-started" | "session-ended"; readonly session: SessionRecord }
  | (SessionNews & { readonly session: SessionRecord })
  /** A connection that never became a session. */
  | {
      readonly kind: "refusal";
      readonly session: undefined;
      readonly gateway: string;
      readonly client: Endpoint;
      readonly reason: RefusalReason;
    }
  /** A server of a pool. `detail`: what it failed with, or empty. */
  | {
      readonly kind: "server-up" | "server-down";
      readonly gateway: string;
      readonly server: string;
      readonly detail: string;
    }
  | { readonly kind: "reload"; readonly result: ReloadResult; readonly detail: string };

export type EventFeed = {
  publish(event: FeedEvent): void;
  /** Returns what ends that. */
  subscribe(listener: (event: FeedEvent) => void): () => void;
};

export function createEventFeed(): EventFeed {
  const listeners = new Set<(event: FeedEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
