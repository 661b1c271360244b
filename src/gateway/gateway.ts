// One configured entrance: its listeners, the limits on who may come in, and the sessions behind it. It knows no FTP; it
// accepts, counts, hands each client to a driver, and ends them all.
import { randomInt } from "node:crypto";
import type { Socket } from "node:net";
import type { DataPlane } from "../dataplane/pinhole.ts";
import { createPortPool } from "../dataplane/port-pool.ts";
import { createCommandReader } from "../ftp/command-reader.ts";
import { createReplyReader } from "../ftp/reply-reader.ts";
import { formatReply } from "../ftp/reply.ts";
import { familyOf, networkContains, type Endpoint } from "../net/endpoint.ts";
import type { GatewayTelemetry } from "../observe/telemetry.ts";
import type { EndReason, RefusalReason } from "../session/reasons.ts";
import type { SessionOptions } from "../session/state.ts";
import { endpointOf } from "./control-connection.ts";
import { createIntercept, type Intercept } from "./interception.ts";
import { openListener, type Listener, type ListenerOptions, type TakeInherited } from "./listener.ts";
import type { GatewayOptions, PortRange } from "./options.ts";
import type { OwnEndpoints } from "./own-endpoints.ts";
import { createServerMemory } from "./server-memory.ts";
import { createReaderPool } from "./reader-pool.ts";
import { driveSession, type DrivenSession, type DriverDeps } from "./session-driver.ts";
import type { PinholeOptions } from "./session-pinholes.ts";

export type GatewayDeps = {
  readonly telemetry: GatewayTelemetry;
  readonly plane: DataPlane;
  /** Shared by all gateways of the process. */
  readonly ownEndpoints: OwnEndpoints;
  /** Sockets that the process was started with. */
  readonly takeInherited?: TakeInherited;
  /** Every session's transcript, line by line, secrets masked. */
  readonly trace?: (session: string, line: string) => void;
};

