// Running sessions of a gateway: told to end, and waited for.
import type { EndReason } from "../session/reasons.ts";
import type { DrivenSession } from "./driver/driver-deps.ts";

export type RunningSessions = {
  add(session: DrivenSession): void;
  /** Its connections and pinholes are closed. */
  remove(session: DrivenSession): void;
  /** Each ends when its transfer does, and all of them after the drain time; resolves when they are closed. */
  drain(drainMs: number): Promise<void>;
  /** Ends every one now; resolves when they are closed. */
  stop(reason: EndReason): Promise<void>;
  /** Resolves when none is left. */
  allClosed(): Promise<void>;
};

export function createRunningSessions(): RunningSessions {
  const sessions = new Set<DrivenSession>();
  const awaitingEnd: (() => void)[] = [];

  function allClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (sessions.size === 0) resolve();
      else awaitingEnd.push(resolve);
    });
  }

  async function stop(reason: EndReason): Promise<void> {
    for (const session of sessions) session.stop(reason, "");
    await allClosed();
  }

  return {
    add: (session) => void sessions.add(session),
    remove(session) {
      sessions.delete(session);
      if (sessions.size === 0) for (const settle of awaitingEnd.splice(0)) settle();
    },
    async drain(drainMs) {
      for (const session of sessions) session.drain();
      const deadline = setTimeout(() => void stop("drained"), drainMs);
      await allClosed();
      clearTimeout(deadline);
    },
    stop,
    allClosed,
  };
}
