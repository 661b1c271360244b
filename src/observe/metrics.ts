// Metrics: everything that is counted, on a registry of our own. telemetry.ts decides what counts where.
import { Gauge, Registry } from "prom-client";
import { defineGatewayMetrics, type GatewayMetrics } from "./gateway-metrics.ts";
import { createMetricCells, prefix, type CounterCell, type Seconds } from "./metric-cells.ts";
import { collectProcessMetrics } from "./process-metrics.ts";

export type ReloadResult = "success" | "failure";

export type Metrics = {
  /** The same object for the same name, so that counters survive a reload. */
  gateway(name: string): GatewayMetrics;
  /** There is no gateway of that name any more, and no series of it. */
  forgetGateway(name: string): void;
  readonly pinholeOpenSeconds: Seconds;
  readonly transferSeconds: Seconds;
  readonly serverConnectSeconds: Seconds;
  readonly controlLatencySeconds: Seconds;
  readonly configReloads: Readonly<Record<ReloadResult, CounterCell>>;
  /** `update` is called each time before they are read, those that were added last first. */
  beforeReading(update: () => void): void;
  /** The exposition, in the format of `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
};

// A pinhole of the relay opens in some 100 µs, one of the kernel plane in some 20 µs.
const openBuckets = [
  0.00002, 0.00004, 0.00006, 0.00008, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1,
];
const roundTripBuckets = [0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const transferBuckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];

/** `version` is the label of `build_info`. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const cells = createMetricCells(registry);
  const updates = [collectProcessMetrics(registry), cells.update];
  const createGatewayMetrics = defineGatewayMetrics(registry, cells);
  const gateways = new Map<string, GatewayMetrics>();
  const reloads = cells.counter("config_reloads_total", "Reloads of the configuration.", ["result"]);
  const buildInfo = { name: `${prefix}build_info`, help: "Always 1; the version is the label." };
  new Gauge({ ...buildInfo, labelNames: ["version"], registers: [registry] }).set({ version }, 1);
  return {
    gateway(name) {
      let metrics = gateways.get(name);
      if (!metrics) gateways.set(name, (metrics = createGatewayMetrics(name)));
      return metrics;
    },
    forgetGateway(name) {
      gateways.delete(name);
      cells.forget(name);
    },
    pinholeOpenSeconds: cells.seconds(
      "pinhole_open_seconds",
      "From the request of a pinhole until it is open.",
      openBuckets,
    ),
    transferSeconds: cells.seconds(
      "transfer_seconds",
      "Duration of data connections that carried bytes.",
      transferBuckets,
    ),
    serverConnectSeconds: cells.seconds("server_connect_seconds", "Time to connect to the server.", roundTripBuckets),
    controlLatencySeconds: cells.seconds(
      "control_latency_seconds",
      "From a command written to the server until its answer begins.",
      roundTripBuckets,
    ),
    configReloads: { success: reloads({ result: "success" }), failure: reloads({ result: "failure" }) },
    beforeReading: (update) => void updates.unshift(update),
    text() {
      for (const update of updates) update();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
