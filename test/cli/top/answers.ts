// Answers of a gateway as `ftp-alg top` shows them.
import type { Snapshot } from "../../../src/cli/top/snapshot.ts";
import type { GatewayStatusAnswer, SessionAnswer, TransferAnswer } from "../../../src/observe/api/schemas.ts";

export function transfer(more: Partial<TransferAnswer> = {}): TransferAnswer {
  return {
    ...{ id: 1, verb: "RETR", path: "debian-12.iso", direction: "download", state: "running" },
    ...{ durationMs: 1000, bytesUp: 0, bytesDown: 2 ** 20, bytesPerSecond: 2 ** 20, ...more },
  };
}

export function session(id: string, more: Partial<SessionAnswer> = {}): SessionAnswer {
  return {
    ...{ id, gateway: "public", state: "live", client: "192.0.2.1:40000", listener: "203.0.113.7:21", user: "anna" },
    ...{ isLoggedIn: true, startedAt: "2026-01-01T00:00:00Z", durationMs: 1, refusals: 0, transferCount: 0 },
    ...{ bytesUp: 0, bytesDown: 0, running: [], ...more },
  };
}

export const failure = {
  hop: "client-data-in",
  cause: "nobody-came",
  sentence: "Nobody connected to 203.0.113.7:50012, which was announced to the client 192.0.2.1.",
  advice: "Open TCP from 192.0.2.1 to 203.0.113.7:50012 in every firewall in between, and forward it unchanged.",
} as const;

export function gateway(more: Partial<GatewayStatusAnswer> = {}): GatewayStatusAnswer {
  return {
    ...{ name: "public", listeners: ["0.0.0.0:21", "[::]:21"], route: { kind: "fixed", server: "10.0.0.5:21" } },
    ...{
      sessions: 2,
      sessionsLimit: 10_000,
      transfers: 1,
      pinholes: { client: 1, server: 0 },
      bans: 0,
      missingPlanes: [],
    },
    dataPorts: { client: { free: 900, open: 80, resting: 20 } },
    totals: {
      ...{ sessions: { quit: 8 }, transfers: {}, refusals: { "server-unreachable": 1 }, strangers: {} },
      failures: [{ hop: "client-data-in", cause: "nobody-came", count: 3 }],
      ...{ bytesUp: 1000, bytesDown: 5000 },
    },
    ...more,
  };
}

export function snapshot(at: number, more: Partial<Snapshot> = {}, gateways = [gateway()]): Snapshot {
  return {
    at,
    status: {
      ...{ version: "1.2.3", startedAt: "2026-01-01T00:00:00Z", uptimeMs: 3_600_000, state: "running", ready: true },
      ...{ history: { live: 0, ended: 0, failed: 0, bytes: 0 }, gateways },
    },
    live: [],
    failed: [],
    ...more,
  };
}
