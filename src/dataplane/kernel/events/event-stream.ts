// The news of our connections. They are fetched, not waited for: to be woken by each would cost more than all else that is
// done for a transfer. Whoever hears from a transfer's peers fetches them then; the end of a connection rings a bell; and a
// timer fetches where nobody is heard from, the less often the less there is to tell.
import { type ConnectionNews, parseConnection } from "../netlink/conntrack-message.ts";
import { hangBell, type PipeConstructor } from "./event-wakeup.ts";
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
  news(news: ConnectionNews): void;
  /** The kernel had more to tell than the socket holds: news are missing. */
  lost(): void;
  /** No news will come any more. */
  failed(errno: number): void;
  /** Whether the timer has to go on: somebody waits for news. */
  isWanted(): boolean;
};

/** About 20 000 news; it costs nothing until they come faster than they are read. */
const defaultBufferBytes = 8 * 1024 * 1024;
const largestDatagram = 65_536;
/** At one time, so that others have their turn. */
const newsLimit = 1000;
const soonestMs = 8;
const latestMs = 32;

export function openEventStream(
  calls: SystemCalls,
  Pipe: PipeConstructor,
  { marks, bufferBytes = defaultBufferBytes }: { readonly marks: Marks; readonly bufferBytes?: number | undefined },
  events: EventStreamEvents,
): EventStream | { readonly errno: number } {
  const subscribed = subscribe(calls, marks, "everything", bufferBytes);
  if (typeof subscribed !== "number") return subscribed;
  const hung = hangBell(calls, Pipe, marks, fetch);
  if ("errno" in hung) {
    calls.close(subscribed);
    return hung;
  }
  const bell = hung;
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
      for (; count < newsLimit; count++) {
        const length = calls.recv(source, buffer, largestDatagram, doNotWait);
        if (length >= 0) {
          handOver(length);
          continue;
        }
        errno = calls.errno();
        if (errno !== errnos.noBuffers) break;
        areLost = true;
      }
      if (count < newsLimit && errno !== errnos.eagain) fail(errno);
      if (areLost) events.lost();
      return count > 0;
    } finally {
      isFetching = false;
    }
  }

  function handOver(end: number) {
    for (let at = messageAt(received, 0, end); at >= 0; at = messageAfter(received, at, end)) {
      const news = parseConnection(received, at);
      if (news) events.news(news);
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
    bell.close();
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
