// The news of our connections. They are fetched, not waited for: to be woken by each would cost more than all else that is
// done for a transfer. Whoever hears from a transfer's peers fetches them then, and a timer does where nobody is heard from,
// the less often the less there is to tell.
import { type ConnectionNews, parseConnection } from "./conntrack-message.ts";
import { eventFilter } from "./event-filter.ts";
import type { Marks } from "./marks.ts";
import { parseMessages } from "./netlink-message.ts";
import { protocols } from "./netlink-socket.ts";
import { doNotWait, errnos, families, int32, levels, options, socketTypes, type SystemCalls } from "./system-calls.ts";

export type EventStream = {
  /** Hands over what has come, and soon looks again. */
  fetch(): void;
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

/** New, changed and gone connections: NF_NETLINK_CONNTRACK_NEW, _UPDATE, _DESTROY. */
const groups = 1 | 2 | 4;
/** About 20 000 news; it costs nothing until they come faster than they are read. */
const defaultBufferBytes = 8 * 1024 * 1024;
const largestDatagram = 65_536;
/** At one time, so that others have their turn. */
const newsLimit = 1000;
const soonestMs = 2;
const latestMs = 32;

export function openEventStream(
  calls: SystemCalls,
  { marks, bufferBytes = defaultBufferBytes }: { readonly marks: Marks; readonly bufferBytes?: number | undefined },
  events: EventStreamEvents,
): EventStream | { readonly errno: number } {
  const subscribed = subscribe(calls, marks, bufferBytes);
  if (typeof subscribed !== "number") return subscribed;
  let descriptor: number | undefined = subscribed;
  const buffer = Buffer.alloc(largestDatagram);
  let isFetching = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = soonestMs;

  /** Returns whether there were any. */
  function fetchAll(): boolean {
    // Who is told of one may ask for more.
    if (isFetching || descriptor === undefined) return true;
    const source = descriptor;
    isFetching = true;
    try {
      let count = 0;
      let areLost = false;
      for (; count < newsLimit; count++) {
        const length = calls.recv(source, buffer, buffer.length, doNotWait);
        if (length >= 0) handOver(buffer.subarray(0, length));
        else if (calls.errno() === errnos.noBuffers) areLost = true;
        else break;
      }
      const errno = calls.errno();
      if (count < newsLimit && errno !== errnos.eagain) fail(errno);
      if (areLost) events.lost();
      return count > 0;
    } finally {
      isFetching = false;
    }
  }

  function handOver(datagram: Buffer) {
    for (const message of parseMessages(datagram)) {
      const news = parseConnection(message);
      if (news) events.news(news);
    }
  }

  function fail(errno: number) {
    close();
    events.failed(errno);
  }

  function lookIn(ms: number) {
    clearTimeout(timer);
    delayMs = ms;
    timer = setTimeout(look, ms);
  }

  function look() {
    timer = undefined;
    const nextMs = fetchAll() ? soonestMs : Math.min(delayMs * 2, latestMs);
    if (descriptor !== undefined && events.isWanted()) lookIn(nextMs);
  }

  function close() {
    clearTimeout(timer);
    if (descriptor !== undefined) calls.close(descriptor);
    descriptor = undefined;
  }

  return {
    fetch() {
      fetchAll();
      if (descriptor !== undefined && (timer === undefined || delayMs > soonestMs)) lookIn(soonestMs);
    },
    close,
  };
}
/** A descriptor that news of our connections alone arrive at. */
function subscribe(
  calls: SystemCalls,
  { value, mask }: Marks,
  bufferBytes: number,
): number | { readonly errno: number } {
  const type = socketTypes.raw | socketTypes.closeOnExec | socketTypes.nonBlocking;
  const descriptor = calls.socket(families.netlink, type, protocols.netfilter);
  if (descriptor < 0) return { errno: calls.errno() };
  const size = int32(bufferBytes);
  // The first needs CAP_NET_ADMIN; the second is held to net.core.rmem_max.
  if (calls.setsockopt(descriptor, levels.socket, options.forceReceiveBuffer, size, 4) < 0) {
    calls.setsockopt(descriptor, levels.socket, options.receiveBuffer, size, 4);
  }
  const filter = eventFilter(value, mask);
  // struct sock_fprog: the number of instructions, padding, and where they are.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(BigInt(calls.memcpy(filter, filter, 0)), 8);
  // struct sockaddr_nl: family, padding, our number (the kernel gives one), groups.
  const address = Buffer.alloc(12);
  address.writeUInt16LE(families.netlink, 0);
  address.writeUInt32LE(groups, 8);
  const isReady =
    calls.setsockopt(descriptor, levels.socket, options.attachFilter, program, program.length) === 0 &&
    calls.bind(descriptor, address, address.length) === 0;
  if (isReady) return descriptor;
  const errno = calls.errno();
  calls.close(descriptor);
  return { errno };
}
