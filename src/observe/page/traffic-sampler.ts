// Traffic sampler: reads the counters of a process every few seconds, for the charts of the page.
import type { Metrics, Sample } from "../metrics.ts";
import { createTrafficSeries, sampleEveryMs, type TrafficPoint, type TrafficSample } from "./traffic-series.ts";

export type TrafficSampler = {
  /** Of the last hour, the oldest first. */
  points(): readonly TrafficPoint[];
  start(): void;
  stop(): void;
};

const names = ["sessions_active", "sessions_total", "transfer_bytes_total", "failures_total"];

export function createTrafficSampler(
  metrics: Pick<Metrics, "samples">,
  everyMs: number = sampleEveryMs,
): TrafficSampler {
  const series = createTrafficSeries();
  let timer: NodeJS.Timeout | undefined;
  /** A sample that can't be had is left out. */
  const take = (): void =>
    void metrics.samples(names).then(
      (samples) => series.add(trafficSample(performance.now(), samples)),
      () => {},
    );
  return {
    points: series.points,
    start() {
      if (timer !== undefined) return;
      take();
      timer = setInterval(take, everyMs).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** What the counters come to over all gateways. */
export function trafficSample(at: number, samples: ReadonlyMap<string, readonly Sample[]>): TrafficSample {
  const total = (name: string, direction?: string): number =>
    (samples.get(name) ?? [])
      .filter(({ labels }) => direction === undefined || labels["direction"] === direction)
      .reduce((sum, { value }) => sum + value, 0);
  const sessions = total("sessions_active");
  return {
    at,
    sessions,
    // Those that have ended, and those that have not.
    started: total("sessions_total") + sessions,
    bytesUp: total("transfer_bytes_total", "upload"),
    bytesDown: total("transfer_bytes_total", "download"),
    failures: total("failures_total"),
  };
}
