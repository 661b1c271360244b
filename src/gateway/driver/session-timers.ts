// The timers of one session by name. Most are started with every line and hardly ever expire: starting one again only moves
// its moment, and the clock behind it is looked at when it strikes.
import { timerNames, type TimerName } from "../../session/events.ts";

type SessionTimer = {
  /** Strikes at the moment or before. */
  clock: NodeJS.Timeout | undefined;
  /** For how long it was last started. */
  ms: number;
  /** Monotonic milliseconds; Infinity while it does not run. */
  expiresAt: number;
};

export type SessionTimers = Record<TimerName, SessionTimer | undefined> & {
  readonly expired: (name: TimerName) => void;
};

export function createSessionTimers(expired: (name: TimerName) => void): SessionTimers {
  const none = { login: undefined, idle: undefined, linger: undefined, grace: undefined };
  return { expired, ...none, abort: undefined, result: undefined, doubt: undefined, silence: undefined };
}

export function startTimer(timers: SessionTimers, name: TimerName, ms: number): void {
  const timer = (timers[name] ??= { clock: undefined, ms: 0, expiresAt: Infinity });
  if (timer.clock !== undefined && ms < timer.ms) {
    clearTimeout(timer.clock);
    timer.clock = undefined;
  }
  timer.ms = ms;
  timer.expiresAt = performance.now() + ms;
  timer.clock ??= setTimeout(strike, ms, timers, name, timer);
}

function strike(timers: SessionTimers, name: TimerName, timer: SessionTimer): void {
  timer.clock = undefined;
  if (timer.expiresAt === Infinity) return;
  const leftMs = timer.expiresAt - performance.now();
  if (leftMs > 0) {
    timer.clock = setTimeout(strike, Math.ceil(leftMs), timers, name, timer);
    return;
  }
  timer.expiresAt = Infinity;
  timers.expired(name);
}

export function cancelTimer(timers: SessionTimers, name: TimerName): void {
  const timer = timers[name];
  if (timer !== undefined) timer.expiresAt = Infinity;
}

export function clearTimers(timers: SessionTimers): void {
  for (const name of timerNames) {
    clearTimeout(timers[name]?.clock);
    timers[name] = undefined;
  }
}
