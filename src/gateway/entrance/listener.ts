// Listener: one listening socket, bound here or inherited from the program that started the process.
import { createServer, type Server, type Socket } from "node:net";
import { acceptForeignAddresses, keepUrgentInline, presetAccepted } from "../../sockets/socket-options.ts";
import { acceptedTransport } from "../../sockets/node-transport.ts";
import type { Transport } from "../../sockets/transport.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../../net/endpoint.ts";

/** `wanted` is what was configured; `endpoint` differs from it where that was port 0. */
export type Listener = {
  readonly server: Server;
  readonly wanted: Endpoint;
  readonly endpoint: Endpoint;
  readonly isInherited: boolean;
  /** Another socket listened there already, one that shares too. */
  readonly isShared: boolean;
  /** The connection of a socket that was accepted this turn. */
  transportOf(accepted: Socket): Transport;
  /** TCP keepalive of what it accepts from now on: milliseconds without traffic until the first probe. */
  setKeepalive(idleMs: number): void;
};

/** A socket that the process was started with, now accepting for the gateway; undefined if none is at that endpoint. */
export type TakeInherited = (wanted: Endpoint, accepted: (socket: Socket) => void) => Server | undefined;

export type ListenerOptions = {
  readonly takeInherited?: TakeInherited | undefined;
  /** Other processes of the same user may listen there too if they say the same (SO_REUSEPORT); port 0 is never shared. */
  readonly mayShare?: boolean;
  /** Accepts what TPROXY hands it, connections to any address: where the process may (`try`), or else it fails (`must`). */
  readonly foreign?: "try" | "must" | undefined;
  readonly keepaliveMs: number;
};

export type ListenerEvents = {
  /** Nothing is read from it until its transport is made. */
  accepted(socket: Socket): void;
  /** A connection could not be accepted; the system's word, e.g. `ENFILE`. */
  failed(cause: string): void;
};

export const acceptOptions = { allowHalfOpen: true, pauseOnConnect: true } as const;

/** Rejects with an Error that names the endpoint. */
export async function openListener(
  wanted: Endpoint,
  { takeInherited, mayShare = false, foreign, keepaliveMs }: ListenerOptions,
  events: ListenerEvents,
): Promise<Listener> {
  const accepting = { keepaliveMs, isPreset: false };
  const taken = takeInherited?.(wanted, events.accepted);
  const { server, isShared } = taken
    ? { server: taken, isShared: false }
    : await bind(wanted, events.accepted, mayShare);
  server.on("error", (error) => events.failed((error as NodeJS.ErrnoException).code ?? error.message));
  keepUrgentInline(server);
  try {
    acceptForeign(server, wanted, foreign);
  } catch (error) {
    server.close();
    throw error;
  }
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wanted.port;
  // Of an inherited one, connections may wait that were made before it was told anything.
  if (taken === undefined) preset();
  return {
    server,
    wanted,
    endpoint: { address: wanted.address, port },
    isInherited: taken !== undefined,
    isShared,
    transportOf: (accepted) => acceptedTransport(accepted, accepting),
    setKeepalive(idleMs) {
      if (idleMs === accepting.keepaliveMs) return;
      accepting.keepaliveMs = idleMs;
      if (taken === undefined) preset();
    },
  };

  function preset(): void {
    accepting.isPreset = false;
    // Connections that were made before are accepted until then.
    if (presetAccepted(server, accepting.keepaliveMs)) setImmediate(() => (accepting.isPreset = true));
  }
}

type Bound = { readonly server: Server; readonly isShared: boolean };

type Accepted = (socket: Socket) => void;

async function bind(wanted: Endpoint, accepted: Accepted, mayShare: boolean): Promise<Bound> {
  try {
    // The system gives port 0 to nobody twice.
    if (!mayShare || wanted.port === 0) return { server: await listen(wanted, accepted, false), isShared: false };
    const isShared = await isTaken(wanted);
    return { server: await listenShared(wanted, accepted), isShared };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot listen on ${formatEndpoint(wanted)}: ${code ?? message}`, { cause: error });
  }
}

async function listenShared(wanted: Endpoint, accepted: Accepted): Promise<Server> {
  try {
    return await listen(wanted, accepted, true);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTSUP") throw error;
    return listen(wanted, accepted, false);
  }
}

/** Whether a socket listens there already: binding a shared port succeeds in either case. */
async function isTaken(wanted: Endpoint): Promise<boolean> {
  try {
    const alone = await listen(wanted, (socket) => void socket.destroy(), false);
    await new Promise((resolve) => alone.close(resolve));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  }
}

/** Rejects with the system's error. Node.js before 22.12 knows no `reusePort` and listens alone. */
function listen({ address: host, port }: Endpoint, accepted: Accepted, reusePort: boolean): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(acceptOptions, accepted);
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: familyOf(host) === 6, backlog: 1024, reusePort }, () => {
      server.removeAllListeners("error");
      resolve(server);
    });
  });
}

/** Throws an Error that names the endpoint where it must and can't. May be asked for later, when the route changes. */
export function acceptForeign(server: Server, wanted: Endpoint, foreign: ListenerOptions["foreign"]): void {
  const refusal = foreign && acceptForeignAddresses(server, familyOf(wanted.address));
  if (refusal === undefined || foreign !== "must") return;
  throw new Error(`cannot listen on ${formatEndpoint(wanted)} for TPROXY: ${refusal}`);
}
