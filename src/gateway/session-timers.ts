// The timers of one session by name. Each always runs for the same time, so that starting one again only refreshes it.
import type { TimerName } from "../session/events.ts";

export type SessionTimers = Partial<Record<TimerName, NodeJS.Timeout>>;

export function startTimer(
  timers: SessionTimers,
  name: TimerName,
  ms: number,
  expired: (name: TimerName) => void,
): void {
  timers[name] =
    timers[name]?.refresh() ??
    setTimeout(() => {
      delete timers[name];
      expired(name);
    }, ms);
}

export function cancelTimer(timers: SessionTimers, name: TimerName): void {
  clearTimeout(timers[name]);
  delete timers[name];
}

export function clearTimers(timers: SessionTimers): void {
  for (const timer of Object.values(timers)) clearTimeout(timer);
}
