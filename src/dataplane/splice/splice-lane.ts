// Splice lane: one direction of a spliced connection, from a socket into a pipe, and from the pipe into the other socket.
import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { unguard } from "../userspace/leg-guard.ts";
import type { Pipe, PipePool } from "./pipe-pool.ts";
import type { SpliceCalls } from "./splice-calls.ts";

/** A socket as epoll last told of it; what it told stays true until a call says EAGAIN. */
export type SpliceEnd = { readonly fd: number; isReadable: boolean; isWritable: boolean };

export type SpliceLane = {
  readonly from: SpliceEnd;
  readonly to: SpliceEnd;
  /** One number: the bytes that were handed on so far. Another thread may look at it at any moment. */
  readonly moved: Float64Array;
  pipe: Pipe | undefined;
  /** In the pipe. */
  held: number;
  /** The source has ended; what is held is still to be handed on, and the end after it. */
  hasEnded: boolean;
  /** The source has broken; what is held is still to be handed on. */
  failure: string | undefined;
  /** The destination has had its FIN. */
  isDone: boolean;
};

/** `waiting`: for epoll. `more`: it could go on at once. `starved`: no pipe could be had. */
export type Pumped = "waiting" | "more" | "done" | "starved" | "source-broken" | { readonly destinationBroken: string };

/** Pipefuls that a direction moves before others have their turn. */
const roundsPerTurn = 4;
const moveNonBlocking = 0x1 | 0x2;
const shutDownWriting = 1;
const { EAGAIN, EINTR } = constants.errno;

export function createLane(from: SpliceEnd, to: SpliceEnd, moved: Float64Array = new Float64Array(1)): SpliceLane {
  return { from, to, moved, pipe: undefined, held: 0, hasEnded: false, failure: undefined, isDone: false };
}

export function pumpLane(lane: SpliceLane, pipes: PipePool, calls: SpliceCalls): Pumped {
  const { from, to } = lane;
  for (let round = 0; round < roundsPerTurn; round++) {
    if (from.isReadable && !lane.hasEnded && lane.failure === undefined) {
      const pipe = (lane.pipe ??= pipes.take());
      if (pipe === undefined) return "starved";
      fill(lane, pipe, calls);
    }
    if (lane.held > 0 && lane.pipe && to.isWritable) {
      const broken = drain(lane, lane.pipe, calls);
      if (broken !== undefined) return { destinationBroken: broken };
    }
    if (lane.held > 0) {
      if (!to.isWritable) return "waiting";
      continue;
    }
    if (lane.hasEnded) {
      // ENOTCONN says that the destination is gone; the next write to it will tell that.
      unguard(to.fd);
      calls.shutdown(to.fd, shutDownWriting);
      lane.isDone = true;
    }
    if (lane.hasEnded || lane.failure !== undefined || !from.isReadable) {
      freePipe(lane, pipes);
      if (lane.failure !== undefined) return "source-broken";
      return lane.isDone ? "done" : "waiting";
    }
  }
  return "more";
}

export function freePipe(lane: SpliceLane, pipes: PipePool): void {
  if (lane.pipe) pipes.giveBack(lane.pipe, lane.held === 0);
  lane.pipe = undefined;
}

function fill(lane: SpliceLane, pipe: Pipe, calls: SpliceCalls) {
  const count = calls.splice(lane.from.fd, null, pipe.writeEnd, null, pipe.bytes, moveNonBlocking);
  if (count > 0) {
    lane.held += count;
    return;
  }
  if (count === 0) {
    lane.hasEnded = true;
    return;
  }
  const errno = calls.errno();
  if (errno === EINTR) return;
  if (errno !== EAGAIN) lane.failure = getSystemErrorName(-errno);
  // With bytes in it, the pipe may be what is full: small segments use it up long before its size in bytes.
  else if (lane.held === 0) lane.from.isReadable = false;
}

/** Why the destination is broken, if it is. */
function drain(lane: SpliceLane, pipe: Pipe, calls: SpliceCalls): string | undefined {
  const count = calls.splice(pipe.readEnd, null, lane.to.fd, null, lane.held, moveNonBlocking);
  if (count >= 0) {
    lane.held -= count;
    lane.moved[0] = (lane.moved[0] ?? 0) + count;
    return undefined;
  }
  const errno = calls.errno();
  if (errno === EINTR) return undefined;
  if (errno !== EAGAIN) return getSystemErrorName(-errno);
  lane.to.isWritable = false;
  return undefined;
}
