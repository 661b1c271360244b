// The timers of one session by name. Each always runs for the same time, so that starting one again only refreshes it.
import type { TimerName } from "../session/events.ts";

export type SessionTimers = {
  start(timer: TimerName, ms: number): void;
  cancel(timer: TimerName): void;
  clear(): void;
};

export function createSessionTimers(expired: (timer: TimerName) => void): SessionTimers {
  const running = new Map<TimerName, NodeJS.Timeout>();
  return {
    start(timer, ms) {
      const started = running.get(timer);
      if (started !== undefined) {
        started.refresh();
        return;
      }
      const timeout = setTimeout(() => {
        running.delete(timer);
        expired(timer);
      }, ms);
      running.set(timer, timeout);
    },
    cancel(timer) {
      clearTimeout(running.get(timer));
      running.delete(timer);
    },
    clear() {
      for (const timeout of running.values()) clearTimeout(timeout);
      running.clear();
    },
  };
}
