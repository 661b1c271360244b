// Moments at which something is to be done unless it is called off before, as nearly all of it is: the expiry of a pinhole,
// the time that its peer has to answer. One timer goes through them all now and then, so that a moment costs an entry in a
// list, and not a timer of its own.

import { type Bagged, putInto, takeOut } from "../net/bag.ts";

export type Deadline = Bagged & {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly due: () => void;
};

const grainMs = 25;

const pending: Deadline[] = [];
let timer: NodeJS.Timeout | undefined;

/** Calls `due` once, after `ms`, or up to 25 ms later. */
export function setDeadline(ms: number, due: () => void): Deadline {
  const deadline = { at: performance.now() + Math.max(ms, 0), due, place: -1 };
  putInto(pending, deadline);
  timer ??= setInterval(goThrough, grainMs);
  return deadline;
}

/** Calls it off, unless it is over. */
export function cancelDeadline(deadline: Deadline | undefined): void {
  if (deadline !== undefined) takeOut(pending, deadline);
}

function goThrough(): void {
  const moment = performance.now();
  const due = pending.filter(({ at }) => at <= moment);
  // What one of them does may call off another.
  for (const deadline of due) if (takeOut(pending, deadline)) deadline.due();
  if (pending.length > 0) return;
  clearInterval(timer);
  timer = undefined;
}
