// Gateway metrics: what one gateway counts, by label values from closed sets only, never an address, a user or a path. What has few label
// values is exported as 0 from the start, so that rates work from the first event on.
import type { Registry } from "prom-client";
import { planeNames, sides, type PinholeOutcome, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import { metricVerb } from "../ftp/command.ts";
import { quirks, type Quirk } from "../ftp/quirks.ts";
import { hopCauses, hops, type Cause, type Hop } from "../session/diagnosis.ts";
import type { Direction, TransferOutcome } from "../session/facts.ts";
import { modes, type Mode } from "../session/mode.ts";
import { endReasons, refusalReasons, type EndReason, type RefusalReason } from "../session/reasons.ts";
import { registerAskedGauge } from "./asked-gauges.ts";
import { prefix, type CounterCell, type GaugeCell, type MetricCells } from "./metric-cells.ts";
import type { Seconds } from "./seconds-histogram.ts";
import { defineServerMetrics, type ServerMetrics } from "./server-metrics.ts";
import { defineTlsMetrics, type TlsMetrics } from "./tls-metrics.ts";

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
  "client-tls-failed": "used",
  "server-tls-failed": "used",
  "tls-truncated": "used",
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
export type GatewayMetrics = TlsMetrics &
  ServerMetrics & {
    readonly sessionsActive: GaugeCell;
    readonly sessions: Readonly<Record<EndReason, CounterCell>>;
    command(verb: string): CounterCell;
    readonly replies: Readonly<Record<ReplyClass, CounterCell>>;
    readonly translations: Readonly<Record<Mode, Readonly<Record<Mode, CounterCell>>>>;
    readonly refusals: Readonly<Record<RefusalReason, CounterCell>>;
    /** TLS between client and server passes through. */
    readonly opaqueSessions: CounterCell;
    /** Of both control connections under it, by the direction in which they flowed. */
    readonly opaqueBytes: Readonly<Record<"upload" | "download", CounterCell>>;
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
    readonly pinholeOpenSeconds: Seconds;
    readonly transferSeconds: Seconds;
    readonly serverConnectSeconds: Seconds;
    readonly controlLatencySeconds: Seconds;
    readonly relayLatencySeconds: Seconds;
    /** Seconds that certificates have left, by file; asked at every scrape, as all below. Returns what ends that. */
    certificates(left: () => readonly { readonly certificate: string; readonly seconds: number }[]): () => void;
    /** Asked at every scrape. Returns what ends that. */
    bans(count: () => number): () => void;
    /** Likewise. */
    sessionsLimit(limit: () => number): () => void;
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
  const durations = durationFamilies(cells);
  const asked = askedFamilies(registry);
  const tls = defineTlsMetrics(cells);
  const servers = defineServerMetrics(registry, cells, prefix);
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
      ...tls(gateway),
      ...servers(gateway),
      sessionsActive: metrics.sessionsActive({ gateway }),
      sessions: record(endReasons, (end) => metrics.sessions({ gateway, end })),
      command: (verb) => commandCell(metricVerb(verb)),
      replies: record(replyClasses, (name) => metrics.replies({ gateway, class: name })),
      translations: record(modes, (from) => record(modes, (to) => metrics.translations({ gateway, from, to }))),
      refusals: record(refusalReasons, (reason) => metrics.refusals({ gateway, reason })),
      opaqueSessions: metrics.opaqueSessions({ gateway }),
      opaqueBytes: record(["upload", "download"] as const, (direction) => metrics.opaqueBytes({ gateway, direction })),
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
      pinholeOpenSeconds: durations.pinholeOpen(gateway),
      transferSeconds: durations.transfer(gateway),
      serverConnectSeconds: durations.serverConnect(gateway),
      controlLatencySeconds: durations.controlLatency(gateway),
      relayLatencySeconds: durations.relayLatency(gateway),
      certificates: (left) =>
        asked.certificates(gateway, () =>
          left().map(({ certificate, seconds }) => ({ labels: { certificate }, value: seconds })),
        ),
      bans: (count) => asked.bans(gateway, () => [{ labels: { gateway }, value: count() }]),
      sessionsLimit: (limit) => asked.sessionsLimit(gateway, () => [{ labels: { gateway }, value: limit() }]),
      dataPorts: (side, counts) =>
        asked.dataPorts(`${side} ${gateway}`, () => {
          const now = counts();
          return portStates.map((state) => ({ labels: { gateway, side, state }, value: now[state] }));
        }),
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
    opaqueSessions: counter("opaque_sessions_total", "How often TLS between client and server began to pass through.", [
      "gateway",
    ]),
    opaqueBytes: counter("opaque_bytes_total", "Bytes of control connections under TLS that passed through.", [
      ...(["gateway", "direction"] as const),
    ]),
    failures: counter("failures_total", "Sessions that have failed, by the hop that failed and why.", [
      ...(["gateway", "hop", "cause"] as const),
    ]),
    acceptFailures: counter("accept_failures_total", "Connections that could not be accepted, by cause.", [
      ...(["gateway", "cause"] as const),
    ]),
    quirks: counter("quirks_total", "Oddities of peers that were tolerated.", ["gateway", "quirk"]),
  };
}

// A line is passed on in some 20 µs; one that a pinhole is opened for takes as long as that.
const relayBuckets = [0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2];
// A pinhole of the relay opens in some 100 µs, one of the kernel plane in some 20 µs.
const openBuckets = [
  0.00002, 0.00004, 0.00006, 0.00008, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1,
];
const roundTripBuckets = [0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const transferBuckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];

function durationFamilies({ seconds }: MetricCells) {
  return {
    pinholeOpen: seconds("pinhole_open_seconds", "From the request of a pinhole until it is open.", openBuckets),
    transfer: seconds("transfer_seconds", "Duration of data connections that carried bytes.", transferBuckets),
    serverConnect: seconds("server_connect_seconds", "Time to connect to the server.", roundTripBuckets),
    controlLatency: seconds(
      "control_latency_seconds",
      "From a command written to the server until its answer begins.",
      roundTripBuckets,
    ),
    relayLatency: seconds(
      "relay_latency_seconds",
      "What the gateway itself adds: from a line read until what comes of it is written.",
      relayBuckets,
    ),
  };
}

function askedFamilies(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    registerAskedGauge(registry, { name: prefix + name, help, labelNames });
  return {
    dataPorts: gauge("data_ports", "Data ports of the configured range, by state.", ["gateway", "side", "state"]),
    bans: gauge("bans_active", "Clients that are banned after failed logins.", ["gateway"]),
    certificates: gauge("certificate_expiry_seconds", "Seconds until a certificate of the gateway's own expires.", [
      "certificate",
    ]),
    sessionsLimit: gauge("sessions_limit", "So many sessions may be open at once.", ["gateway"]),
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
