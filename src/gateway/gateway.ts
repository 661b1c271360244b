// Gateway: one configured entrance, its listening sockets, and the sessions behind it. It knows no FTP; it hands each client
// that is admitted to a driver, and ends them all.
import { setTimeout as delay } from "node:timers/promises";
import type { DataPlane } from "../dataplane/pinhole.ts";
import { createSystemPool } from "../dataplane/port-pool.ts";
import { formatEndpoint, parseAddress, type Endpoint } from "../net/endpoint.ts";
import type { GatewayFacts } from "../observe/api/status-answer.ts";
import type { GatewayTelemetry } from "../observe/telemetry.ts";
import { addressSources } from "./advertising.ts";
import { receiveClient, type Arrival, type ArrivalEvents } from "./entrance/arrival.ts";
import { createEntrance, type Entrance, type GuestWatch } from "./entrance/entrance.ts";
import { createGatewayListeners, type GatewayListeners } from "./entrance/gateway-listeners.ts";
import { createProxiedArrivals, type ProxiedArrivals } from "./entrance/proxied-arrival.ts";
import type { SharedCounts } from "./entrance/shared-counts.ts";
import type { Entrance as EntranceOptions, GatewayOptions, HostPort } from "./options.ts";
import type { PreparedChange } from "./prepared-change.ts";
import type { SharedResources } from "./shared-resources.ts";
import { createRunningSessions, type RunningSessions } from "./running-sessions.ts";
import { readHealthLogin } from "./servers/health-login.ts";
import { createServerMemory } from "./servers/server-memory.ts";
import { createServerPool } from "./servers/server-pool.ts";
import type { DrivenSession } from "./driver/driver-deps.ts";
import { driveSession } from "./driver/session-driver.ts";
import { tlsOf } from "./tls/tls-of.ts";
import { createSessionSettings, type SessionSettings, type SettingsDeps } from "./session-settings.ts";
import { abortTransport, type Transport } from "../sockets/transport.ts";

export type GatewayDeps = {
  readonly telemetry: GatewayTelemetry;
  readonly plane: DataPlane;
  /** What all gateways of the process share. */
  readonly shared: SharedResources;
};

