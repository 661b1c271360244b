// A gateway's life in which everything happens once, and a reader of the Prometheus text format.
import type { PinholeEvent, PinholeOutcome } from "../../src/dataplane/pinhole.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { SessionObserver, SessionSource } from "../../src/observe/session-observer.ts";
import { createTelemetry, type GatewayTelemetry, type Telemetry } from "../../src/observe/telemetry.ts";
import type { LegPlan } from "../../src/session/events.ts";
import { transferOutcomes, type Fact, type TransferEnded } from "../../src/session/facts.ts";

export const client = { address: "192.168.1.100", port: 51_020 };
export const listener = { address: "2001:db8::1", port: 21 };
export const server = { address: "10.0.0.5", port: 21 };

export function transferEnded(change: Partial<TransferEnded> = {}): TransferEnded {
  return {
    kind: "transfer-ended",
    id: 1,
    verb: "RETR",
    direction: "download",
    clientMode: "PASV",
    serverMode: "EPSV",
    plane: "relay",
    outcome: "complete",
    bytesUp: 0,
    bytesDown: 1000,
    durationMs: 250,
    joined: true,
    ...change,
  };
}

/** A session whose steps are told by `record` (facts), `pinhole` (events of the first one) and `step`. */
export type TestSession = SessionObserver & {
  record(...facts: readonly Fact[]): void;
  open(client: LegPlan, server: LegPlan, id?: number): void;
  pinhole(event: PinholeEvent, id?: number): void;
};

export const listen: LegPlan = { kind: "listen", peer: "192.168.1.100" };
export const dial: LegPlan = { kind: "dial", to: { address: "192.168.1.100", port: 2581 } };
const noSource: SessionSource = {
  counts: () => undefined,
  failed(error) {
    throw error;
  },
};

export function startSession(gateway: GatewayTelemetry, source = noSource, id = "k3f9"): TestSession {
  const observer = gateway.sessionStarted(id, client, listener, source);
  return {
    ...observer,
    record: (...facts) =>
      observer.step(
        undefined,
        facts.map((fact) => ({ kind: "record", fact })),
      ),
    open: (ofClient, ofServer, number = 1) =>
      observer.step(undefined, [{ kind: "open", id: number, client: ofClient, server: ofServer }]),
    pinhole: (event, number = 1) => observer.step({ kind: "pinhole", id: number, event }, []),
  };
}

export function closed(
  outcome: PinholeOutcome,
  change: { readonly bytesUp?: number; readonly bytesDown?: number; readonly durationMs?: number } = {},
): PinholeEvent {
  return { kind: "closed", outcome, bytesUp: 0, bytesDown: 0, durationMs: 0, ...change };
}

/** Every fact, event and call, with secrets and addresses wherever text may stand. */
export function playAll(telemetry: Telemetry): void {
  const gateway = telemetry.gateway("public");
  gateway.listening(listener);
  gateway.dataPorts("client", () => ({ free: 998, open: 1, resting: 1 }));
  gateway.dataPlane(() => {});
  gateway.bans(() => 1);
  gateway.certificates(() => [{ certificate: "fullchain.pem", seconds: 864_000 }]);
  gateway.servers(() => [{ name: "files.example.net:21", isUp: true, sessions: 3 }]);
  const pooled = { name: "files.example.net:21" };
  gateway.serverConnected(pooled, "unreachable", { change: "down", detail: "10.0.0.5:21 timed out" });
  gateway.serverConnected(pooled, "connected", { change: "up", detail: "" });
  gateway.serverChecked(pooled, false, { change: "down", detail: "10.0.0.5: no greeting within 5 s" });
  gateway.serverChecked(pooled, true, { change: "up", detail: "" });
  gateway.sessionsLimit(() => 10_000);
  gateway.acceptFailed("EMFILE");
  gateway.sessionRefused(client, "too-many-sessions");
  const session = startSession(gateway);
  const local = { address: "10.0.0.1", port: 40_001 };
  session.step(undefined, [{ kind: "connect", candidates: [server] }]);
  session.step({ kind: "connected", peer: server, local, advertise: local.address, rejects: [] }, []);
  session.record({ kind: "server-connected", peer: server, local });
  for (const verb of ["USER", "PASS", "HUNTER2", "192.168.1.100"]) session.record({ kind: "command", verb });
  for (const code of [150, 230, 331, 425, 530, 631]) session.record({ kind: "reply", code });
  const secured = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: true, durationMs: 3 } as const;
  session.record({ kind: "tls-started", side: "server", connection: "control", ...secured, name: "ftp.example.com" });
  session.record({ kind: "tls-started", side: "client", connection: "data", ...secured, peer: "CN=anna" });
  session.record({ kind: "tls-failed", side: "client", connection: "control", cause: "not-tls", detail: "10.0.0.5" });
  session.record({ kind: "tls-ended", side: "client" });
  session.record({ kind: "opaque" });
  session.record({ kind: "opaque-ended" });
  session.record({ kind: "logged-in", user: "anna@10.0.0.5" });
  session.record({ kind: "login-failed", user: "anna@10.0.0.5", code: 530 });
  session.record({ kind: "quirk", quirk: "bare-lf" });
  session.record({ kind: "refusal", reason: "foreign-address", detail: "PORT names 203.0.113.9" });
  session.record({ kind: "server-rejects", mode: "EPSV", code: 500 });
  session.record({ kind: "translated", from: "PASV", to: "EPSV" });
  session.step({ kind: "client-line", text: "PASV", quirks: [] }, [{ kind: "to-server", bytes: "EPSV\r\n" }]);
  session.step({ kind: "server-line", text: "229 Entering", raw: "229 Entering\r\n" }, []);
  session.open(listen, dial, 1);
  session.pinhole({ kind: "refused", reason: "ports-exhausted", detail: "50000-50999" }, 1);
  session.open(listen, dial, 2);
  session.pinhole({ kind: "opened", plane: "relay", client: { address: "203.0.113.7", port: 50_010 } }, 2);
  session.pinhole({ kind: "stranger", side: "client", from: { address: "203.0.113.99", port: 6666 } }, 2);
  session.pinhole({ kind: "other-source-port", side: "client", wanted: 20, detail: "EACCES" }, 2);
  session.pinhole({ kind: "admitted", side: "client", from: client }, 2);
  session.pinhole({ kind: "joined" }, 2);
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.pinhole({ kind: "delivered" }, 2);
  session.pinhole(closed("complete", { bytesDown: 1000, durationMs: 250 }), 2);
  session.record(transferEnded());
  for (const outcome of transferOutcomes) session.record(transferEnded({ outcome, detail: "to 10.0.0.5:40215" }));
  session.record({ kind: "ended", reason: "quit", detail: "" });
  session.relayed(0.000_03);
  session.flush();
  telemetry.configReloaded("success", "");
  telemetry.configReloaded("failure", "gateways: nothing");
}

/** The exposition after all that; the gateway still runs. */
export function playEverything(): Promise<string> {
  const metrics = createMetrics("1.2.3");
  metrics.shared(() => true);
  metrics.driver("node");
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
