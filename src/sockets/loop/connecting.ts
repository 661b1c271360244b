// Connecting on the loop: a descriptor from `socket` until its connection is there or has failed.
import { type Endpoint, familyOf } from "../../net/endpoint.ts";
import { socketAddress } from "../socket-address.ts";
import { failureCode } from "../socket-ends.ts";
import { soon } from "../soon.ts";
import type { Loop } from "./loop.ts";
import { failure, interests } from "./poller.ts";

const inet = { 4: 2, 6: 10 } as const;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
const streamType = 0o2004001;
const tcp = 6;
const inProgress = 115;
const socketLevel = 1;
const errorOption = 4;
const value = Buffer.alloc(4);
const valueLength = Buffer.alloc(4);

export type ConnectingEvents = {
  /** `fd` is in the epoll already, and whoever hears of this has it from now on: it counts as open. */
  connected(fd: number): void;
  /** The system's word, e.g. `ECONNREFUSED`. */
  failed(code: string): void;
};

/** A new stream socket of the family of `address`. Throws an Error with the system's word as `code`. */
export function openSocket({ calls }: Loop, { address }: Pick<Endpoint, "address">): number {
  const fd = calls.socket(inet[familyOf(address)], streamType, tcp);
  if (fd < 0) throw failure("socket", calls.errno());
  return fd;
}

/**
 * `open` makes the descriptor and sets what it is to have; what it throws is a failure. One of the events comes, after the call, unless
 * `cancel` does; after that nothing does.
 */
export function connectDescriptor(
  loop: Loop,
  to: Endpoint,
  open: () => number,
  events: ConnectingEvents,
): { cancel(): void } {
  const { calls, poller } = loop;
  let fd = -1;
  let isOver = false;
  try {
    fd = open();
    loop.opened();
    const address = socketAddress(to);
    if (calls.connect(fd, address, address.length) < 0 && calls.errno() !== inProgress) {
      throw failure("connect", calls.errno());
    }
    poller.add(fd, interests.write, undefined, (_, _isReadable, _isWritable, isBroken) => settle(isBroken));
  } catch (error) {
    soon(() => fail(failureCode(error as Error)));
  }
  return {
    cancel() {
      if (!isOver) close();
      isOver = true;
    },
  };

  function settle(isBroken: boolean): void {
    if (isOver) return;
    const code = isBroken ? errorOf() : undefined;
    if (code !== undefined) return fail(code);
    isOver = true;
    events.connected(fd);
  }

  function errorOf(): string | undefined {
    valueLength[0] = value.length;
    calls.getOption(fd, socketLevel, errorOption, value, valueLength);
    const errno = value.readInt32LE();
    return errno === 0 ? undefined : failureCode(failure("connect", errno));
  }

  function fail(code: string): void {
    if (isOver) return;
    isOver = true;
    close();
    events.failed(code);
  }

  function close(): void {
    if (fd < 0) return;
    poller.forget(fd);
    calls.close(fd);
    loop.closed();
  }
}
