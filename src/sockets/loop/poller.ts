// Poller: one epoll and what is to be called for each of its descriptors. An event of a descriptor that was closed meanwhile, and perhaps
// given to another connection, is nobody's: each registration has a number of its own, which epoll hands back.
import { arch } from "node:os";
import { getSystemErrorName } from "node:util";
import { doPutOff, putOffByNode, putOffHere } from "../soon.ts";
import type { LoopCalls } from "./loop-calls.ts";

/** epoll_event.events */
export const interests = { none: 0, read: 1, write: 4, end: 0x2000 } as const;
/** The kernel tells of them whatever the interest is. */
const errorOrHangUp = 0x18;

/**
 * `isBroken`: the connection broke or is closed in both directions, of which the kernel tells again and again. `hasEnded`: the peer's FIN
 * is there; told with the interest `end` alone.
 */
export type Ready<Owner> = (
  owner: Owner,
  isReadable: boolean,
  isWritable: boolean,
  isBroken: boolean,
  hasEnded: boolean,
) => void;

export type Poller = {
  /** One registration of a descriptor. Throws an Error with the system's word as `code`. */
  add<Owner>(descriptor: number, interest: number, owner: Owner, ready: Ready<Owner>): void;
  /** Another interest, owner and callee of one that is registered, which stays the same registration. */
  hand<Owner>(descriptor: number, interest: number, owner: Owner, ready: Ready<Owner>): void;
  change(descriptor: number, interest: number): void;
  /** Tells one registration from all others of the same descriptor; undefined if there is none. */
  numberOf(descriptor: number): number | undefined;
  /** The descriptor stays open. */
  remove(descriptor: number): void;
  /** It is about to be closed, which takes it out of the epoll by itself. */
  forget(descriptor: number): void;
  /** Of all that are registered. */
  owners(): Iterable<unknown>;
  /** Waits up to so many milliseconds, or for ever with -1; calls for all that is ready and returns for how many. */
  wait(timeoutMs: number): number;
  /** Monotonic milliseconds at which the last wait was over. */
  wokeAt(): number;
  close(): void;
};

const operations = { add: 1, remove: 2, change: 3 } as const;
const closeOnExec = 0o2000000;
const noEntry = 2;
/** In one turn. */
const mostEvents = 64;
const wordBytes = 4;
/** struct epoll_event in words of 32 bits; it is packed on x86-64 and nowhere else. */
const layout = arch() === "x64" ? { words: 3, data: 1 } : { words: 4, data: 2 };

type Registration = { readonly owner: unknown; readonly ready: Ready<unknown>; readonly number: number };

/** `called`: after the calls of one `wait`. Throws an Error with the system's word as `code`. */
export function createPoller(calls: LoopCalls, called: () => void): Poller {
  const epoll = calls.epollCreate(closeOnExec);
  if (epoll < 0) throw failure("epoll_create1", calls.errno());
  const registered: (Registration | undefined)[] = [];
  let lastNumber = 0;
  let wokeAt = 0;
  const events = Buffer.allocUnsafeSlow(mostEvents * layout.words * wordBytes);
  const told = new Uint32Array(events.buffer);
  const change = Buffer.allocUnsafeSlow(layout.words * wordBytes);
  const asked = new Uint32Array(change.buffer);

  function control(operation: number, descriptor: number, interest: number, number: number): number {
    asked[0] = interest;
    asked[layout.data] = descriptor;
    asked[layout.data + 1] = number;
    return calls.epollControl(epoll, operation, descriptor, change);
  }

  function tell(what: number, at: number): void {
    const registration = registered[told[at] ?? 0];
    if (registration === undefined || registration.number !== told[at + 1]) return;
    const isBroken = (what & errorOrHangUp) !== 0;
    const isReadable = isBroken || (what & interests.read) !== 0;
    const isWritable = isBroken || (what & interests.write) !== 0;
    const hasEnded = (what & interests.end) !== 0;
    registration.ready(registration.owner, isReadable, isWritable, isBroken, hasEnded);
  }

  return {
    add(descriptor, interest, owner, ready) {
      lastNumber = (lastNumber + 1) >>> 0;
      if (control(operations.add, descriptor, interest, lastNumber) < 0) throw failure("epoll_ctl", calls.errno());
      registered[descriptor] = { owner, ready: ready as Ready<unknown>, number: lastNumber };
    },
    hand(descriptor, interest, owner, ready) {
      const { number } = registered[descriptor] ?? {};
      if (number === undefined) throw failure("epoll_ctl", noEntry);
      control(operations.change, descriptor, interest, number);
      registered[descriptor] = { owner, ready: ready as Ready<unknown>, number };
    },
    change(descriptor, interest) {
      const { number } = registered[descriptor] ?? {};
      if (number !== undefined) control(operations.change, descriptor, interest, number);
    },
    numberOf: (descriptor) => registered[descriptor]?.number,
    remove(descriptor) {
      if (registered[descriptor] === undefined) return;
      registered[descriptor] = undefined;
      control(operations.remove, descriptor, 0, 0);
    },
    forget(descriptor) {
      registered[descriptor] = undefined;
    },
    owners: () => registered.flatMap((one) => (one === undefined ? [] : [one.owner])),
    wait(timeoutMs) {
      // Below zero: a signal has come between.
      const count = calls.epollWait(epoll, events, mostEvents, timeoutMs);
      if (timeoutMs !== 0) wokeAt = performance.now();
      if (count <= 0) return count;
      putOffHere();
      try {
        for (let at = 0; at < count; at += 1) {
          tell(told[at * layout.words] ?? 0, at * layout.words + layout.data);
          doPutOff();
        }
      } finally {
        putOffByNode();
        called();
      }
      return count;
    },
    wokeAt: () => wokeAt,
    close: () => void calls.close(epoll),
  };
}

export function failure(call: string, errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code });
}
