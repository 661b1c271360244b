// Every metric of the gateway by its name, on a registry of our own. Label values come from closed sets
// only: never an address, a user or a path. What has few label values is exported as 0 from the start, so that rates work
// from the first event on. telemetry.ts decides what counts where.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { planeNames, sides, type PinholeOutcome, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import { metricVerb } from "../ftp/command.ts";
import { quirks, type Quirk } from "../ftp/quirks.ts";
import type { Direction, TransferOutcome } from "../session/facts.ts";
import { modes, type Mode } from "../session/mode.ts";
import { endReasons, refusalReasons, type EndReason, type RefusalReason } from "../session/reasons.ts";
import { collectProcessMetrics } from "./process-metrics.ts";

/** An oddity that is tolerated: of the language, or of the machine (control port − 1 could not be had as source port). */
export type CountedQuirk = Quirk | "other-source-port";
export const replyClasses = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"] as const;
export type ReplyClass = (typeof replyClasses)[number];
export type PinholeFate = "used" | "expired" | "released";
export type ReloadResult = "success" | "failure";
export type PortCounts = { readonly free: number; readonly open: number; readonly resting: number };

const portStates = keysOf<keyof PortCounts>({ free: true, open: true, resting: true });

/** Whether a closed pinhole was used by the peer it was opened for, whatever became of the transfer. */
export const pinholeFates: Readonly<Record<PinholeOutcome, PinholeFate>> = {
  complete: "used",
  "client-reset": "used",
  "server-reset": "used",
  stalled: "used",
  // The other leg is dialled only once the listening one has admitted its peer.
  "client-unreachable": "used",
  "server-unreachable": "used",
  // Released while it carried data.
  aborted: "used",
  expired: "expired",
  released: "released",
};

/**
 * Counted here, and handed over when the metrics are read: the library looks a label set up at every event. Durations are handed
 * over as well when many wait.
 */
export type CounterCell = { inc(by?: number): void };
export type GaugeCell = { inc(): void; dec(by?: number): void };

/** What one gateway counts. Cells are looked up, not made, per event. */
export type GatewayMetrics = {
  readonly sessionsActive: GaugeCell;
  readonly sessions: Readonly<Record<EndReason, CounterCell>>;
  command(verb: string): CounterCell;
  readonly replies: Readonly<Record<ReplyClass, CounterCell>>;
  readonly translations: Readonly<Record<Mode, Readonly<Record<Mode, CounterCell>>>>;
  readonly refusals: Readonly<Record<RefusalReason, CounterCell>>;
  readonly quirks: Readonly<Record<CountedQuirk, CounterCell>>;
  readonly strangers: Readonly<Record<Side, CounterCell>>;
  readonly pinholesActive: Readonly<Record<Side, Readonly<Record<PlaneName, GaugeCell>>>>;
  /** No plane carries it. */
  pinholeRefused(side: Side): void;
  pinholeEnded(side: Side, plane: PlaneName, outcome: PinholeFate): void;
  readonly transfersActive: Readonly<Record<PlaneName, GaugeCell>>;
  transferEnded(transfer: TransferLabels): void;
  /** By the direction in which the bytes flowed. */
  readonly transferBytes: Readonly<Record<"upload" | "download", Readonly<Record<PlaneName, CounterCell>>>>;
  /** Asked at every scrape. Returns what ends that. */
  dataPorts(side: Side, counts: () => PortCounts): () => void;
};

export type TransferLabels = {
  readonly direction: Direction;
  readonly clientMode: Mode;
  readonly serverMode: Mode;
  readonly plane: PlaneName;
  readonly outcome: TransferOutcome;
};

export type Seconds = { observe(seconds: number): void };

