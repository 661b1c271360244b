// Netlink socket that is asked and answers at once: the kernel has its answer ready when the question has been sent, so
// neither takes longer than the work itself.
import {
  errnoOf,
  messageAfter,
  messageAt,
  messageTypes,
  type MessageWriter,
  sequenceOf,
  typeOf,
  viewOf,
} from "./netlink-message.ts";
import { doNotWait, families, levels, options, socketTypes, type SystemCalls } from "../../../sockets/system-calls.ts";

/** Makes a value of the message at `at`. The bytes are another message's when it has returned. */
export type ReadMessage<T> = (data: DataView, at: number) => T;

export type NetlinkSocket = {
  /** Sends what was written and waits for the acknowledgement of `last`: 0, or the errno of the first that failed. */
  acknowledged(written: MessageWriter, last: number, length?: number): number;
  /** What is read in the one message that answers, or the errno. */
  ask<T>(written: MessageWriter, sequence: number, read: ReadMessage<T>): T | number;
  /** What is read in every message of a dump, or the errno. */
  dump<T>(written: MessageWriter, sequence: number, read: ReadMessage<T>): T[] | number;
  /** A number that no earlier message has; the next `count` follow it. */
  sequence(count: number): number;
  close(): void;
};

export const protocols = { route: 0, netfilter: 12 } as const;

/** The kernel answers at once; one that does not for so long is out of order. */
const patienceSeconds = 1;
const largestDatagram = 65_536;

export function openNetlinkSocket(calls: SystemCalls, protocol: number): NetlinkSocket | { readonly errno: number } {
  const descriptor = calls.socket(families.netlink, socketTypes.raw | socketTypes.closeOnExec, protocol);
  if (descriptor < 0) return { errno: calls.errno() };
  const timeout = Buffer.alloc(16);
  timeout.writeUInt32LE(patienceSeconds);
  calls.setsockopt(descriptor, levels.socket, options.receiveTimeout, timeout, timeout.length);
  const exchange = createExchange(calls, descriptor);
  let nextSequence = 1;
  return {
    acknowledged: (written, last, length = written.length()) => acknowledged(exchange, written, last, length),
    ask: (written, sequence, read) => ask(exchange, written, sequence, read),
    dump: (written, sequence, read) => dump(exchange, written, sequence, read),
    sequence(count) {
      if (nextSequence + count > 0x7fffffff) nextSequence = 1;
      const sequence = nextSequence;
      nextSequence += count;
      return sequence;
    },
    close: () => void calls.close(descriptor),
  };
}

/** Questions and answers in turn. */
type Exchange = {
  /** What `receive` has received. */
  readonly received: DataView;
  /** 0 or the errno. */
  send(written: MessageWriter, length: number): number;
  /** How many bytes have come; -1 when nothing comes until the end of patience. */
  receive(): number;
  errno(): number;
  /** The question is given up before its last answer: what is left must not be taken for the next one's. */
  giveUp(): void;
};

function createExchange(calls: SystemCalls, descriptor: number): Exchange {
  const buffer = Buffer.alloc(largestDatagram);
  let isUnsettled = false;

  function receive(flags = 0): number {
    const length = calls.recv(descriptor, buffer, largestDatagram, flags);
    if (length < 0) isUnsettled = true;
    return length;
  }

  return {
    received: viewOf(buffer),
    send({ data }, length) {
      if (isUnsettled) while (receive(doNotWait) >= 0);
      isUnsettled = false;
      return calls.send(descriptor, data, length, 0) < 0 ? calls.errno() : 0;
    },
    receive: () => receive(),
    errno: () => calls.errno(),
    giveUp() {
      isUnsettled = true;
    },
  };
}

function acknowledged(exchange: Exchange, written: MessageWriter, last: number, length: number): number {
  const { received } = exchange;
  const failure = exchange.send(written, length);
  if (failure !== 0) return failure;
  const first = sequenceOf(written.view, 0);
  for (let errno = 0; ;) {
    const end = exchange.receive();
    if (end < 0) return errno || exchange.errno();
    for (let at = messageAt(received, 0, end); at >= 0; at = messageAfter(received, at, end)) {
      const told = errnoOf(received, at);
      if (told === undefined) continue;
      if (errno === 0) errno = told;
      const sequence = sequenceOf(received, at);
      // A batch that is refused as a whole is answered under its first number.
      if (sequence === last || sequence === first) return errno;
      if (errno !== 0) exchange.giveUp();
    }
  }
}

function ask<T>(exchange: Exchange, written: MessageWriter, sequence: number, read: ReadMessage<T>): T | number {
  const { received } = exchange;
  const failure = exchange.send(written, written.length());
  if (failure !== 0) return failure;
  for (;;) {
    const end = exchange.receive();
    if (end < 0) return exchange.errno();
    for (let at = messageAt(received, 0, end); at >= 0; at = messageAfter(received, at, end)) {
      if (sequenceOf(received, at) === sequence) return errnoOf(received, at) ?? read(received, at);
    }
  }
}

function dump<T>(exchange: Exchange, written: MessageWriter, sequence: number, read: ReadMessage<T>): T[] | number {
  const { received } = exchange;
  const failure = exchange.send(written, written.length());
  if (failure !== 0) return failure;
  const found: T[] = [];
  for (;;) {
    const end = exchange.receive();
    if (end < 0) return exchange.errno();
    for (let at = messageAt(received, 0, end); at >= 0; at = messageAfter(received, at, end)) {
      if (sequenceOf(received, at) !== sequence) continue;
      if (typeOf(received, at) === messageTypes.done) return found;
      const errno = errnoOf(received, at);
      if (errno !== undefined) return errno;
      found.push(read(received, at));
    }
  }
}
