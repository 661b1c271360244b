// Command pace: a client that says more commands than its share is read later. What it says meanwhile stays with the kernel.
import { soon } from "../../sockets/soon.ts";
import type { SessionShare } from "./driver-deps.ts";

export type CommandPace = {
  /** Whether a command may be taken now. If not, `resume` comes when one may. */
  mayTake(): boolean;
  /** A command has been taken. */
  took(): void;
  stop(): void;
};

/** Commands are told of in parcels: each by itself would cost more than all else that is done with it. */
const mostUntold = 32;
const tellWithinMs = 20;

export function createCommandPace(share: SessionShare, resume: () => void): CommandPace {
  let untold = 0;
  let toldAt = 0;
  let isTelling = false;
  let clock: NodeJS.Timeout | undefined;

  function tell(): void {
    isTelling = false;
    if (untold === 0) return;
    const count = untold;
    untold = 0;
    toldAt = performance.now();
    void share.commandsRead(count);
  }

  return {
    mayTake() {
      const { readAgainAt } = share.client;
      if (readAgainAt === 0) return true;
      const leftMs = readAgainAt - performance.now();
      if (leftMs <= 0) return true;
      clock ??= setTimeout(() => {
        clock = undefined;
        resume();
      }, Math.ceil(leftMs));
      return false;
    },
    took() {
      untold += 1;
      if (isTelling || (untold < mostUntold && performance.now() - toldAt < tellWithinMs)) return;
      isTelling = true;
      // With what else is read in this turn.
      soon(tell);
    },
    stop() {
      tell();
      clearTimeout(clock);
    },
  };
}
