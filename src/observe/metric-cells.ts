// Metric cells: one label set of one metric, counted here and handed over to prom-client when the metrics are read, because the library
// looks a label set up at every event.
import { Counter, Gauge, type Registry } from "prom-client";
import { registerSecondsHistogram, type Seconds, type SecondsHistogram } from "./seconds-histogram.ts";

export type CounterCell = { inc(by?: number): void };
export type GaugeCell = { inc(): void; dec(by?: number): void };

/** A name is what stands behind the prefix `ftp_alg_`. */
export type MetricCells = {
  counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
  ): (labels: Record<L, string>) => CounterCell;
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
  ): (labels: Record<L, string>) => GaugeCell;
  /** `buckets`: upper bounds in seconds. */
  seconds(name: string, help: string, buckets: readonly number[]): (gateway: string) => Seconds;
  /** Hands everything over. */
  update(): void;
  /** No metric has a label set with this value of `gateway` any more; what its cells still count goes nowhere. */
  forget(gateway: string): void;
  /** Likewise of one of its servers. */
  forgetServer(gateway: string, server: string): void;
};

type Cell = {
  readonly labels: Readonly<Record<string, string>>;
  readonly update: () => void;
  readonly remove: () => void;
};

export const prefix = "ftp_alg_";

export function createMetricCells(registry: Registry): MetricCells {
  const registers = [registry];
  let cells: Cell[] = [];
  const histograms: SecondsHistogram[] = [];
  const add = (labels: Readonly<Record<string, string>>, update: () => void, remove: () => void): void =>
    void cells.push({ labels, update, remove });
  const forget = (isGone: (cell: Cell) => boolean): void => {
    for (const cell of cells) if (isGone(cell)) cell.remove();
    cells = cells.filter((cell) => !isGone(cell));
  };
  return {
    counter(name, help, labelNames) {
      const metric = new Counter({ name: prefix + name, help, labelNames, registers });
      return (labels) => {
        let count = 0;
        const update = (): void => {
          metric.inc(labels, count);
          count = 0;
        };
        add(labels, update, () => metric.remove(labels));
        return { inc: (by = 1) => void (count += by) };
      };
    },
    gauge(name, help, labelNames) {
      const metric = new Gauge({ name: prefix + name, help, labelNames, registers });
      return (labels) => {
        let value = 0;
        add(
          labels,
          () => metric.set(labels, value),
          () => metric.remove(labels),
        );
        return { inc: () => void (value += 1), dec: (by = 1) => void (value -= by) };
      };
    },
    seconds(name, help, buckets) {
      const histogram = registerSecondsHistogram(registry, { name: prefix + name, help, buckets });
      histograms.push(histogram);
      return histogram.cell;
    },
    update() {
      for (const { update } of cells) update();
    },
    forget(gateway) {
      forget(({ labels }) => labels["gateway"] === gateway);
      for (const histogram of histograms) histogram.forget(gateway);
    },
    forgetServer(gateway, server) {
      forget(({ labels }) => labels["gateway"] === gateway && labels["server"] === server);
    },
  };
}
