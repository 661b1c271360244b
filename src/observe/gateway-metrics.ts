// Gateway metrics: what one gateway counts, by label values from closed sets only, never an address, a user or a path. What has few label
// values is exported as 0 from the start, so that rates work from the first event on.
import { Gauge, type Registry } from "prom-client";
import { planeNames, sides, type PinholeOutcome, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import { metricVerb } from "../ftp/command.ts";
import { quirks, type Quirk } from "../ftp/quirks.ts";
import { hopCauses, hops, type Cause, type Hop } from "../session/diagnosis.ts";
import type { Direction, TransferOutcome } from "../session/facts.ts";
import { modes, type Mode } from "../session/mode.ts";
import { endReasons, refusalReasons, type EndReason, type RefusalReason } from "../session/reasons.ts";
import { prefix, type CounterCell, type GaugeCell, type MetricCells } from "./metric-cells.ts";

/** An oddity that is tolerated: of the language, or of the machine (control port − 1 could not be had as source port). */
export type CountedQuirk = Quirk | "other-source-port";
export const replyClasses = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"] as const;
export type ReplyClass = (typeof replyClasses)[number];
const pinholeFateNames = ["used", "expired", "released"] as const;
export type PinholeFate = (typeof pinholeFateNames)[number];
/** Why a connection could not be accepted. */
export const acceptFailureCauses = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "other"] as const;
export type AcceptFailureCause = (typeof acceptFailureCauses)[number];
const portStates = ["free", "open", "resting"] as const;
export type PortCounts = Readonly<Record<(typeof portStates)[number], number>>;

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

/** What one gateway counts. Cells are looked up, not made, per event. */
export type GatewayMetrics = {
  readonly sessionsActive: GaugeCell;
  readonly sessions: Readonly<Record<EndReason, CounterCell>>;
  command(verb: string): CounterCell;
  readonly replies: Readonly<Record<ReplyClass, CounterCell>>;
  readonly translations: Readonly<Record<Mode, Readonly<Record<Mode, CounterCell>>>>;
  readonly refusals: Readonly<Record<RefusalReason, CounterCell>>;
  /** What a session failed at. */
  failures(hop: Hop, cause: Cause): CounterCell;
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
  readonly acceptFailures: Readonly<Record<AcceptFailureCause, CounterCell>>;
  /** Asked at every scrape. Returns what ends that. */
  bans(count: () => number): () => void;
  /** Likewise. */
  dataPorts(side: Side, counts: () => PortCounts): () => void;
};

export type TransferLabels = {
  readonly direction: Direction;
  readonly clientMode: Mode;
  readonly serverMode: Mode;
  readonly plane: PlaneName;
  readonly outcome: TransferOutcome;
};

/** Defines the metrics on `registry`, whose cells `cells` are; what it returns makes the cells of one gateway. */
export function defineGatewayMetrics(registry: Registry, cells: MetricCells): (gateway: string) => GatewayMetrics {
  const metrics = gatewayFamilies(cells);
  const dataPorts = defineDataPorts(registry);
  const bans = defineBans(registry);
  return (gateway) => {
    const pinholes = record(sides, (side) => ({
      refused: metrics.pinholes({ gateway, side, plane: "none", outcome: "refused" }),
      ended: record(planeNames, (plane) =>
        record(pinholeFateNames, (outcome) => metrics.pinholes({ gateway, side, plane, outcome })),
      ),
    }));
    const transferCell = remembered((key: string) => {
      const [direction = "", client_mode = "", server_mode = "", plane = "", outcome = ""] = key.split(" ");
      return metrics.transfers({ gateway, direction, client_mode, server_mode, plane, outcome });
    });
    const failureCell = remembered((key: string) => {
      const [hop = "", cause = ""] = key.split(" ");
      return metrics.failures({ gateway, hop, cause });
    });
    for (const hop of hops) for (const cause of hopCauses[hop]) failureCell(`${hop} ${cause}`);
    const commandCell = remembered((command: string) => metrics.commands({ gateway, command }));
    return {
      sessionsActive: metrics.sessionsActive({ gateway }),
      sessions: record(endReasons, (end) => metrics.sessions({ gateway, end })),
      command: (verb) => commandCell(metricVerb(verb)),
      replies: record(replyClasses, (name) => metrics.replies({ gateway, class: name })),
      translations: record(modes, (from) => record(modes, (to) => metrics.translations({ gateway, from, to }))),
      refusals: record(refusalReasons, (reason) => metrics.refusals({ gateway, reason })),
      failures: (hop, cause) => failureCell(`${hop} ${cause}`),
      quirks: record([...quirks, "other-source-port"] as const, (quirk) => metrics.quirks({ gateway, quirk })),
      strangers: record(sides, (side) => metrics.strangers({ gateway, side })),
      pinholesActive: record(sides, (side) =>
        record(planeNames, (plane) => metrics.pinholesActive({ gateway, side, plane })),
      ),
      pinholeRefused: (side) => pinholes[side].refused.inc(),
      pinholeEnded: (side, plane, outcome) => pinholes[side].ended[plane][outcome].inc(),
      transfersActive: record(planeNames, (plane) => metrics.transfersActive({ gateway, plane })),
      transferEnded: ({ direction, clientMode, serverMode, plane, outcome }) =>
        transferCell(`${direction} ${clientMode} ${serverMode} ${plane} ${outcome}`).inc(),
      transferBytes: record(["upload", "download"] as const, (direction) =>
        record(planeNames, (plane) => metrics.transferBytes({ gateway, direction, plane })),
      ),
      acceptFailures: record(acceptFailureCauses, (cause) => metrics.acceptFailures({ gateway, cause })),
      bans: (count) => bans(gateway, count),
      dataPorts: (side, counts) => dataPorts({ gateway, side, counts }),
    };
  };
}

