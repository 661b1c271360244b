// Server metrics: the servers of a pool, by their configured names, of which there are as many as the configuration has.
import type { Registry } from "prom-client";
import { registerAskedGauge } from "./asked-gauges.ts";
import type { CounterCell, MetricCells } from "./metric-cells.ts";

export type ServerState = { readonly name: string; readonly isUp: boolean; readonly sessions: number };

/** `refused`: in its greeting, or it closed the connection before one. `silent`: no greeting. */
export type ServerConnectOutcome = "connected" | "unreachable" | "refused" | "silent";

export type ServerMetrics = {
  serverConnected(server: string, outcome: ServerConnectOutcome): void;
  serverChecked(server: string, isHealthy: boolean): void;
  /** Servers of other names are counted no more. */
  keepServers(names: readonly string[]): void;
  /** Asked at every scrape. Returns what ends that. */
  servers(states: () => readonly ServerState[]): () => void;
};

/** Defines the metrics; what it returns makes the cells of one gateway. */
export function defineServerMetrics(
  registry: Registry,
  { counter, forgetServer }: MetricCells,
  prefix: string,
): (gateway: string) => ServerMetrics {
  const labelNames = ["gateway", "server"] as const;
  const connects = counter("server_connects_total", "Servers of a pool that were tried, and what came of it.", [
    ...([...labelNames, "outcome"] as const),
  ]);
  const checks = counter("server_checks_total", "Health checks of the servers of a pool.", [
    ...([...labelNames, "outcome"] as const),
  ]);
  const up = registerAskedGauge(registry, {
    ...{ name: `${prefix}server_up`, help: "Whether a server of a pool gets sessions: 1 or 0.", labelNames },
  });
  const sessions = registerAskedGauge(registry, {
    ...{ name: `${prefix}server_sessions`, help: "Sessions with a server of a pool.", labelNames },
  });
  return (gateway) => {
    const cells = new Map<string, Map<string, CounterCell>>();

    function count(server: string, key: string, make: () => CounterCell): void {
      const ofServer = cells.get(server) ?? new Map<string, CounterCell>();
      cells.set(server, ofServer);
      const cell = ofServer.get(key) ?? make();
      ofServer.set(key, cell);
      cell.inc();
    }

    return {
      serverConnected: (server, outcome) => count(server, outcome, () => connects({ gateway, server, outcome })),
      serverChecked(server, isHealthy) {
        const outcome = isHealthy ? "passed" : "failed";
        count(server, outcome, () => checks({ gateway, server, outcome }));
      },
      keepServers(names) {
        for (const server of cells.keys()) {
          if (names.includes(server)) continue;
          cells.delete(server);
          forgetServer(gateway, server);
        }
      },
      servers(states) {
        const valuesOf = (value: (state: ServerState) => number) => () =>
          states().map((state) => ({ labels: { gateway, server: state.name }, value: value(state) }));
        const endings = [
          up(
            gateway,
            valuesOf(({ isUp }) => (isUp ? 1 : 0)),
          ),
          sessions(
            gateway,
            valuesOf((state) => state.sessions),
          ),
        ];
        return () => {
          for (const end of endings) end();
        };
      },
    };
  };
}