export type Gateway = {
  /** Listens everywhere or nowhere; rejects with an Error that names the endpoint. Resolves with the endpoints taken. */
  start(): Promise<readonly Endpoint[]>;
  /** It listens, and knows the addresses that peers are told. */
  isReady(): boolean;
  /** What it is, as operators are told. */
  facts(): GatewayFacts;
  /** An operator ends that session now; false if none of that id runs here. */
  endSession(id: string): boolean;
  /**
   * Other options for the sessions to come, at first those that it was created with; sessions that run keep theirs. What can
   * fail has been done when it resolves: its listening sockets are open too. Rejects with an Error, and nothing has changed.
   */
  prepare(options?: GatewayOptions, plane?: DataPlane): Promise<PreparedChange>;
  /** Accepts no more; resolves when the last session has ended, which transfers may delay up to the drain time. */
  drain(): Promise<void>;
  /** No longer configured. Sessions go on to their own end where another gateway has taken over a listening socket; else `drain`. */
  retire(): Promise<void>;
  /**
   * Another process has the listening sockets: accepts no more. Sessions go on to their own end, idle ones too, up to the drain time;
   * whoever is being admitted still gets one. Resolves when the last has ended.
   */
  leave(): Promise<void>;
  /** Ends every session now. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

function settingsDepsOf(
  { shared, telemetry }: GatewayDeps,
  counts: SharedCounts | undefined,
): Omit<SettingsDeps, "plane" | "tls" | "healthLogin"> {
  return {
    ...shared,
    systemPorts: { client: createSystemPool(), server: createSystemPool() },
    memory: createServerMemory(memoryOptions),
    pool: createServerPool({ ...memoryOptions, counts, dice: shared.dice }),
    lastAddresses: new Map(),
    serverConnected: telemetry.serverConnected,
    serverChecked: telemetry.serverChecked,
  };
}

/** How often it is looked whether headers are still awaited. */
const arrivalMs = 100;

function tell(telemetry: Pick<GatewayTelemetry, "keepServers" | "setLogLevel">, next: SessionSettings): void {
  telemetry.keepServers(next.serverStates().map(({ name }) => name));
  telemetry.setLogLevel(next.options.logLevel);
}

type Leaving = {
  readonly settings: SessionSettings | undefined;
  readonly listeners: GatewayListeners;
  readonly proxied: ProxiedArrivals;
  readonly entrance: Entrance;
  readonly sessions: RunningSessions;
};

async function leaveEntrance(
  { settings, listeners, proxied, entrance, sessions }: Leaving,
  drainMs: number,
): Promise<void> {
  settings?.health?.stop();
  listeners.close();
  const leftMs = await awaitArrivals(proxied, drainMs);
  await entrance.allJudged();
  await sessions.leave(leftMs);
}

/** Of those who were accepted it is known who they are when it resolves; with what is left of the time. */
async function awaitArrivals({ countWaiting }: ProxiedArrivals, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs;
  do await delay(Math.min(arrivalMs, withinMs));
  while (countWaiting() > 0 && performance.now() < until);
  return Math.max(0, until - performance.now());
}

const memoryOptions = { maxServers: 10_000, expiryMs: 3_600_000, now: () => performance.now() };

export function createGateway(initialOptions: GatewayOptions, deps: GatewayDeps): Gateway {
  const { telemetry, shared } = deps;
  const counts = shared.countsOf(initialOptions.name);
  const settingsDeps = settingsDepsOf(deps, counts);
  let settings: SessionSettings | undefined;
  /** From the first drain on: a change that is being prepared may still hold a listening socket. */
  let isDraining = false;
  /** Until their connections are closed. */
  const sessions = createRunningSessions();
  const entrance = createEntrance({ telemetry, places: shared.places, limits: initialOptions.limits, counts });
  const proxied = createProxiedArrivals();
  const accepting = { accepted: accept, failed: telemetry.acceptFailed };
  const listeners = createGatewayListeners(shared.listeningSockets, telemetry, accepting);
  const drainMs = (): number => (settings?.options ?? initialOptions).timeouts.drainMs;
  function accept(transport: Transport, from: EntranceOptions): void {
    if (settings === undefined || isDraining) return abortTransport(transport);
    receiveClient(transport, from, settings, proxied, guestOf(settings, entrance, { deps, sessions }));
  }

  async function prepare(options = initialOptions, plane = deps.plane): Promise<PreparedChange> {
    const next = createSessionSettings(options, { ...settingsDeps, plane, ...(await readFiles(options, deps)) });
    const listening = await listeners.prepare(options);
    return {
      commit() {
        if (settings === undefined) watchGateway(deps, () => settings, entrance);
        switchWatch(settings, next);
        settings = next;
        shared.addresses.want(listeners, addressSources(options));
        tell(telemetry, next);
        entrance.setLimits(options.limits);
        listening.commit();
      },
      rollback: listening.rollback,
    };
  }

  function closeEntrance(): void {
    listeners.close();
    proxied.closeWaiting();
    settings?.health?.stop();
  }

  async function drain(): Promise<void> {
    isDraining = true;
    closeEntrance();
    await entrance.allJudged();
    await sessions.drain(drainMs());
  }

  async function stop(): Promise<void> {
    closeEntrance();
    entrance.closeWaiting();
    await sessions.stop("stopped");
    if (settings !== undefined) telemetry.stopped();
    switchWatch(settings, undefined);
    settings = undefined;
    shared.addresses.want(listeners, []);
  }

  return {
    async start() {
      (await prepare()).commit();
      return listeners.endpoints();
    },
    isReady: () => listeners.endpoints().length > 0 && settings?.advertising.isKnown() === true,
    facts: () => gatewayFacts(settings?.options ?? initialOptions, listeners.endpoints(), settings),
    endSession: (id) => sessions.end(id, "ended-by-operator"),
    prepare,
    drain,
    async retire() {
      settings?.health?.stop();
      if (!listeners.close()) return drain();
      await entrance.allJudged();
      await sessions.allClosed();
    },
    leave: () => leaveEntrance({ settings, listeners, proxied, entrance, sessions }, drainMs()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What the options name: certificates, and whom health checks log in as. Rejects with an Error that says what is wrong with which. */
async function readFiles(
  { route, tls }: GatewayOptions,
  { telemetry, shared }: GatewayDeps,
): Promise<Pick<SettingsDeps, "tls" | "healthLogin">> {
  const checks = route.kind === "pool" ? route.checks : undefined;
  const healthLogin = checks && (await readHealthLogin(checks).catch(namingItsKey));
  return { healthLogin, tls: await tlsOf(tls, telemetry, shared.ticketRing) };
}

function namingItsKey(error: Error): never {
  throw new Error(`route.health.login.passwordFile: ${error.message}`);
}

/** Certificates and servers of the settings that come into force, and no longer those of the settings before. */
function switchWatch(before: SessionSettings | undefined, now: SessionSettings | undefined): void {
  before?.driver.tls?.loaded.close();
  before?.health?.stop();
  now?.driver.tls?.loaded.watch();
  now?.health?.start();
}

function gatewayFacts(
  { name, route }: GatewayOptions,
  listeners: readonly Endpoint[],
  settings: SessionSettings | undefined,
): GatewayFacts {
  const plane = settings?.driver.pinholes.plane;
  const states = settings?.serverStates() ?? [];
  const server = route.kind === "fixed" ? { server: formatServer(route.server) } : {};
  const servers = states.map(({ isUp: up, ...state }) => ({ ...state, up }));
  const planes = plane && { dataPlane: plane.name, missingPlanes: plane.missing() };
  return { name, listeners, route: { kind: route.kind, ...server, ...(servers.length > 0 && { servers }) }, ...planes };
}

/** An address of IPv6 in brackets, as everywhere. */
function formatServer({ host, port }: HostPort): string {
  return parseAddress(host) === undefined ? `${host}:${port}` : formatEndpoint({ address: host, port });
}

/** What is asked at every scrape. */
function watchGateway(
  { telemetry, shared }: GatewayDeps,
  settings: () => SessionSettings | undefined,
  entrance: Entrance,
): void {
  telemetry.servers(() => settings()?.serverStates() ?? []);
  telemetry.bans(entrance.countBans);
  telemetry.certificates(() => settings()?.driver.tls?.loaded.secondsLeft() ?? []);
  telemetry.sessionsLimit(() => Math.min(settings()?.options.limits.sessions ?? 0, shared.places.most));
  const noPorts = { free: 0, open: 0, resting: 0 };
  telemetry.dataPorts("client", () => settings()?.clientPorts.counts() ?? noPorts);
  telemetry.dataPorts("server", () => settings()?.serverPorts.counts() ?? noPorts);
  telemetry.dataPlane(() => settings()?.driver.pinholes.plane.refreshCounts());
}

/** What becomes of who has arrived. */
function guestOf(settings: SessionSettings, entrance: Entrance, beginning: Omit<Beginning, "watch">): ArrivalEvents {
  return {
    arrived: (arrival) =>
      entrance.receive(arrival.transport, arrival.client, (watch) =>
        beginSession(arrival, settings, { ...beginning, watch }),
      ),
    refused: entrance.sendAway,
  };
}

type Beginning = { readonly deps: GatewayDeps; readonly sessions: RunningSessions; readonly watch: GuestWatch };

function beginSession(
  { transport, client, local, advertise, interception, isImplicit, isCheck }: Arrival,
  { driver, clientOptions }: SessionSettings,
  { deps: { telemetry, shared }, sessions, watch }: Beginning,
): DrivenSession {
  const id = shared.sessionIds.next();
  const newClient = {
    ...clientOptions(client.address),
    client: { peer: client, local, advertise },
    intended: interception?.server,
    isImplicit,
  };
  const { share, ended, closed } = watch;
  const session = driveSession(transport, newClient, driver, {
    observe: (source) => telemetry.sessionStarted(id, client, local, { ...source, isCheck }),
    interception,
    share,
    ended,
    closed() {
      closed();
      sessions.remove(running);
    },
  });
  const running = sessions.add(id, session);
  return session;
}
