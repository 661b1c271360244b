// Session settings: what every session of a gateway is driven with, made from the gateway's options, and again when they
// change.
import type { DataPlane, Side } from "../dataplane/pinhole.ts";
import type { PortPool } from "../dataplane/port-pool.ts";
import type { Network } from "../net/endpoint.ts";
import { createAdvertising, type Advertising } from "./advertising.ts";
import type { ChangingAddresses } from "./changing-addresses.ts";
import { createIntercept, type Intercept } from "./entrance/interception.ts";
import type { DataPorts, GatewayOptions, PoolRoute, PortRange } from "./options.ts";
import type { OwnEndpoints } from "./own-endpoints.ts";
import type { PortPools } from "./port-pools.ts";
import { commandLines, replyLines } from "./control/line-format.ts";
import type { HealthWatch, ServerChecked } from "./servers/health-checks.ts";
import type { HealthLogin } from "./servers/health-login.ts";
import type { NameResolver } from "./servers/name-resolver.ts";
import type { ServerCounted } from "./servers/pooled-dial.ts";
import type { ServerMemory } from "./servers/server-memory.ts";
import type { PoolState, ServerPool } from "./servers/server-pool.ts";
import { createServers } from "./servers/servers.ts";
import type { DriverDeps } from "./driver/driver-deps.ts";
import type { TlsOfGateway } from "./driver/session-tls.ts";
import type { ProbeTls } from "../probe/security.ts";
import { serverProbeTls } from "./tls/server-probe.ts";
import type { Sockets } from "../sockets/sockets.ts";
import type { ClientOptions, PoolChoice, SessionOptions } from "../session/options.ts";
import { policiesOf } from "../session/policies.ts";

export type SessionSettings = {
  readonly options: GatewayOptions;
  readonly driver: DriverDeps;
  readonly advertising: Advertising;
  /** Of the servers of a pool. */
  serverStates(): readonly PoolState[];
  readonly health: HealthWatch | undefined;
  /** What holds for a client at this address. */
  clientOptions(address: string): ClientOptions;
  readonly clientPorts: PortPool;
  readonly serverPorts: PortPool;
  /** The transparent route only. */
  readonly intercept: Intercept | undefined;
};

export type SettingsDeps = {
  readonly plane: DataPlane;
  readonly ownEndpoints: OwnEndpoints;
  readonly portPools: PortPools;
  /** The pools of this gateway for a side without a range of data ports: the system picks the port. */
  readonly systemPorts: Readonly<Record<Side, PortPool>>;
  readonly memory: ServerMemory;
  readonly pool: ServerPool;
  /** What was found last for each name of a pool. */
  readonly lastAddresses: Map<string, readonly string[]>;
  /** A server of a pool was tried. */
  readonly serverConnected: ServerCounted;
  readonly serverChecked: ServerChecked;
  /** As whom a pool's servers are checked. */
  readonly healthLogin: HealthLogin | undefined;
  readonly names: NameResolver;
  readonly addresses: ChangingAddresses;
  readonly sockets: Sockets;
  /** Where TLS is terminated. */
  readonly tls: TlsOfGateway | undefined;
};

