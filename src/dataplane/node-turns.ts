// Node turns: a plane whose work is done by Node's own handles, in a process whose event loop is another. What is asked of it is heard of
// when Node's loop turns, so that loop turns before ours waits.
import type { DataPlane, Pinhole } from "./pinhole.ts";

export function withNodeTurns(plane: DataPlane, letNodeTurn: () => void): DataPlane {
  return {
    ...plane,
    open(request, report) {
      letNodeTurn();
      return turning(plane.open(request, report), letNodeTurn);
    },
  };
}

/** Of one pinhole that was opened on such a plane. */
export function turning(pinhole: Pinhole, letNodeTurn: () => void): Pinhole {
  const after = (word: () => void) => () => {
    letNodeTurn();
    word();
  };
  return {
    start: after(pinhole.start),
    confirm: after(pinhole.confirm),
    linger(ms) {
      letNodeTurn();
      pinhole.linger(ms);
    },
    release: after(pinhole.release),
    dismiss: after(pinhole.dismiss),
    counts: pinhole.counts,
  };
}
