// Running sessions of a gateway: told to end, and waited for.
import type { EndReason } from "../session/reasons.ts";
import type { DrivenSession } from "./driver/driver-deps.ts";

export type RunningSessions = {
  add(id: string, session: DrivenSession): void;
  /** Its connections and pinholes are closed. */
  remove(id: string): void;
  /** Ends one now; false if there is none of that id. */
  end(id: string, reason: EndReason): boolean;
  /** Each ends when its transfer does, and all of them after the drain time; resolves when they are closed. */
  drain(drainMs: number): Promise<void>;
  /** Ends every one now; resolves when they are closed. */
  stop(reason: EndReason): Promise<void>;
  /** Resolves when none is left. */
  allClosed(): Promise<void>;
};

export function createRunningSessions(): RunningSessions {
  const sessions = new Map<string, DrivenSession>();
  const awaitingEnd: (() => void)[] = [];

  function allClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (sessions.size === 0) resolve();
      else awaitingEnd.push(resolve);
    });
  }

  async function stop(reason: EndReason): Promise<void> {
    for (const session of sessions.values()) session.stop(reason, "");
    await allClosed();
  }

  return {
    add: (id, session) => void sessions.set(id, session),
    remove(id) {
      sessions.delete(id);
      if (sessions.size === 0) for (const settle of awaitingEnd.splice(0)) settle();
    },
    end(id, reason) {
      const session = sessions.get(id);
      session?.stop(reason, "");
      return session !== undefined;
    },
    async drain(drainMs) {
      for (const session of sessions.values()) session.drain();
      const deadline = setTimeout(() => void stop("drained"), drainMs);
      await allClosed();
      clearTimeout(deadline);
    },
    stop,
    allClosed,
  };
}
