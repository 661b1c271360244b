// One configured entrance: its listeners, the limits on who may come in, and the sessions behind it. It knows no FTP; it
// accepts, counts, hands each client to a driver, and ends them all.
import type { DataPlane } from "../dataplane/pinhole.ts";
import { createSystemPool } from "../dataplane/port-pool.ts";
import { sameEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { GatewayTelemetry } from "../observe/telemetry.ts";
import { createAdmission, turnAway } from "./entrance/admission.ts";
import { receiveClient, type Arrival } from "./entrance/arrival.ts";
import {
  acceptForeign,
  openListener,
  type Listener,
  type ListenerOptions,
  type TakeInherited,
} from "./entrance/listener.ts";
import type { GatewayOptions } from "./options.ts";
import type { SharedResources } from "./shared-resources.ts";
import { createRunningSessions } from "./running-sessions.ts";
import { createServerMemory } from "./servers/server-memory.ts";
import { driveSession, type DriverDeps } from "./driver/session-driver.ts";
import { createSessionSettings, type SessionSettings } from "./session-settings.ts";
import { abortTransport, type Transport } from "../sockets/transport.ts";

export type GatewayDeps = {
  readonly telemetry: GatewayTelemetry;
  readonly plane: DataPlane;
  /** What all gateways of the process share. */
  readonly shared: SharedResources;
  /** Sockets that the process was started with. */
  readonly takeInherited?: TakeInherited;
  /** Every session's transcript, line by line, secrets masked. */
  readonly trace?: (session: string, line: string) => void;
};

export type PreparedChange = { commit(): void; rollback(): void };

export type Gateway = {
  /** Listens everywhere or nowhere; rejects with an Error that names the endpoint. Resolves with the endpoints taken. */
  start(): Promise<readonly Endpoint[]>;
  isListening(): boolean;
  /**
   * Other options for the sessions to come; those that run keep theirs. What can fail has been done when it resolves: it
   * listens at the new endpoints too. Rejects with an Error, and nothing has changed.
   */
  prepare(options: GatewayOptions, plane: DataPlane): Promise<PreparedChange>;
  /** Accepts no more; resolves when the last session has ended, which transfers may delay up to the drain time. */
  drain(): Promise<void>;
  /** Ends every session now. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const memoryOptions = { maxServers: 10_000, expiryMs: 3_600_000, now: () => performance.now() };

const noPorts = { free: 0, open: 0, resting: 0 };

export function createGateway(initialOptions: GatewayOptions, deps: GatewayDeps): Gateway {
  const { telemetry } = deps;
  const { ownEndpoints, portPools, sessionIds } = deps.shared;
  const settingsDeps = {
    ownEndpoints,
    portPools,
    systemPorts: { client: createSystemPool(), server: createSystemPool() },
    memory: createServerMemory(memoryOptions),
  };
  let settings: SessionSettings | undefined;
  /** Until their connections are closed; the admission counts those that have not ended. */
  const sessions = createRunningSessions();
  const admission = createAdmission();
  const listeners = new Set<Listener>();

  function accept(transport: Transport): void {
    if (settings === undefined) return abortTransport(transport);
    const { options, driver, intercept } = settings;
    receiveClient(transport, { clientSide: options.clientSide, intercept }, (arrival) => {
      const refused = admission.admit(arrival.client, options.limits);
      if (refused === undefined) return begin(arrival, driver);
      telemetry.sessionRefused(arrival.client, refused);
      turnAway(transport, refused);
    });
  }

  function begin({ transport, client, local, advertise, interception }: Arrival, driver: DriverDeps): void {
    const id = sessionIds.next();
    const { trace } = deps;
    const session = driveSession(
      transport,
      { peer: client, local, advertise },
      driver,
      {
        telemetry: telemetry.sessionStarted(id, client, local),
        trace: trace && ((line) => trace(id, line)),
        interception,
      },
      { ended: () => admission.leave(client), closed: () => sessions.remove(session) },
    );
    sessions.add(session);
  }

  function closeListener(listener: Listener): void {
    listeners.delete(listener);
    ownEndpoints.remove(listener.endpoint);
    // The sessions keep the `close` waiting; what matters is that no new one is accepted.
    listener.server.close();
  }

  function closeListeners(): void {
    for (const listener of listeners) closeListener(listener);
  }

  /** Listens wherever `options` say and we don't yet; on failure nothing has changed. */
  async function openListeners({ listen, route, timeouts }: GatewayOptions): Promise<Listener[]> {
    const opened: Listener[] = [];
    const events = { accepted: accept, failed: (detail: string) => telemetry.acceptFailed(detail) };
    try {
      for (const wanted of listen) {
        const foreign = foreignConnections(route);
        const known = [...listeners].find((listener) => sameEndpoint(listener.wanted, wanted));
        if (known !== undefined) {
          acceptForeign(known.server, wanted, foreign);
          continue;
        }
        const { keepaliveMs } = timeouts;
        const listener = await openListener(
          wanted,
          { takeInherited: deps.takeInherited, foreign, keepaliveMs },
          events,
        );
        opened.push(listener);
        listeners.add(listener);
        ownEndpoints.add(listener.endpoint);
        telemetry.listening(listener.endpoint, listener.isInherited);
      }
    } catch (error) {
      for (const listener of opened) closeListener(listener);
      throw error;
    }
    return opened;
  }

  async function prepare(options: GatewayOptions, plane: DataPlane): Promise<PreparedChange> {
    const next = createSessionSettings(options, { ...settingsDeps, plane });
    // At the start: whoever comes while the other endpoints are being opened.
    settings ??= next;
    const opened = await openListeners(options);
    return {
      commit() {
        settings = next;
        for (const listener of listeners) {
          if (options.listen.some((wanted) => sameEndpoint(listener.wanted, wanted))) {
            listener.setKeepalive(options.timeouts.keepaliveMs);
          } else closeListener(listener);
        }
      },
      rollback() {
        for (const listener of opened) closeListener(listener);
      },
    };
  }

  async function stop(): Promise<void> {
    closeListeners();
    await sessions.stop("stopped");
    telemetry.stopped();
  }

  return {
    async start() {
      telemetry.dataPorts("client", () => settings?.clientPorts.counts() ?? noPorts);
      telemetry.dataPorts("server", () => settings?.serverPorts.counts() ?? noPorts);
      try {
        const change = await prepare(initialOptions, deps.plane);
        change.commit();
      } catch (error) {
        await stop();
        throw error;
      }
      return [...listeners].map(({ endpoint }) => endpoint);
    },
    prepare,
    isListening: () => listeners.size > 0,
    async drain() {
      closeListeners();
      sessions.drain();
      const drainMs = (settings?.options ?? initialOptions).timeouts.drainMs;
      const deadline = setTimeout(() => void sessions.stop("drained"), drainMs);
      await sessions.allClosed();
      clearTimeout(deadline);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function foreignConnections(route: GatewayOptions["route"]): ListenerOptions["foreign"] {
  if (route.kind !== "transparent") return undefined;
  return route.method === "tproxy" ? "must" : "try";
}
