// One configured entrance: its listeners, the limits on who may come in, and the sessions behind it. It knows no FTP; it
// accepts, counts, hands each client to a driver, and ends them all.
import type { Socket } from "node:net";
import type { DataPlane } from "../dataplane/pinhole.ts";
import { createSystemPool } from "../dataplane/port-pool.ts";
import { formatReply } from "../ftp/reply.ts";
import { sameEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { GatewayTelemetry } from "../observe/telemetry.ts";
import type { EndReason } from "../session/reasons.ts";
import { refusal, type Refusal } from "../session/refusals.ts";
import { endpointOf } from "./control/control-connection.ts";
import {
  acceptForeign,
  openListener,
  type Listener,
  type ListenerOptions,
  type TakeInherited,
} from "./entrance/listener.ts";
import type { GatewayOptions } from "./options.ts";
import type { SharedResources } from "./shared-resources.ts";
import { createServerMemory } from "./servers/server-memory.ts";
import { driveSession, type DrivenSession } from "./driver/session-driver.ts";
import { clientAdvertise, createSessionSettings, type SessionSettings } from "./session-settings.ts";
import { createWakefulness } from "./control/reply-polling.ts";

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
    wakefulness: createWakefulness(),
  };
  let settings: SessionSettings | undefined;
  /** Until their connections are closed; the limits count those that have not ended. */
  const sessions = new Set<DrivenSession>();
  let sessionCount = 0;
  const perClient = new Map<string, number>();
  const awaitingEnd: (() => void)[] = [];
  const listeners = new Set<Listener>();

  function accept(socket: Socket): void {
    if (settings === undefined) return void socket.destroy();
    const { options, driver, intercept } = settings;
    const { limits } = options;
    const client = endpointOf(socket.remoteAddress, socket.remotePort);
    const local = endpointOf(socket.localAddress, socket.localPort);
    const ofClient = perClient.get(client.address) ?? 0;
    if (sessionCount >= limits.sessions) {
      turnAway(socket, client, refusal("too-many-sessions"));
      return;
    }
    if (ofClient >= limits.sessionsPerClient) {
      turnAway(socket, client, refusal("too-many-sessions-per-client"));
      return;
    }
    perClient.set(client.address, ofClient + 1);
    sessionCount += 1;
    const id = sessionIds.next();
    const { trace } = deps;
    const interception = intercept?.(socket, local);
    const advertise = interception?.advertise ?? clientAdvertise(options, client, local);
    const session = driveSession(
      socket,
      { peer: client, local, advertise },
      driver,
      {
        telemetry: telemetry.sessionStarted(id, client, local),
        trace: trace && ((line) => trace(id, line)),
        interception,
      },
      { ended: () => uncount(client), closed: () => forget(session) },
    );
    sessions.add(session);
  }

  function uncount({ address }: Endpoint): void {
    sessionCount -= 1;
    const left = (perClient.get(address) ?? 1) - 1;
    if (left > 0) perClient.set(address, left);
    else perClient.delete(address);
  }

  function forget(session: DrivenSession): void {
    sessions.delete(session);
    if (sessions.size === 0) for (const settle of awaitingEnd.splice(0)) settle();
  }

  /** The last session has ended. */
  function allClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (sessions.size === 0) resolve();
      else awaitingEnd.push(resolve);
    });
  }

  /** Told with text, then FIN: a silent close confuses clients (D5.89). */
  function turnAway(socket: Socket, client: Endpoint, { reason, code, text }: Refusal): void {
    telemetry.sessionRefused(client, reason);
    socket.on("error", () => {});
    socket.resume();
    socket.end(formatReply(code, text), "latin1");
    const cutOff = setTimeout(() => socket.destroy(), 2000);
    socket.once("close", () => clearTimeout(cutOff));
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
  async function openListeners({ listen, route }: GatewayOptions): Promise<Listener[]> {
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
        const listener = await openListener(wanted, { takeInherited: deps.takeInherited, foreign }, events);
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
          if (!options.listen.some((wanted) => sameEndpoint(listener.wanted, wanted))) closeListener(listener);
        }
      },
      rollback() {
        for (const listener of opened) closeListener(listener);
      },
    };
  }

  async function endAll(reason: EndReason): Promise<void> {
    for (const session of sessions) session.stop(reason, "");
    await allClosed();
  }

  async function stop(): Promise<void> {
    closeListeners();
    await endAll("stopped");
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
      for (const session of sessions) session.drain();
      const drainMs = (settings?.options ?? initialOptions).timeouts.drainMs;
      const deadline = setTimeout(() => void endAll("drained"), drainMs);
      await allClosed();
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
