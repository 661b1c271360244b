// Event stream: the conntrack events of our connections. They are fetched, not waited for: to be woken by each would cost more
// than all else that is done for a transfer. They are fetched when a transfer's peers are heard from, when a wake-up tells that
// a connection has ended, and by a timer where neither happens, the less often the less there is to tell.
import { type ConntrackEvent, parseConnection } from "../netlink/conntrack-message.ts";
import { subscribeWakeups } from "./event-wakeup.ts";
import type { ReadDescriptor } from "../../../sockets/descriptor-reader.ts";
import { subscribe } from "./event-subscription.ts";
import type { Marks } from "../marks.ts";
import { messageAfter, messageAt, viewOf } from "../netlink/netlink-message.ts";
import { doNotWait, errnos, type SystemCalls } from "../../../sockets/system-calls.ts";

export type EventStream = {
  /** Hands over what has come, and soon looks again. */
  fetch(): void;
  /** There will be something, though hardly yet. */
  lookSoon(): void;
  close(): void;
};

export type EventStreamEvents = {
  event(event: ConntrackEvent): void;
  /** The kernel had more to tell than the socket holds: events are missing. */
  lost(): void;
  /** No event will come any more. */
  failed(errno: number): void;
  /** Whether the timer has to go on: somebody waits for events. */
  isWanted(): boolean;
};

/** About 20 000 events; it costs nothing until they come faster than they are read. */
const defaultBufferBytes = 8 * 1024 * 1024;
const largestDatagram = 65_536;
/** At one time, so that others have their turn. */
const eventsLimit = 1000;
const soonestMs = 8;
const latestMs = 32;

export function openEventStream(
  calls: SystemCalls,
  readDescriptor: ReadDescriptor,
  { marks, bufferBytes = defaultBufferBytes }: { readonly marks: Marks; readonly bufferBytes?: number | undefined },
  events: EventStreamEvents,
): EventStream | { readonly errno: number } {
  const descriptor = subscribe(calls, marks, "everything", bufferBytes);
  if (typeof descriptor !== "number") return descriptor;
  const stream = createEventStream(calls, descriptor, events);
  const wakeups = subscribeWakeups(calls, readDescriptor, marks, stream.fetch);
  if ("errno" in wakeups) {
    stream.close();
    return wakeups;
  }
  return {
    ...stream,
    close() {
      wakeups.close();
      stream.close();
    },
  };
}

/** Reads the events that arrive at a descriptor, which it closes in the end or when it can't be read any more. */
export function createEventStream(calls: SystemCalls, subscribed: number, events: EventStreamEvents): EventStream {
  const drain = createDrain(calls);
  let descriptor: number | undefined = subscribed;
  let isFetching = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = soonestMs;
  /** Since the timer was set. */
  let wasFetched = false;

  /** Returns whether there were any. */
  function fetchAll(): boolean {
    // A listener that is told of one may fetch more.
    if (isFetching || descriptor === undefined) return true;
    isFetching = true;
    try {
      const { count, areLost, failure } = drain(descriptor, events);
      if (failure !== 0) {
        close();
        events.failed(failure);
      }
      if (areLost) events.lost();
      return count > 0;
    } finally {
      isFetching = false;
    }
  }

  function lookIn(ms: number) {
    clearTimeout(timer);
    wasFetched = false;
    delayMs = ms;
    timer = setTimeout(look, ms);
  }

  function look() {
    timer = undefined;
    const nextMs = fetchAll() || wasFetched ? soonestMs : Math.min(delayMs * 2, latestMs);
    if (descriptor !== undefined && events.isWanted()) lookIn(nextMs);
  }

  function close() {
    clearTimeout(timer);
    if (descriptor !== undefined) calls.close(descriptor);
    descriptor = undefined;
  }

  function fetch() {
    fetchAll();
    // While peers are heard from all the time, the timer that runs is left alone.
    wasFetched = true;
    lookSoon();
  }

  function lookSoon() {
    if (descriptor !== undefined && (timer === undefined || delayMs > soonestMs)) lookIn(soonestMs);
  }

  return { fetch, lookSoon, close };
}

/** `count`: of datagrams. `failure`: an errno, where the descriptor can't be read any more; else 0. */
type Drained = { readonly count: number; readonly areLost: boolean; readonly failure: number };

function createDrain(calls: SystemCalls): (descriptor: number, events: Pick<EventStreamEvents, "event">) => Drained {
  const buffer = Buffer.alloc(largestDatagram);
  const received = viewOf(buffer);
  return (descriptor, events) => {
    let areLost = false;
    for (let count = 0; count < eventsLimit; count++) {
      const length = calls.recv(descriptor, buffer, largestDatagram, doNotWait);
      if (length >= 0) {
        for (let at = messageAt(received, 0, length); at >= 0; at = messageAfter(received, at, length)) {
          const event = parseConnection(received, at);
          if (event) events.event(event);
        }
        continue;
      }
      const errno = calls.errno();
      if (errno !== errnos.noBuffers) return { count, areLost, failure: errno === errnos.eagain ? 0 : errno };
      areLost = true;
    }
    return { count: eventsLimit, areLost, failure: 0 };
  };
}
