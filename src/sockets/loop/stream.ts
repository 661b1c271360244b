// Stream: one connected descriptor on the loop, whose bytes its holder reads and writes by himself. A data connection has two of them.
// Events are level-triggered, as those of control connections.
import { getSystemErrorName } from "node:util";
import { explainStandstill } from "../tcp-info.ts";
import type { Loop } from "./loop.ts";
import type { Ready } from "./poller.ts";

export type Stream = {
  readonly loop: Loop;
  /** -1 once it is closed. */
  fd: number;
  /** Nothing that is written to it waits for what was written before to be acknowledged (TCP_NODELAY). */
  isPrompt: boolean;
  /** What epoll was told; undefined while it is not in the epoll. */
  interest: number | undefined;
};

const flags = { dontWait: 0x40, noSignal: 0x4000, more: 0x8000, peek: 2 } as const;
const shutWrite = 1;
const again = 11;

/** Nothing can be read, or written, now. */
export const notNow = -again;

/** `fd`: connected; from now on the stream's, which counts as open already. `interest`: if it is in the epoll. */
export function createStream(loop: Loop, fd: number, interest?: number): Stream {
  return { loop, fd, interest, isPrompt: false };
}

/** Hears of what `interest` names until it changes. What breaks is told whatever it is, again and again. */
export function watchStream<Owner>(stream: Stream, interest: number, owner: Owner, ready: Ready<Owner>): void {
  const { poller } = stream.loop;
  if (stream.interest === undefined) poller.add(stream.fd, interest, owner, ready);
  else poller.hand(stream.fd, interest, owner, ready);
  stream.interest = interest;
}

/** Of one that is in the epoll. */
export function setInterest(stream: Stream, interest: number): void {
  if (stream.fd < 0 || stream.interest === interest || stream.interest === undefined) return;
  stream.interest = interest;
  stream.loop.poller.change(stream.fd, interest);
}

/** Out of the epoll. */
export function unwatchStream(stream: Stream): void {
  if (stream.fd < 0 || stream.interest === undefined) return;
  stream.interest = undefined;
  stream.loop.poller.remove(stream.fd);
}

/** Bytes read into `memory`; 0 at the end; below zero `notNow`, or minus the number of the error. */
export function readStream({ fd, loop: { calls } }: Stream, memory: Uint8Array): number {
  const count = calls.receive(fd, memory, memory.length, flags.dontWait);
  return count < 0 ? -calls.errno() : count;
}

/** As `readStream`, of one byte that stays where it is. */
export function peekStream({ fd, loop: { calls } }: Stream): number {
  const count = calls.receive(fd, oneByte, 1, flags.dontWait | flags.peek);
  return count < 0 ? -calls.errno() : count;
}

const oneByte = Buffer.alloc(1);

/** Bytes of `memory` that the kernel took; below zero minus the number of the error. `isMore`: the end follows at once. */
export function writeStream(
  { fd, loop: { calls } }: Stream,
  memory: Uint8Array,
  length: number,
  isMore: boolean,
): number {
  const how = flags.dontWait | flags.noSignal | (isMore ? flags.more : 0);
  const sent = calls.send(fd, memory, length, how);
  if (sent >= 0) return sent;
  const errno = calls.errno();
  return errno === again ? 0 : -errno;
}

/** As soon as it is written to more than once: before that it makes no difference, and most files are written at once. */
export function makePrompt(stream: Stream): void {
  if (stream.isPrompt || stream.fd < 0) return;
  stream.isPrompt = true;
  stream.loop.calls.sockets.noDelay(stream.fd);
}

/** Whatever closes it resets it from now on, or, off, ends it in order. */
export function guardStream({ fd, loop: { calls } }: Stream, isOn: boolean): void {
  if (fd >= 0) calls.sockets.resetWhenClosed(fd, isOn);
}

/** Our FIN. */
export function endStream({ fd, loop: { calls } }: Stream): void {
  if (fd >= 0) calls.shutdown(fd, shutWrite);
}

export function closeStream(stream: Stream): void {
  const { fd, loop } = stream;
  if (fd < 0) return;
  stream.fd = -1;
  if (stream.interest !== undefined) loop.poller.forget(fd);
  loop.calls.close(fd);
  loop.closed();
}

export function resetStream(stream: Stream): void {
  guardStream(stream, true);
  closeStream(stream);
}

/** Bytes that the kernel has taken and the peer has not acknowledged; 0 once it is closed. */
export function unacknowledgedOfStream({ fd, loop }: Stream): number {
  return fd < 0 ? 0 : loop.calls.sockets.unacknowledgedBytes(fd);
}

/** Why it stands still, in words; empty if nothing is known. */
export function standstillOfStream({ fd, loop: { calls } }: Stream): string {
  return fd < 0 ? "" : explainStandstill(calls.sockets.tcpInfo(fd), calls.sockets.unacknowledgedBytes(fd));
}

/** `ECONNRESET` of what `readStream` or `writeStream` returned. */
export function failureOf(result: number): string {
  return getSystemErrorName(result);
}
