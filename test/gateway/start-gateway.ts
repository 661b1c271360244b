// A gateway on loopback for a test, with what it told operators and every session's transcript.
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import type { SharedCounts } from "../../src/gateway/entrance/shared-counts.ts";
import type { GatewayOptions } from "../../src/gateway/options.ts";
import type { NameResolverOptions } from "../../src/gateway/servers/name-resolver.ts";
import { createSharedResources } from "../../src/gateway/shared-resources.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { createTelemetry, type GatewayTelemetry } from "../../src/observe/telemetry.ts";
import { testedSockets } from "../sockets/tested-sockets.ts";
import type { SessionEvent } from "../../src/session/events.ts";

export type Overrides = {
  readonly [K in keyof GatewayOptions]?: GatewayOptions[K] extends object
    ? GatewayOptions[K] extends readonly unknown[]
      ? GatewayOptions[K]
      : Partial<GatewayOptions[K]>
    : GatewayOptions[K];
};

export type TestGateway = {
  readonly gateway: Gateway;
  readonly port: number;
  readonly log: Record<string, unknown>[];
  /** Each line behind its session's id. Up to date once the metrics have been read. */
  readonly transcript: string[];
  readonly metrics: Metrics;
  /** The value of one sample, e.g. `refusals_total{gateway="test",reason="tls"}`; 0 if there is none. */
  sample(name: string): Promise<number>;
  stop(): Promise<void>;
};

/** `seen` is told every event in the moment in which a session takes it. `naming`: where names are resolved. `counts`: what other processes count too. */
export async function startGateway(
  serverPort: number,
  overrides: Overrides = {},
  plane: DataPlane = createRelayPlane({ loop: testedSockets.loop }),
  seen: (event: SessionEvent) => void = () => {},
  naming: NameResolverOptions = {},
  counts?: SharedCounts,
): Promise<TestGateway> {
  const log: Record<string, unknown>[] = [];
  const transcript: string[] = [];
  const metrics = createMetrics("0");
  const logger = createLogger({ level: "trace", format: "json" }, (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (line["level"] === "trace") transcript.push(`${String(line["session"])} ${String(line["msg"])}`);
    else log.push(line);
  });
  const telemetry = createTelemetry({ metrics, logger });
  const gateway = createGateway(gatewayOptions(serverPort, overrides), {
    plane,
    shared: createSharedResources({ sockets: testedSockets }, naming, undefined, undefined, () => counts),
    telemetry: watched(telemetry.gateway("test"), seen),
  });
  const [endpoint] = await gateway.start();
  return {
    gateway,
    port: endpoint?.port ?? 0,
    log,
    transcript,
    metrics,
    async sample(name) {
      const text = await metrics.text();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`ftp_alg_${name} `));
      return Number(line?.split(" ").at(-1) ?? 0);
    },
    async stop() {
      await gateway.stop();
      await plane.stop();
    },
  };
}

function watched(telemetry: GatewayTelemetry, seen: (event: SessionEvent) => void): GatewayTelemetry {
  return {
    ...telemetry,
    sessionStarted(id, client, listener, source) {
      const observer = telemetry.sessionStarted(id, client, listener, source);
      return {
        ...observer,
        step(event, effects) {
          if (event !== undefined) seen(event);
          observer.step(event, effects);
        },
      };
    },
  };
}

export function gatewayOptions(serverPort: number, overrides: Overrides): GatewayOptions {
  const { route, clientSide, serverSide, tls, policy, policies, limits, timeouts, listen } = overrides;
  return {
    name: "test",
    listen: listen ?? [{ address: "127.0.0.1", port: 0 }],
    route: (route ?? { kind: "fixed", server: { host: "127.0.0.1", port: serverPort } }) as GatewayOptions["route"],
    clientSide: { dataProxyProtocol: false, advertiseTo: [], dataPeer: "same-address", ...clientSide },
    serverSide: { mode: "same", dataPeer: "same-address", ...serverSide },
    policy: {
      foreignAddress: { kind: "use-peer" },
      minDataPort: 1024,
      commands: { deny: [] },
      readOnly: false,
      anonymousOnly: false,
      pinholesBeforeLogin: false,
      tellInnerAddresses: false,
      ...policy,
    },
    policies: policies ?? [],
    ...(tls && { tls }),
    limits: {
      ...{ sessions: 100, sessionsPerClient: 100, commandBytes: 4096, replyLineBytes: 65_536, heldCommands: 64 },
      ...{ badLines: 10, preLogin: 100, pinholesPerClient: 100, bufferedBytes: 262_144 },
      ...{ connectsPerSecond: { rate: 10_000, burst: 0 }, commandsPerSecond: { rate: 1_000_000, burst: 0 } },
      loginFailures: { withinMs: 600_000, most: 100, banMs: 60_000, banMostMs: 3_600_000 },
      ...limits,
    },
    timeouts: {
      ...{ connectMs: 2000, loginMs: 10_000, idleMs: 10_000, pinholeMs: 5000, dataStallMs: 10_000 },
      ...{ lingerMs: 2000, drainMs: 5000, keepaliveMs: 60_000 },
      ...timeouts,
    },
  };
}
