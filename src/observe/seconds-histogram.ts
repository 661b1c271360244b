// Histogram of durations: counted into its buckets on the spot, because some are observed at every line of every session. The
// registry of prom-client reads it as one of its own.
import type { Metric, MetricValueWithName, Registry } from "prom-client";

/** `session`: whose duration it is; the exposition in OpenMetrics names the last one of each bucket (an exemplar). */
export type Seconds = { observe(seconds: number, session?: string): void };

/** The duration that was seen last in a bucket. `at`: seconds since 1970. */
export type Exemplar = { readonly session: string; readonly seconds: number; readonly at: number };

/** As the registry's JSON has it; `exemplar` is ours. */
export type HistogramValue = MetricValueWithName<string> & { readonly exemplar?: Exemplar };

type Cell = Seconds & { read(): readonly HistogramValue[] };

export type SecondsHistogram = {
  /** The durations of one gateway; the same object for the same name. */
  cell(gateway: string): Seconds;
  forget(gateway: string): void;
};

/** `buckets`: upper bounds in seconds, ascending. */
export function registerSecondsHistogram(
  registry: Registry,
  { name, help, buckets }: { readonly name: string; readonly help: string; readonly buckets: readonly number[] },
): SecondsHistogram {
  const cells = new Map<string, Cell>();
  const described = { name, help, type: "histogram", aggregator: "sum" };
  const metric = {
    ...described,
    get: () => Promise.resolve({ ...described, values: [...cells.values()].flatMap((cell) => cell.read()) }),
    reset: () => cells.clear(),
  };
  // All that the registry asks of a metric.
  registry.registerMetric(metric as unknown as Metric);
  return {
    cell(gateway) {
      let cell = cells.get(gateway);
      if (cell === undefined) cells.set(gateway, (cell = createCell(name, gateway, buckets)));
      return cell;
    },
    forget: (gateway) => void cells.delete(gateway),
  };
}

function createCell(name: string, gateway: string, bounds: readonly number[]): Cell {
  /** The last one is of what is above all bounds. */
  const counts = new Float64Array(bounds.length + 1);
  const exemplars: (Exemplar | undefined)[] = [];
  let sum = 0;
  return {
    observe(seconds, session) {
      let bucket = 0;
      while (bucket < bounds.length && seconds > bounds[bucket]!) bucket += 1;
      counts[bucket] = counts[bucket]! + 1;
      sum += seconds;
      if (session !== undefined)
        exemplars[bucket] = { session, seconds, at: (performance.timeOrigin + performance.now()) / 1000 };
    },
    read() {
      let count = 0;
      const buckets = [...bounds, "+Inf"].map((le, at): HistogramValue => {
        count += counts[at]!;
        const exemplar = exemplars[at];
        return { metricName: `${name}_bucket`, labels: { gateway, le }, value: count, ...(exemplar && { exemplar }) };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels: { gateway }, value: sum },
        { metricName: `${name}_count`, labels: { gateway }, value: count },
      ];
    },
  };
}
