// Event stream: what happens in the process, told to whoever listens on /api/events by server-sent events, as it happens. Who does not
// read is dropped; nobody makes the process wait or keep more than a few hundred KiB.
import type { ServerResponse } from "node:http";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { EventFeed, FeedEvent } from "../event-feed.ts";
import { escapeUnprintable } from "../unprintable.ts";
import type { WallClock } from "../wall-clock.ts";
import type { EventAnswer } from "./schemas.ts";
import { readable } from "../readable.ts";
import { failureAnswer, transferAnswer } from "./session-answer.ts";

export type EventStream = {
  /** Returns false where there are as many listeners as there may be, and has done nothing. */
  add(response: ServerResponse): boolean;
};

/** What is told to `listener` from now on. Returns what ends that. */
export type EventSource = (listener: (event: EventAnswer) => void) => () => void;

export type EventStreamOptions = { readonly heartbeatMs?: number; readonly mostUnsentBytes?: number };

const mostListeners = 16;
const defaults = { heartbeatMs: 5000, mostUnsentBytes: 256 * 1024 };
/** So many heartbeats that were not taken, and the listener is gone. */
const mostMissed = 3;

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // A proxy in between passes on what it has.
  "x-accel-buffering": "no",
};

/** Nothing is asked of `source` while nobody listens. */
export function createEventStream(source: EventSource, options: EventStreamOptions = {}): EventStream {
  const { heartbeatMs, mostUnsentBytes } = { ...defaults, ...options };
  /** Each with the heartbeats that it has not taken since. */
  const listeners = new Map<ServerResponse, number>();
  let stop = (): void => {};

  function send(response: ServerResponse, text: string): void {
    response.write(text);
    if (response.writableLength > mostUnsentBytes) response.destroy();
  }

  function start(): void {
    const end = source((event) => {
      const text = formatEvent(event);
      for (const response of listeners.keys()) send(response, text);
    });
    const heartbeat = setInterval(() => {
      for (const [response, missed] of listeners) {
        if (missed >= mostMissed) response.destroy();
        listeners.set(response, response.writableLength > 0 ? missed + 1 : 0);
        send(response, ":\n\n");
      }
    }, heartbeatMs).unref();
    stop = () => {
      end();
      clearInterval(heartbeat);
    };
  }

  return {
    add(response) {
      if (listeners.size >= mostListeners) return false;
      response.writeHead(200, headers).write("retry: 2000\n\n");
      response.on("drain", () => void (listeners.has(response) && listeners.set(response, 0)));
      response.once("close", () => {
        listeners.delete(response);
        if (listeners.size === 0) stop();
      });
      listeners.set(response, 0);
      if (listeners.size === 1) start();
      return true;
    },
  };
}

function formatEvent(event: EventAnswer): string {
  return `event: ${event.kind}\ndata: ${escapeUnprintable(JSON.stringify(event))}\n\n`;
}

export function eventsOf(feed: Pick<EventFeed, "subscribe">, clock: WallClock): EventSource {
  return (listener) => feed.subscribe((event) => listener(eventAnswer(event, clock)));
}

/** What is told of an event. */
export function eventAnswer(event: FeedEvent, clock: WallClock): EventAnswer {
  const now = performance.now();
  const at = clock.timeOf(now);
  if (event.kind === "reload") return { kind: event.kind, at, result: event.result, detail: event.detail };
  if ("server" in event) {
    const { kind, gateway, server, detail } = event;
    return { kind, at, gateway, server, detail };
  }
  if (event.session === undefined) {
    const { kind, gateway, reason } = event;
    return { kind, at, gateway, client: formatEndpoint(event.client), reason, detail: "" };
  }
  const { id, gateway, client, listener, user, startedAt, end, failure } = event.session;
  const whose = {
    ...{ at, session: id, gateway, client: formatEndpoint(client) },
    ...(user !== undefined && { user: readable(user) }),
  };
  switch (event.kind) {
    case "session-started":
      return { kind: event.kind, ...whose, listener: formatEndpoint(listener) };
    case "session-ended": {
      const { bytesUp, bytesDown, transfers } = event.session;
      return {
        ...{ kind: event.kind, ...whose, bytesUp, bytesDown, transferCount: transfers },
        durationMs: Math.round((end?.at ?? now) - startedAt),
        ...(end && { end: { reason: end.reason, detail: end.detail } }),
        failed: failure !== undefined,
      };
    }
    case "transfer-started":
    case "transfer-ended": {
      const unseen = { bytesOf: () => undefined, steps: [] };
      return { kind: event.kind, ...whose, transfer: transferAnswer(unseen, event.connection, { now, clock }) };
    }
    case "failure":
      return { kind: event.kind, ...whose, failure: failureAnswer(event.diagnosis) };
    case "refusal":
      return { kind: event.kind, ...whose, reason: event.reason, detail: event.detail };
  }
}
