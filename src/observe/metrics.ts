// Metrics: everything that is counted, on a registry of our own. telemetry.ts decides what counts where.
import { Gauge, type Metric, Registry } from "prom-client";
import { defineGatewayMetrics, type GatewayMetrics } from "./gateway-metrics.ts";
import { createMetricCells, prefix, type MetricCells } from "./metric-cells.ts";
import type { MetricFamily } from "./metric-families.ts";
import { formatOpenMetrics, openMetricsType } from "./open-metrics.ts";
import { collectProcessMetrics } from "./process-metrics.ts";

export type ReloadResult = "success" | "failure";

/** What is read of the metrics of a process, or of several. */
export type MetricsReader = Pick<Metrics, "samples" | "text" | "contentType" | "openMetrics">;

export type Metrics = {
  /** The same object for the same name, so that counters survive a reload. */
  gateway(name: string): GatewayMetrics;
  /** There is no gateway of that name any more, and no series of it. */
  forgetGateway(name: string): void;
  configReloaded(result: ReloadResult): void;
  /** What holds the control connections. Once. */
  driver(kind: "node" | "loop"): void;
  /** Whether limits and bans are counted together with other processes, asked at every scrape. Only where they are to be. */
  shared(isUp: () => boolean): void;
  /** A worker that had died was started again. */
  workerRestarted(): void;
  /** `update` is called each time before they are read, those that were added last first. */
  beforeReading(update: () => void): void;
  /** What these metrics have now, by their names without the prefix; what is 0 is left out. */
  samples(names: readonly string[]): Promise<ReadonlyMap<string, readonly Sample[]>>;
  /** All of them, as values. */
  families(): Promise<readonly MetricFamily[]>;
  /** The exposition, in the format of `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
  /** The same in OpenMetrics, with exemplars. */
  openMetrics(): Promise<{ readonly text: string; readonly contentType: string }>;
};

export type Sample = { readonly labels: Readonly<Partial<Record<string, string | number>>>; readonly value: number };

/** `version` is the label of `build_info`. `collect`: what adds the series of the process itself. */
export function createMetrics(
  version: string,
  collect = (registry: Registry) => collectProcessMetrics(registry),
): Metrics {
  const registry = new Registry();
  const cells = createMetricCells(registry);
  const updates = [collect(registry), cells.update];
  const createGatewayMetrics = defineGatewayMetrics(registry, cells);
  const gateways = new Map<string, GatewayMetrics>();
  const configReloaded = defineReloads(registry, cells);
  const buildInfo = { name: `${prefix}build_info`, help: "Always 1; the version is the label." };
  new Gauge({ ...buildInfo, labelNames: ["version"], registers: [registry] }).set({ version }, 1);
  const update = (): void => {
    for (const one of updates) one();
  };
  return {
    ...readerOf(registry, update),
    families() {
      update();
      return registry.getMetricsAsJSON();
    },
    gateway(name) {
      let metrics = gateways.get(name);
      if (!metrics) gateways.set(name, (metrics = createGatewayMetrics(name)));
      return metrics;
    },
    forgetGateway(name) {
      gateways.delete(name);
      cells.forget(name);
    },
    configReloaded,
    driver(driver) {
      const help =
        "Always 1; what holds the control connections, Node.js or the gateway's own event loop, is the label.";
      const gauge = new Gauge({ name: `${prefix}driver_info`, help, labelNames: ["driver"], registers: [registry] });
      gauge.set({ driver }, 1);
    },
    shared(isUp) {
      const help = "Whether limits, bans and sessions per server are counted together with other processes: 1 or 0.";
      const gauge = new Gauge({ name: `${prefix}shared_up`, help, registers: [registry] });
      updates.push(() => gauge.set(isUp() ? 1 : 0));
    },
    workerRestarted: cells.counter("worker_restarts_total", "Workers that have died and were started again.", [])({})
      .inc,
    beforeReading: (one) => void updates.unshift(one),
  };
}

/** `update` is called each time before something is read. */
function readerOf(registry: Registry, update: () => void): MetricsReader {
  return {
    async samples(names) {
      update();
      const found = names.map(async (name) => {
        const { values = [] } = (await registry.getSingleMetric(prefix + name)?.get()) ?? {};
        return [name, values.filter(({ value }) => value !== 0)] as const;
      });
      return new Map(await Promise.all(found));
    },
    text() {
      update();
      return registry.metrics();
    },
    contentType: registry.contentType,
    async openMetrics() {
      update();
      return { text: await formatOpenMetrics(registry), contentType: openMetricsType };
    },
  };
}

/** Metrics that were counted elsewhere. `families` is asked each time. */
export function readFamilies(families: () => Promise<readonly MetricFamily[]>): MetricsReader {
  const reading = async (): Promise<MetricsReader> => {
    const registry = new Registry();
    for (const family of await families()) {
      const metric = { ...family, get: () => Promise.resolve(family), reset() {} };
      // All that the registry asks of a metric.
      registry.registerMetric(metric as unknown as Metric);
    }
    return readerOf(registry, () => {});
  };
  return {
    samples: async (names) => (await reading()).samples(names),
    text: async () => (await reading()).text(),
    contentType: new Registry().contentType,
    openMetrics: async () => (await reading()).openMetrics(),
  };
}

/** The configuration that the process starts with counts as loaded. */
function defineReloads(registry: Registry, { counter }: MetricCells): (result: ReloadResult) => void {
  const reloads = counter("config_reloads_total", "Reloads of the configuration.", ["result"]);
  const results = { success: reloads({ result: "success" }), failure: reloads({ result: "failure" }) };
  const gauge = (name: string, help: string) => new Gauge({ name: prefix + name, help, registers: [registry] });
  const isSuccessful = gauge("config_last_reload_successful", "1 if the last reload succeeded, or none was asked for.");
  const succeededAt = gauge(
    "config_last_reload_success_timestamp_seconds",
    "When the running configuration was loaded, in seconds since 1970.",
  );
  const succeeded = (): void => {
    isSuccessful.set(1);
    succeededAt.setToCurrentTime();
  };
  succeeded();
  return (result) => {
    results[result].inc();
    if (result === "success") succeeded();
    else isSuccessful.set(0);
  };
}
