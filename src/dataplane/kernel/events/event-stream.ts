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
  const subscribed = subscribe(calls, marks, "everything", bufferBytes);
  if (typeof subscribed !== "number") return subscribed;
  const subscription = subscribeWakeups(calls, readDescriptor, marks, fetch);
  if ("errno" in subscription) {
    calls.close(subscribed);
    return subscription;
  }
  const wakeups = subscription;
  let descriptor: number | undefined = subscribed;
  const buffer = Buffer.alloc(largestDatagram);
  const received = viewOf(buffer);
  let isFetching = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = soonestMs;
  /** Since the timer was set. */
  let wasFetched = false;

  /** Returns whether there were any. */
  function fetchAll(): boolean {
    // Who is told of one may ask for more.
    if (isFetching || descriptor === undefined) return true;
    const source = descriptor;
    isFetching = true;
    try {
      let count = 0;
      let errno = 0;
      let areLost = false;
      for (; count < eventsLimit; count++) {
        const length = calls.recv(source, buffer, largestDatagram, doNotWait);
        if (length >= 0) {
          handOver(length);
          continue;
        }
        errno = calls.errno();
        if (errno !== errnos.noBuffers) break;
        areLost = true;
      }
      if (count < eventsLimit && errno !== errnos.eagain) fail(errno);
      if (areLost) events.lost();
      return count > 0;
    } finally {
      isFetching = false;
    }
  }

  function handOver(end: number) {
    for (let at = messageAt(received, 0, end); at >= 0; at = messageAfter(received, at, end)) {
      const event = parseConnection(received, at);
      if (event) events.event(event);
    }
  }

  function fail(errno: number) {
    close();
    events.failed(errno);
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
    wakeups.close();
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