export type Gateway = {
  /** Listens everywhere or nowhere; rejects with an Error that names the endpoint. Resolves with the endpoints taken. */
  start(): Promise<readonly Endpoint[]>;
  isListening(): boolean;
  /** Accepts no more; resolves when the last session has ended, which transfers may delay up to the drain time. */
  drain(): Promise<void>;
  /** Ends every session now. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Linux keeps a closed connection's endpoints for 60 s (TIME_WAIT). */
const restMs = 60_000;
const memoryOptions = { maxServers: 10_000, expiryMs: 3_600_000, now: () => performance.now() };

let sessionNumber = 0;

export function createGateway(options: GatewayOptions, deps: GatewayDeps): Gateway {
  const { telemetry, ownEndpoints } = deps;
  const { clientSide, serverSide, limits, timeouts } = options;
  const memory = createServerMemory(memoryOptions);
  const clientPorts = portPool(clientSide.dataPorts);
  const serverPorts = portPool(serverSide.dataPorts);
  const pinholes: PinholeOptions = {
    plane: deps.plane,
    client: { ports: clientPorts, dataPeer: clientSide.dataPeer },
    server: { ports: serverPorts, dataPeer: serverSide.dataPeer },
    expiryMs: timeouts.pinholeMs,
    connectMs: timeouts.connectMs,
    stallMs: timeouts.dataStallMs,
  };
  const driverDeps: DriverDeps = {
    options: composeSessionOptions(options, ownEndpoints),
    pinholes,
    commandReaders: createReaderPool(() => createCommandReader({ maxBytes: limits.commandBytes })),
    replyReaders: createReaderPool(() => createReplyReader({ maxBytes: limits.replyLineBytes })),
    timeouts,
    serverAdvertise: (end) => matching(serverSide.advertise, end),
    rejectedBy: (server) => memory.rejectedBy(server),
    learn: (server, rejects) => memory.learn(server, rejects),
  };
  const sessions = new Set<DrivenSession>();
  const perClient = new Map<string, number>();
  const awaitingEnd: (() => void)[] = [];
  const listeners: Listener[] = [];
  let intercept: Intercept | undefined;

  function accept(socket: Socket): void {
    const client = endpointOf(socket.remoteAddress, socket.remotePort);
    const local = endpointOf(socket.localAddress, socket.localPort);
    const ofClient = perClient.get(client.address) ?? 0;
    if (sessions.size >= limits.sessions) {
      turnAway(socket, client, "too-many-sessions", "Too many sessions; try again later.");
      return;
    }
    if (ofClient >= limits.sessionsPerClient) {
      turnAway(socket, client, "too-many-sessions-per-client", "Too many sessions from your address.");
      return;
    }
    perClient.set(client.address, ofClient + 1);
    sessionNumber += 1;
    const id = String(sessionNumber);
    const { trace } = deps;
    const interception = intercept?.(socket, local);
    const advertise = interception?.advertise ?? clientAdvertise(options, client, local);
    const session = driveSession(
      socket,
      { peer: client, local, advertise },
      driverDeps,
      {
        telemetry: telemetry.sessionStarted(id, client, local),
        trace: trace && ((line) => trace(id, line)),
        interception,
      },
      () => closed(session, client),
    );
    sessions.add(session);
  }

  function closed(session: DrivenSession, client: Endpoint): void {
    sessions.delete(session);
    const left = (perClient.get(client.address) ?? 1) - 1;
    if (left > 0) perClient.set(client.address, left);
    else perClient.delete(client.address);
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
  function turnAway(socket: Socket, client: Endpoint, reason: RefusalReason, text: string): void {
    telemetry.sessionRefused(client, reason);
    socket.on("error", () => {});
    socket.resume();
    socket.end(formatReply(421, text), "latin1");
    const cutOff = setTimeout(() => socket.destroy(), 2000);
    socket.once("close", () => clearTimeout(cutOff));
  }

  async function closeListeners(): Promise<void> {
    const closing = listeners.splice(0).map(({ server, endpoint }) => {
      ownEndpoints.remove(endpoint);
      return new Promise<void>((resolve) => void server.close(() => resolve()));
    });
    // The sessions keep their server's `close` waiting; what matters is that no new one is accepted.
    void Promise.all(closing);
  }

  async function endAll(reason: EndReason): Promise<void> {
    for (const session of sessions) session.stop(reason, "");
    await allClosed();
  }

  async function stop(): Promise<void> {
    await closeListeners();
    await endAll("stopped");
    telemetry.stopped();
  }

  return {
    async start() {
      telemetry.dataPorts("client", () => clientPorts.counts());
      telemetry.dataPorts("server", () => serverPorts.counts());
      const events = { accepted: accept, failed: (detail: string) => telemetry.acceptFailed(detail) };
      const listenerOptions = { takeInherited: deps.takeInherited, foreign: foreignConnections(options.route) };
      try {
        if (options.route.kind === "transparent") intercept = createIntercept(options.route);
        for (const wanted of options.listen) {
          const listener = await openListener(wanted, listenerOptions, events);
          listeners.push(listener);
          ownEndpoints.add(listener.endpoint);
          telemetry.listening(listener.endpoint, listener.isInherited);
        }
      } catch (error) {
        await stop();
        throw error;
      }
      return listeners.map(({ endpoint }) => endpoint);
    },
    isListening: () => listeners.length > 0,
    async drain() {
      await closeListeners();
      for (const session of sessions) session.drain();
      const deadline = setTimeout(() => void endAll("drained"), timeouts.drainMs);
      await allClosed();
      clearTimeout(deadline);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function composeSessionOptions(options: GatewayOptions, ownEndpoints: OwnEndpoints): SessionOptions {
  const { route, serverSide, policy, limits, timeouts } = options;
  return {
    route: route.kind === "fixed" ? { kind: "fixed", ...route.server } : route,
    serverMode: serverSide.mode,
    policy,
    heldCommands: limits.heldCommands,
    timeouts,
    isOurs: (endpoint) => ownEndpoints.has(endpoint),
  };
}

function foreignConnections(route: GatewayOptions["route"]): ListenerOptions["foreign"] {
  if (route.kind !== "transparent") return undefined;
  return route.method === "tproxy" ? "must" : "try";
}

function portPool(range: PortRange | undefined): ReturnType<typeof createPortPool> {
  // Ports that can't be foretold leave nothing to whoever races the expected peer.
  const random = (): number => randomInt(2 ** 32) / 2 ** 32;
  return createPortPool({ ...(range ?? { first: 0, last: 0 }), restMs, random });
}

/** The address to put into 227 for this client: the first rule that names its network, then the common one, then ours. */
function clientAdvertise({ clientSide }: GatewayOptions, client: Endpoint, local: Endpoint): string {
  const rule = clientSide.advertiseTo.find(({ clients }) => networkContains(clients, client.address));
  return matching(rule?.address ?? clientSide.advertise, local);
}

/** An address of the other family can't be announced on this connection. */
function matching(advertise: string | undefined, local: Endpoint): string {
  return advertise !== undefined && familyOf(advertise) === familyOf(local.address) ? advertise : local.address;
}
