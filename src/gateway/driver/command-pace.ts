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

export function createCommandPace(share: SessionShare, resume: () => void): CommandPace {
  let untold = 0;
  let clock: NodeJS.Timeout | undefined;

  function tell(): void {
    const count = untold;
    untold = 0;
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
      // All that is read in one turn is told at once.
      if (untold === 1) soon(tell);
    },
    stop() {
      clearTimeout(clock);
    },
  };
}
