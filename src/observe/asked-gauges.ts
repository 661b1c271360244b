// Asked gauge: a gauge of which each gateway is asked when the metrics are read.
import { Gauge, type Registry } from "prom-client";

export type AskedValue<L extends string> = { readonly labels: Readonly<Record<L, string>>; readonly value: number };

/** `key`: what takes the place of one that was asked before. Returns what ends the asking. */
export type AskedGauge<L extends string> = (key: string, ask: () => readonly AskedValue<L>[]) => () => void;

export function registerAskedGauge<L extends string>(
  registry: Registry,
  { name, help, labelNames }: { readonly name: string; readonly help: string; readonly labelNames: readonly L[] },
): AskedGauge<L> {
  const asked = new Map<string, () => readonly AskedValue<L>[]>();
  const metric = new Gauge({
    ...{ name, help, labelNames, registers: [] },
    collect() {
      this.reset();
      for (const ask of asked.values()) for (const { labels, value } of ask()) this.set(labels, value);
    },
  });
  registry.registerMetric(metric);
  return (key, ask) => {
    asked.set(key, ask);
    // After a reload the entry is the successor's.
    return () => void (asked.get(key) === ask && asked.delete(key));
  };
}
