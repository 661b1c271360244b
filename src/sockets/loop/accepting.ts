// Accepting on the loop: one connection of a listening descriptor.
import { addressLength, addressMemory, expectAddress } from "./loop-address.ts";
import type { LoopCalls } from "./loop-calls.ts";

/** SOCK_NONBLOCK | SOCK_CLOEXEC */
const acceptFlags = 0o2004000;
/** The process, or the system, has no descriptor left. */
const tooManyFiles: readonly number[] = [-23, -24];
/** Nobody is there any more, or a signal came between. */
const harmless: readonly number[] = [-4, -11, -103];

export const hasNoDescriptor = (result: number): boolean => tooManyFiles.includes(result);
export const isHarmless = (result: number): boolean => harmless.includes(result);

/** The descriptor, whose peer is `writtenEndpoint()` until the next call; below zero minus the number of the error. */
export function acceptDescriptor(calls: LoopCalls, listening: number): number {
  expectAddress();
  const fd = calls.accept(listening, addressMemory, addressLength, acceptFlags);
  return fd < 0 ? -calls.errno() : fd;
}

/** Takes the connection that waits for a descriptor, with one that was kept for that, and closes it. */
export function turnAwayWith(calls: LoopCalls, spare: number, listening: number): boolean {
  if (spare >= 0) calls.close(spare);
  const fd = calls.accept(listening, null, null, acceptFlags);
  if (fd >= 0) calls.close(fd);
  return fd >= 0;
}
