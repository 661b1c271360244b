// A gateway's life in which everything happens once, and a reader of the Prometheus text format.
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createTelemetry, type Telemetry } from "../../src/observe/telemetry.ts";
import { transferOutcomes, type TransferEnded } from "../../src/session/facts.ts";

export const client = { address: "192.168.1.100", port: 51_020 };
export const listener = { address: "2001:db8::1", port: 21 };
export const server = { address: "10.0.0.5", port: 21 };

export function transferEnded(change: Partial<TransferEnded> = {}): TransferEnded {
  return {
    kind: "transfer-ended",
    verb: "RETR",
    direction: "download",
    clientMode: "PASV",
    serverMode: "EPSV",
    plane: "relay",
    outcome: "complete",
    bytesUp: 0,
    bytesDown: 1000,
    durationMs: 250,
    ...change,
  };
}

/** Every fact and every call, with secrets and addresses wherever text may stand. */
export function playAll(telemetry: Telemetry): void {
  const gateway = telemetry.gateway("public");
  gateway.listening(listener);
  gateway.dataPorts("client", () => ({ free: 998, open: 1, resting: 1 }));
  gateway.acceptFailed("EMFILE");
  gateway.sessionRefused(client, "too-many-sessions");
  const session = gateway.sessionStarted("k3f9", client, listener);
  session.serverConnected(0.002);
  session.record({ kind: "server-connected", peer: server, local: { address: "10.0.0.1", port: 40_001 } });
  for (const verb of ["USER", "PASS", "HUNTER2", "192.168.1.100"]) session.record({ kind: "command", verb });
  for (const code of [150, 230, 331, 425, 530, 631]) session.record({ kind: "reply", code });
  session.record({ kind: "logged-in", user: "anna@10.0.0.5" });
  session.record({ kind: "quirk", quirk: "bare-lf" });
  session.record({ kind: "refusal", reason: "foreign-address", detail: "PORT names 203.0.113.9" });
  session.record({ kind: "server-rejects", mode: "EPSV", code: 500 });
  session.record({ kind: "translated", from: "PASV", to: "EPSV" });
  session.controlLatency(0.0001);
  session.pinholeRefused(["client"], "ports-exhausted", "50000-50999");
  session.pinholeOpened(["client"], "relay", 0.0003, { address: "203.0.113.7", port: 50_010 }, undefined);
  session.stranger("client", { address: "203.0.113.99", port: 6666 });
  session.otherSourcePort("client", 20, "EACCES");
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.pinholeClosed(["client"], "relay", "complete");
  session.record(transferEnded());
  for (const outcome of transferOutcomes) session.record(transferEnded({ outcome, detail: "to 10.0.0.5:40215" }));
  session.record({ kind: "ended", reason: "quit", detail: "" });
  telemetry.configReloaded("success", "");
  telemetry.configReloaded("failure", "gateways: nothing");
}

/** The exposition after all that; the gateway still runs. */
export function playEverything(): Promise<string> {
  const metrics = createMetrics("1.2.3");
  playAll(createTelemetry({ metrics, logger: createLogger({ level: "trace", format: "json" }, () => {}) }));
  return metrics.text();
}

/** `metric` is the name without a histogram's `_bucket`, `_sum`, `_count`. */
export type Sample = { metric: string; labels: Record<string, string>; value: number };

export function readExposition(text: string): { types: Map<string, string>; samples: Sample[] } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) types.set(type[1]!, type[2]!);
    const sample = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample) continue;
    const family = sample[1]!.replace(/_(?:bucket|sum|count)$/, "");
    const labels = [...(sample[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1], match[2]]);
    samples.push({
      metric: types.get(family) === "histogram" ? family : sample[1]!,
      labels: Object.fromEntries(labels),
      value: Number(sample[3]),
    });
  }
  return { types, samples };
}
