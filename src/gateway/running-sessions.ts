// Running sessions of a gateway: told to end, and waited for.
import { type Bagged, putInto, takeOut } from "../net/bag.ts";
import type { EndReason } from "../session/reasons.ts";
import type { DrivenSession } from "./driver/driver-deps.ts";

export type RunningSession = Bagged & { readonly id: string; readonly session: DrivenSession };

export type RunningSessions = {
  add(id: string, session: DrivenSession): RunningSession;
  /** Its connections and pinholes are closed. */
  remove(running: RunningSession): void;
  /** Ends one now; false if there is none of that id. */
  end(id: string, reason: EndReason): boolean;
  /** Each ends when its transfer does, and all of them after the drain time; resolves when they are closed. */
  drain(drainMs: number): Promise<void>;
  /** Each goes on to its own end, and all that are left end after the drain time; resolves when they are closed. */
  leave(drainMs: number): Promise<void>;
  /** Ends every one now; resolves when they are closed. */
  stop(reason: EndReason): Promise<void>;
  /** Resolves when none is left. */
  allClosed(): Promise<void>;
};

export function createRunningSessions(): RunningSessions {
  const sessions: RunningSession[] = [];
  const awaitingEnd: (() => void)[] = [];

  function allClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (sessions.length === 0) resolve();
      else awaitingEnd.push(resolve);
    });
  }

  async function stop(reason: EndReason): Promise<void> {
    for (const { session } of [...sessions]) session.stop(reason, "");
    await allClosed();
  }

  return {
    add(id, session) {
      const running = { id, session, place: -1 };
      putInto(sessions, running);
      return running;
    },
    remove(running) {
      takeOut(sessions, running);
      if (sessions.length === 0) for (const settle of awaitingEnd.splice(0)) settle();
    },
    end(id, reason) {
      const session = sessions.find((running) => running.id === id)?.session;
      session?.stop(reason, "");
      return session !== undefined;
    },
    async drain(drainMs) {
      for (const { session } of [...sessions]) session.drain();
      const deadline = setTimeout(() => void stop("drained"), drainMs);
      await allClosed();
      clearTimeout(deadline);
    },
    async leave(drainMs) {
      const deadline = setTimeout(() => void stop("drained"), drainMs);
      await allClosed();
      clearTimeout(deadline);
    },
    stop,
    allClosed,
  };
}