export type Metrics = {
  /** The same object for the same name, so that counters survive a reload. */
  gateway(name: string): GatewayMetrics;
  readonly pinholeOpenSeconds: Seconds;
  readonly transferSeconds: Seconds;
  readonly serverConnectSeconds: Seconds;
  readonly controlLatencySeconds: Seconds;
  readonly configReloads: Readonly<Record<ReloadResult, CounterCell>>;
  /** `update` is called each time before they are read. */
  beforeReading(update: () => void): void;
  /** The exposition, in the format of `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
};

const prefix = "ftp_alg_";
// A pinhole of the relay opens in some 100 µs, one of the kernel plane in some 20 µs.
const openBuckets = [
  0.00002, 0.00004, 0.00006, 0.00008, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1,
];
const roundTripBuckets = [0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const transferBuckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];

/** Durations that wait to be handed over, per histogram. */
const batchSize = 256;

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];

  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: prefix + name, help, labelNames, registers });
  /** Each brings one label set up to date. */
  const updates: (() => void)[] = [collectProcessMetrics(registry)];
  const histogram = (name: string, help: string, buckets: number[]): Seconds => {
    const metric = new Histogram({ name: prefix + name, help, buckets, registers });
    const seen = new Float64Array(batchSize);
    let count = 0;
    const handOver = (): void => {
      const pending = count;
      count = 0;
      for (let at = 0; at < pending; at++) metric.observe(seen[at]!);
    };
    updates.push(handOver);
    return {
      observe(seconds) {
        seen[count++] = seconds;
        if (count === batchSize) handOver();
      },
    };
  };
  const counterCell = <L extends string>(metric: Counter<L>, labels: Record<L, string>): CounterCell => {
    let count = 0;
    updates.push(() => {
      metric.inc(labels, count);
      count = 0;
    });
    return { inc: (by = 1) => void (count += by) };
  };
  const gaugeCell = <L extends string>(metric: Gauge<L>, labels: Record<L, string>): GaugeCell => {
    let value = 0;
    updates.push(() => metric.set(labels, value));
    return { inc: () => void (value += 1), dec: (by = 1) => void (value -= by) };
  };
  const sessionsActive = gauge("sessions_active", "Sessions that are open.", ["gateway"]);
  const sessions = counter("sessions_total", "Sessions that have ended, by reason.", ["gateway", "end"]);
  const commands = counter("commands_total", "Commands read from clients.", ["gateway", "command"]);
  const replies = counter("replies_total", "Replies given to clients, by class.", ["gateway", "class"]);
  const translations = counter(
    "translations_total",
    "Data connections negotiated: the client's mode, and the mode used with the server.",
    ["gateway", "from", "to"],
  );
  const pinholesActive = gauge("pinholes_active", "Pinholes that are open.", ["gateway", "side", "plane"]);
  const pinholes = counter("pinholes_total", "Pinholes that have ended, and how.", [
    "gateway",
    "side",
    "plane",
    "outcome",
  ]);
  const strangers = counter("pinhole_strangers_total", "Connections to a pinhole from a peer that was not expected.", [
    "gateway",
    "side",
  ]);
  const transfersActive = gauge("transfers_active", "Data connections that carry bytes.", ["gateway", "plane"]);
  const transfers = counter("transfers_total", "Transfers that have ended, and how.", [
    "gateway",
    "direction",
    "client_mode",
    "server_mode",
    "plane",
    "outcome",
  ]);
  const transferBytes = counter("transfer_bytes_total", "Bytes carried on data connections.", [
    "gateway",
    "direction",
    "plane",
  ]);
  const refusals = counter("refusals_total", "What the gateway answered no to, by reason.", ["gateway", "reason"]);
  const quirksTotal = counter("quirks_total", "Oddities of peers that were tolerated.", ["gateway", "quirk"]);
  const reloads = counter("config_reloads_total", "Reloads of the configuration.", ["result"]);
  gauge("build_info", "Always 1; the version is the label.", ["version"]).set({ version }, 1);

  const portCounts = new Map<
    string,
    { readonly gateway: string; readonly side: Side; readonly counts: () => PortCounts }
  >();
  const dataPorts = new Gauge({
    name: `${prefix}data_ports`,
    help: "Data ports of the configured range, by state.",
    labelNames: ["gateway", "side", "state"],
    registers: [],
    collect() {
      this.reset();
      for (const { gateway, side, counts } of portCounts.values()) {
        const now = counts();
        for (const state of portStates) this.set({ gateway, side, state }, now[state]);
      }
    },
  });
  registry.registerMetric(dataPorts);

  const createGatewayMetrics = (gateway: string): GatewayMetrics => {
    const commandCells = new Map<string, CounterCell>();
    const transferCells = new Map<string, CounterCell>();
    const pinholeCells = record(sides, (side) => ({
      none: { refused: counterCell(pinholes, { gateway, side, plane: "none", outcome: "refused" }) },
      ...record(planeNames, (plane) =>
        record(["used", "expired", "released"] as const, (outcome) =>
          counterCell(pinholes, { gateway, side, plane, outcome }),
        ),
      ),
    }));
    return {
      sessionsActive: gaugeCell(sessionsActive, { gateway }),
      sessions: record(endReasons, (end) => counterCell(sessions, { gateway, end })),
      command(verb) {
        const command = metricVerb(verb);
        return cellOf(commandCells, command, () => counterCell(commands, { gateway, command }));
      },
      replies: record(replyClasses, (name) => counterCell(replies, { gateway, class: name })),
      translations: record(modes, (from) => record(modes, (to) => counterCell(translations, { gateway, from, to }))),
      refusals: record(refusalReasons, (reason) => counterCell(refusals, { gateway, reason })),
      quirks: record([...quirks, "other-source-port"] as const, (quirk) =>
        counterCell(quirksTotal, { gateway, quirk }),
      ),
      strangers: record(sides, (side) => counterCell(strangers, { gateway, side })),
      pinholesActive: record(sides, (side) =>
        record(planeNames, (plane) => gaugeCell(pinholesActive, { gateway, side, plane })),
      ),
      pinholeRefused: (side) => pinholeCells[side].none.refused.inc(),
      pinholeEnded: (side, plane, outcome) => pinholeCells[side][plane][outcome].inc(),
      transfersActive: record(planeNames, (plane) => gaugeCell(transfersActive, { gateway, plane })),
      transferEnded({ direction, clientMode, serverMode, plane, outcome }) {
        const labels = { gateway, direction, client_mode: clientMode, server_mode: serverMode, plane, outcome };
        const key = `${direction} ${clientMode} ${serverMode} ${plane} ${outcome}`;
        cellOf(transferCells, key, () => counterCell(transfers, labels)).inc();
      },
      transferBytes: record(["upload", "download"] as const, (direction) =>
        record(planeNames, (plane) => counterCell(transferBytes, { gateway, direction, plane })),
      ),
      dataPorts(side, counts) {
        const key = `${side} ${gateway}`;
        const entry = { gateway, side, counts };
        portCounts.set(key, entry);
        // After a reload the entry is the successor's.
        return () => void (portCounts.get(key) === entry && portCounts.delete(key));
      },
    };
  };

  const gateways = new Map<string, GatewayMetrics>();
  return {
    gateway(name) {
      let metrics = gateways.get(name);
      if (!metrics) gateways.set(name, (metrics = createGatewayMetrics(name)));
      return metrics;
    },
    pinholeOpenSeconds: histogram(
      "pinhole_open_seconds",
      "From the request of a pinhole until it is open.",
      openBuckets,
    ),
    transferSeconds: histogram("transfer_seconds", "Duration of data connections that carried bytes.", transferBuckets),
    serverConnectSeconds: histogram("server_connect_seconds", "Time to connect to the server.", roundTripBuckets),
    controlLatencySeconds: histogram(
      "control_latency_seconds",
      "From a command written to the server until its answer begins.",
      roundTripBuckets,
    ),
    configReloads: record(["success", "failure"] as const, (result) => counterCell(reloads, { result })),
    beforeReading: (update) => void updates.unshift(update),
    text() {
      for (const update of updates) update();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function cellOf(cells: Map<string, CounterCell>, key: string, make: () => CounterCell): CounterCell {
  let cell = cells.get(key);
  if (!cell) cells.set(key, (cell = make()));
  return cell;
}

function record<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}

/** The members of a union; the compiler sees to it that none is missing. */
function keysOf<K extends string>(members: Record<K, true>): readonly K[] {
  return Object.keys(members) as K[];
}
