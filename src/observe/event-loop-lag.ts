// Event loop lag: how much later than asked for a timer runs. It is measured often while the event loop works, and once a second while
// there is hardly anything to do, because measuring wakes the process: perf_hooks.monitorEventLoopDelay, which prom-client uses,
// wakes an idle process a hundred times a second.
import { createHistogram, performance } from "node:perf_hooks";

/** Seconds, of what was measured since they were asked for last; 0 if nothing was. */
export type EventLoopLag = {
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
};

const busyIntervalMs = 20;
const idleIntervalMs = 1000;
/** A share of the time; below it the event loop counts as idle. One measurement takes less than a tenth of that. */
const busyUtilization = 0.01;

/**
 * Measures as long as the process lives, without keeping it alive. Returns what reads the measurements, and begins anew.
 * `waitedMs`: how long the process has waited, all in all, in what Node takes for work.
 */
export function measureEventLoopLag(waitedMs: () => number): () => EventLoopLag {
  const lags = createHistogram();
  let last = 0;
  let seen = workedAndPassed();
  let dueAt = 0;

  function measure(): void {
    const lateMs = Math.max(0, performance.now() - dueAt);
    last = lateMs / 1000;
    // The histogram takes whole numbers from 1 on.
    lags.record(Math.max(1, Math.round(lateMs * 1e6)));
    const now = workedAndPassed();
    const isBusy = now.workedMs - seen.workedMs >= busyUtilization * (now.passedMs - seen.passedMs);
    seen = now;
    measureIn(isBusy ? busyIntervalMs : idleIntervalMs);
  }

  function workedAndPassed(): { readonly workedMs: number; readonly passedMs: number } {
    const { active, idle } = performance.eventLoopUtilization();
    return { workedMs: active - waitedMs(), passedMs: active + idle };
  }

  function measureIn(ms: number): void {
    dueAt = performance.now() + ms;
    setTimeout(measure, ms).unref();
  }

  measureIn(idleIntervalMs);
  return () => {
    if (lags.count === 0) return { last, min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 };
    const seconds = (nanoseconds: number): number => nanoseconds / 1e9;
    const lag = {
      last,
      min: seconds(lags.min),
      max: seconds(lags.max),
      mean: seconds(lags.mean),
      stddev: seconds(lags.stddev),
      p50: seconds(lags.percentile(50)),
      p90: seconds(lags.percentile(90)),
      p99: seconds(lags.percentile(99)),
    };
    lags.reset();
    return lag;
  };
}
