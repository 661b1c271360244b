// The timers of one session by name. Each always runs for the same time, so that starting one again only refreshes it.
import type { TimerName } from "../session/events.ts";

export type SessionTimers = Record<TimerName, NodeJS.Timeout | undefined>;

export function createSessionTimers(): SessionTimers {
  return { login: undefined, idle: undefined, linger: undefined, grace: undefined, abort: undefined };
}

export function startTimer(
  timers: SessionTimers,
  name: TimerName,
  ms: number,
  expired: (name: TimerName) => void,
): void {
  const start = (): NodeJS.Timeout =>
    setTimeout(() => {
      timers[name] = undefined;
      expired(name);
    }, ms);
  timers[name] = timers[name]?.refresh() ?? start();
}

export function cancelTimer(timers: SessionTimers, name: TimerName): void {
  clearTimeout(timers[name]);
  timers[name] = undefined;
}

export function clearTimers(timers: SessionTimers): void {
  for (const timer of Object.values(timers)) clearTimeout(timer);
}
