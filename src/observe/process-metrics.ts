// Process metrics: prom-client's default metrics, on a registry, but for those that break the rules for names. The event loop's lag has
// the names and help texts that it has there, but is measured in a way that lets an idle process sleep.
import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import { measureEventLoopLag, type EventLoopLag } from "./event-loop-lag.ts";

/** Milliseconds, the longest that a timer takes: in practice never. */
const never = 2 ** 31 - 1;

const lagGauges: Readonly<Record<keyof EventLoopLag, readonly [name: string, help: string]>> = {
  last: ["nodejs_eventloop_lag_seconds", "Lag of event loop in seconds."],
  min: ["nodejs_eventloop_lag_min_seconds", "The minimum recorded event loop delay."],
  max: ["nodejs_eventloop_lag_max_seconds", "The maximum recorded event loop delay."],
  mean: ["nodejs_eventloop_lag_mean_seconds", "The mean of the recorded event loop delays."],
  stddev: ["nodejs_eventloop_lag_stddev_seconds", "The standard deviation of the recorded event loop delays."],
  p50: ["nodejs_eventloop_lag_p50_seconds", "The 50th percentile of the recorded event loop delays."],
  p90: ["nodejs_eventloop_lag_p90_seconds", "The 90th percentile of the recorded event loop delays."],
  p99: ["nodejs_eventloop_lag_p99_seconds", "The 99th percentile of the recorded event loop delays."],
};

/** Gauges that are named like counters, and are no more than the sums of others. */
const sums = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/**
 * Adds the series of the process to a registry, and returns what brings the event loop's lag up to date, to be called before the registry is
 * read. `waitedMs`: how long the process has waited in what Node takes for work.
 */
export function collectProcessMetrics(register: Registry, waitedMs: () => number = () => 0): () => void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: never });
  for (const name of sums) register.removeSingleMetric(name);
  const read = measureEventLoopLag(waitedMs);
  const gauges = (Object.keys(lagGauges) as (keyof EventLoopLag)[]).map((key) => {
    const [name, help] = lagGauges[key];
    register.removeSingleMetric(name);
    return { key, gauge: new Gauge({ name, help, registers: [register] }) };
  });
  return () => {
    const lag = read();
    for (const { key, gauge } of gauges) gauge.set(lag[key]);
  };
}