/** Throws an Error that says why this machine can't have the transparent route. */
export function createSessionSettings(options: GatewayOptions, deps: SettingsDeps): SessionSettings {
  const { route, clientSide, serverSide, tls, policy, policies, limits, timeouts } = options;
  const { plane, ownEndpoints, portPools, systemPorts, addresses, sockets } = deps;
  const clientPorts = clientSide.dataPorts ? portPools.of(clientSide.dataPorts) : systemPorts.client;
  const serverPorts = serverSide.dataPorts ? portPools.of(serverSide.dataPorts) : systemPorts.server;
  const everybody: ClientOptions = {
    policy,
    userPolicies: [],
    serverMode: serverSide.mode,
    heldCommands: limits.heldCommands,
    badLines: limits.badLines,
    heldBytes: limits.bufferedBytes,
  };
  const advertising = createAdvertising(options, addresses.find);
  const servers = createServers(options, {
    ...deps,
    ...{ dial: sockets.dial, counted: deps.serverConnected },
    health: { checked: deps.serverChecked, login: deps.healthLogin, tls: () => probeTls(tls, deps.tls) },
  });
  return {
    options,
    advertising,
    serverStates: servers.states,
    health: servers.health,
    clientPorts,
    serverPorts,
    intercept: route.kind === "transparent" ? createIntercept(route) : undefined,
    clientOptions: (address) =>
      policies.length === 0 ? everybody : { ...everybody, ...policiesOf(policy, policies, address) },
    driver: {
      options: {
        route: sessionRoute(route, servers.commonFeatures),
        timeouts,
        own: ownEndpoints,
        ...(tls && { tls }),
        ...portShift(clientSide.dataPorts, serverSide.dataPorts),
      },
      pinholes: {
        plane,
        client: { ports: clientPorts, dataPeer: clientSide.dataPeer, ...balancersOf(options) },
        server: { ports: serverPorts, dataPeer: serverSide.dataPeer },
        expiryMs: timeouts.pinholeMs,
        connectMs: timeouts.connectMs,
        stallMs: timeouts.dataStallMs,
        mostPerClient: Math.min(
          limits.pinholesPerClient,
          ...[clientSide.dataPorts, serverSide.dataPorts].map((range) => (range ? rangeShare(range) : Infinity)),
        ),
      },
      commands: commandLines(limits.commandBytes),
      replies: replyLines(limits.replyLineBytes),
      bufferedBytes: limits.bufferedBytes,
      servers,
      tls: deps.tls,
      serverAdvertise: advertising.toServer,
    },
  };
}

function sessionRoute(route: GatewayOptions["route"], features: PoolChoice["features"]): SessionOptions["route"] {
  if (route.kind === "pool") return { kind: "pool", ...poolChoice(route, features) };
  return route.kind === "fixed" ? { kind: "fixed", ...route.server } : route;
}

/** As sessions speak to the servers of a pool, which have one name in their certificates. */
function probeTls(options: GatewayOptions["tls"], tls: TlsOfGateway | undefined): ProbeTls | undefined {
  if (options?.kind !== "terminate" || tls === undefined) return undefined;
  return serverProbeTls(options.server, tls.loaded.material().client(options.server.name ?? "").tls);
}

/** Where it is asked for. */
function poolChoice(
  { servers, balance }: PoolRoute,
  features: PoolChoice["features"],
): { readonly choice?: PoolChoice } {
  const byUser = balance === "user-hash";
  const isAsked = byUser || servers.some(({ users, hosts }) => users !== undefined || hosts !== undefined);
  return isAsked ? { choice: { servers, byUser, features } } : {};
}

/** Those of all entrances, where they carry data connections too. */
function balancersOf({ clientSide, listen }: GatewayOptions): { readonly balancers?: readonly Network[] } {
  return clientSide.dataProxyProtocol
    ? { balancers: listen.flatMap(({ proxyProtocol }) => proxyProtocol?.from ?? []) }
    : {};
}

function portShift(client: DataPorts | undefined, server: DataPorts | undefined): Pick<SessionOptions, "portShift"> {
  const shift = { client: shiftOf(client), server: shiftOf(server) };
  return shift.client === 0 && shift.server === 0 ? {} : { portShift: shift };
}

function shiftOf(ports: DataPorts | undefined): number {
  return ports?.advertised === undefined ? 0 : ports.advertised.first - ports.first;
}

/** Below that there is nothing to share out. */
const leastShared = 8;

/** So many ports of a range one client may hold at most: a quarter is for others. */
function rangeShare({ first, last }: PortRange): number {
  const ports = last - first + 1;
  return ports < leastShared ? Infinity : Math.ceil((ports * 3) / 4);
}
