// TLS metrics: handshakes of one gateway, by side, connection and what came of them.
import type { Side } from "../dataplane/pinhole.ts";
import type { TlsCause } from "../net/tls.ts";
import type { TlsConnection } from "../session/facts.ts";
import type { CounterCell, MetricCells } from "./metric-cells.ts";
import type { Seconds } from "./seconds-histogram.ts";

/** `full` and `resumed` have succeeded; else why not. */
export type HandshakeOutcome = "full" | "resumed" | TlsCause;

export type TlsMetrics = {
  handshake(of: TlsConnection, outcome: HandshakeOutcome): void;
  readonly handshakeSeconds: Seconds;
};

// A resumed handshake is one round trip and some 100 µs, a full one some ms of a CPU.
const handshakeBuckets = [0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Defines the metrics; what it returns makes the cells of one gateway. */
export function defineTlsMetrics({ counter, seconds }: MetricCells): (gateway: string) => TlsMetrics {
  const handshakes = counter("tls_handshakes_total", "TLS handshakes of the gateway, and what came of them.", [
    ...(["gateway", "side", "kind", "outcome"] as const),
  ]);
  const durations = seconds(
    "tls_handshake_seconds",
    "Duration of TLS handshakes that have succeeded.",
    handshakeBuckets,
  );
  return (gateway) => {
    const cells = new Map<string, CounterCell>();
    const cell = (side: Side, kind: TlsConnection["connection"], outcome: HandshakeOutcome): CounterCell => {
      const key = `${side} ${kind} ${outcome}`;
      const known = cells.get(key) ?? handshakes({ gateway, side, kind, outcome });
      cells.set(key, known);
      return known;
    };
    return {
      handshake: ({ side, connection }, outcome) => cell(side, connection, outcome).inc(),
      handshakeSeconds: durations(gateway),
    };
  };
}