function gatewayFamilies({ counter, gauge }: MetricCells) {
  return {
    sessionsActive: gauge("sessions_active", "Sessions that are open.", ["gateway"]),
    sessions: counter("sessions_total", "Sessions that have ended, by reason.", ["gateway", "end"]),
    commands: counter("commands_total", "Commands read from clients.", ["gateway", "command"]),
    replies: counter("replies_total", "Replies given to clients, by class.", ["gateway", "class"]),
    translations: counter(
      "translations_total",
      "Data connections negotiated: the client's mode, and the mode used with the server.",
      ["gateway", "from", "to"],
    ),
    pinholesActive: gauge("pinholes_active", "Pinholes that are open.", ["gateway", "side", "plane"]),
    pinholes: counter("pinholes_total", "Pinholes that have ended, and how.", ["gateway", "side", "plane", "outcome"]),
    strangers: counter("pinhole_strangers_total", "Connections to a pinhole from a peer that was not expected.", [
      "gateway",
      "side",
    ]),
    transfersActive: gauge("transfers_active", "Data connections that carry bytes.", ["gateway", "plane"]),
    transfers: counter("transfers_total", "Transfers that have ended, and how.", [
      ...(["gateway", "direction", "client_mode", "server_mode", "plane", "outcome"] as const),
    ]),
    transferBytes: counter("transfer_bytes_total", "Bytes carried on data connections.", [
      ...(["gateway", "direction", "plane"] as const),
    ]),
    refusals: counter("refusals_total", "What the gateway answered no to, by reason.", ["gateway", "reason"]),
    failures: counter("failures_total", "Sessions that have failed, by the hop that failed and why.", [
      ...(["gateway", "hop", "cause"] as const),
    ]),
    acceptFailures: counter("accept_failures_total", "Connections that could not be accepted, by cause.", [
      ...(["gateway", "cause"] as const),
    ]),
    quirks: counter("quirks_total", "Oddities of peers that were tolerated.", ["gateway", "quirk"]),
  };
}

type DataPorts = { readonly gateway: string; readonly side: Side; readonly counts: () => PortCounts };

/** A gauge that asks at every scrape. What it returns adds a range of ports, and returns what takes it away. */
function defineDataPorts(registry: Registry): (ports: DataPorts) => () => void {
  const ranges = new Map<string, DataPorts>();
  const metric = new Gauge({
    name: `${prefix}data_ports`,
    help: "Data ports of the configured range, by state.",
    labelNames: ["gateway", "side", "state"],
    registers: [],
    collect() {
      this.reset();
      for (const { gateway, side, counts } of ranges.values()) {
        const now = counts();
        for (const state of portStates) this.set({ gateway, side, state }, now[state]);
      }
    },
  });
  registry.registerMetric(metric);
  return (ports) => {
    const key = `${ports.side} ${ports.gateway}`;
    ranges.set(key, ports);
    // After a reload the entry is the successor's.
    return () => void (ranges.get(key) === ports && ranges.delete(key));
  };
}

/** A gauge that asks at every scrape. What it returns adds a gateway, and returns what takes it away. */
function defineBans(registry: Registry): (gateway: string, count: () => number) => () => void {
  const gateways = new Map<string, () => number>();
  const metric = new Gauge({
    name: `${prefix}bans_active`,
    help: "Clients that are banned after failed logins.",
    labelNames: ["gateway"],
    registers: [],
    collect() {
      this.reset();
      for (const [gateway, count] of gateways) this.set({ gateway }, count());
    },
  });
  registry.registerMetric(metric);
  return (gateway, count) => {
    gateways.set(gateway, count);
    // After a reload the entry is the successor's.
    return () => void (gateways.get(gateway) === count && gateways.delete(gateway));
  };
}

/** The word of the closed set for the system's. */
export function acceptFailureCause(cause: string): AcceptFailureCause {
  return acceptFailureCauses.find((known) => known === cause) ?? "other";
}

/** `make`, called once for each key. */
function remembered<V>(make: (key: string) => V): (key: string) => V {
  const made = new Map<string, V>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key)));
    return value;
  };
}

function record<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
