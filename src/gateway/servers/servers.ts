// Servers of a gateway: how a host becomes candidates, how these are dialled, and what was learned about them. A session
// asks here and knows neither how many servers there are nor whether dialling goes round again.
import type { Endpoint } from "../../net/endpoint.ts";
import type { Mode } from "../../session/mode.ts";
import type { SessionEvent } from "../../session/events.ts";
import type { Wanted } from "../../session/pool-choice.ts";
import type { GatewayOptions, HostPort } from "../options.ts";
import { dialServer, type Attempt, type DialEvents } from "./dial-server.ts";
import { createHealthWatch, type HealthDeps, type HealthWatch } from "./health-checks.ts";
import { createPooledServers, type PooledServersDeps } from "./pooled-servers.ts";
import type { ServerMemory } from "./server-memory.ts";
import type { PoolState } from "./server-pool.ts";

export type Resolution = Extract<SessionEvent, { readonly kind: "resolved" | "unresolved" | "unresolvable" }>;

export type Servers = {
  /** A host becomes endpoints, within the connect time. `client`: whose session it is. Reports once, after it has returned. */
  resolve(server: HostPort, client: Endpoint, report: (event: Resolution) => void): Attempt;
  /** Connects to the first candidate that answers, within the connect time; of a pool to the one whose turn it is. */
  dial(candidates: readonly Endpoint[], origin: DialOrigin, events: DialEvents): Attempt;
  /** The modes that this server was seen to reject. */
  rejectedBy(server: Endpoint): readonly Mode[];
  learn(server: Endpoint, rejects: Mode): void;
  /** Of a pool; none elsewhere. */
  states(): readonly PoolState[];
  /** What this server of a pool has answered to FEAT. */
  learnFeatures(server: Endpoint, features: readonly string[]): void;
  /** What each server of a pool has; none while one has not been asked yet. */
  commonFeatures(): readonly string[];
  /** Of a pool whose servers are checked. */
  readonly health: HealthWatch | undefined;
};

/**
 * Whose session it is and where that client has connected to. `asClient`: the server is to see the client's own address. `wanted`: for
 * whom a server of a pool is to be, where that is asked for.
 */
export type DialOrigin = {
  readonly asClient: boolean;
  readonly wanted?: Wanted | undefined;
  readonly client: { readonly peer: Endpoint; readonly local: Endpoint };
};

export type ServersDeps = Pick<PooledServersDeps, "names" | "dial" | "pool" | "counted" | "lastAddresses"> & {
  readonly memory: ServerMemory;
  readonly health: Pick<HealthDeps, "checked" | "login" | "tls">;
};

export function createServers(
  { route, timeouts, tls }: Pick<GatewayOptions, "route" | "timeouts" | "tls">,
  { memory, health, ...deps }: ServersDeps,
): Servers {
  const { names, dial } = deps;
  const { connectMs: timeoutMs, keepaliveMs } = timeouts;
  const remembered: Pick<Servers, "rejectedBy" | "learn"> = {
    rejectedBy: (server) => memory.rejectedBy(server),
    learn: (server, rejects) => memory.learn(server, rejects),
  };
  if (route.kind === "pool") {
    // Where TLS begins with the first byte, it is the server that is waiting.
    const greets = !(tls?.kind === "terminate" && tls.server.mode !== "off" && tls.server.implicit);
    const pooled = createPooledServers(route, { ...deps, timeoutMs, keepaliveMs, greets });
    const { lookUp, ...ofSessions } = pooled;
    const watching = { ...health, pool: deps.pool, lookUp, random: Math.random };
    return {
      ...ofSessions,
      ...remembered,
      health: route.checks && createHealthWatch(route, route.checks, watching),
    };
  }
  // A configured server may be restarting. What a client named or meant is that client's affair.
  const retry = route.kind === "fixed";
  return {
    resolve: ({ host, port }, { address: client }, report) =>
      names.resolve(
        host,
        { client: route.kind === "fixed" ? undefined : client, timeoutMs },
        {
          resolved(addresses) {
            report({ kind: "resolved", candidates: addresses.map((address) => ({ address, port })) });
          },
          failed: (detail) => report({ kind: "unresolved", detail: `${host} ${detail}` }),
          refused: () => report({ kind: "unresolvable" }),
        },
      ),
    dial(candidates, { asClient, client }, events) {
      const from = asClient ? client.peer.address : undefined;
      return dialServer(candidates, { dial, timeoutMs, keepaliveMs, retry, from }, events);
    },
    ...remembered,
    states: () => [],
    learnFeatures() {},
    commonFeatures: () => [],
    health: undefined,
  };
}
