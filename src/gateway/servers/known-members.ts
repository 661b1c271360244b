// Known members: what a pool has learned of each, whatever the configuration says of it by now. Bounded: of those with no session the one that
// came first is forgotten.

export type Known = {
  sessions: number;
  /** Of sessions, in a row. */
  failures: number;
  /** Of health checks, in a row: those that failed, and those that passed. */
  failedChecks: number;
  passedChecks: number;
  /** While it is down: when a session may try it again; monotonic milliseconds, Infinity where health checks find that out. */
  tryAt: number | undefined;
  /** It has been up, and with a weight, since then; monotonic milliseconds. */
  since: number;
  /** Round robin: how much it is ahead of the others (smooth weighted round robin, as nginx has it). */
  current: number;
};

const mostKnown = 10_000;

/** `dice`: from 0 to below 1; where a member begins in the turn. */
export function createKnownMembers(
  now: () => number,
  dice: () => number = () => 0,
): (member: { readonly id: string }) => Known {
  const all = new Map<string, Known>();

  function forgetOne(): void {
    for (const [id, { sessions }] of all) {
      if (sessions > 0) continue;
      all.delete(id);
      return;
    }
  }

  return ({ id }) => {
    let one = all.get(id);
    if (one === undefined) {
      const nothing = { sessions: 0, failures: 0, failedChecks: 0, passedChecks: 0 };
      one = { ...nothing, tryAt: undefined, since: now(), current: dice() };
      if (all.size >= mostKnown) forgetOne();
      all.set(id, one);
    }
    return one;
  };
}
