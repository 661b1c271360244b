// Listener: one listening socket, bound here or inherited from the program that started the process.
import { explainListenError } from "../../net/listen-error.ts";
import { createServer, type Server, type Socket } from "node:net";
import { type Endpoint, familyOf, formatEndpoint } from "../../net/endpoint.ts";
import { acceptOptions } from "../../sockets/node-acceptor.ts";
import { openHandedOver } from "./handed-over-listener.ts";
import { keepUrgentInline } from "../../sockets/socket-options.ts";
import type { Acceptor, AcceptorEvents, Sockets } from "../../sockets/sockets.ts";

/** `wanted` is what was configured; `endpoint` differs from it where that was port 0. */
export type Listener = Pick<Acceptor, "setKeepalive" | "descriptor" | "close"> & {
  readonly wanted: Endpoint;
  readonly endpoint: Endpoint;
  readonly isInherited: boolean;
  /** Another socket listened there already, one that shares too. */
  readonly isShared: boolean;
  /** Throws an Error that names the endpoint where it must and can't. May be asked for later, when the route changes. */
  acceptForeign(foreign: ListenerOptions["foreign"]): void;
  /** Clients are accepted from now on at the latest. */
  begin(): void;
};

/** A socket that the process was started with, and who has connected already. */
export type Inherited = { readonly server: Server; readonly early: Socket[] };

/** A listening socket of another process, which accepts there too. */
export type HandedOver = { readonly descriptor: number; readonly endpoint: Endpoint };

/** Undefined if there is none at that endpoint. */
export type TakeInherited = (wanted: Endpoint) => Inherited | HandedOver | undefined;

export type ListenerOptions = {
  readonly sockets: Sockets;
  readonly takeInherited?: TakeInherited | undefined;
  /** Other processes of the same user may listen there too if they say the same (SO_REUSEPORT); port 0 is never shared. */
  readonly mayShare?: boolean;
  /** Accepts what TPROXY hands it, connections to any address: where the process may (`try`), or else it fails (`must`). */
  readonly foreign?: "try" | "must" | undefined;
  readonly keepaliveMs: number;
};

/** Rejects with an Error that names the endpoint. */
export async function openListener(
  wanted: Endpoint,
  { sockets, takeInherited, mayShare = false, foreign, keepaliveMs }: ListenerOptions,
  events: AcceptorEvents,
): Promise<Listener> {
  const taken = takeInherited?.(wanted);
  if (taken !== undefined && "descriptor" in taken) {
    return openHandedOver(wanted, taken, { sockets, foreign, keepaliveMs }, events);
  }
  const isInherited = taken !== undefined;
  const { server, isShared } = taken ? { ...taken, isShared: false } : await bind(wanted, mayShare);
  keepUrgentInline(server);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wanted.port;
  const acceptor = sockets.accept(server, { keepaliveMs, isInherited, early: taken?.early ?? [] }, events);
  const acceptForeign = (mode: ListenerOptions["foreign"]): void => {
    const refusal = mode && acceptor.acceptForeign(familyOf(wanted.address));
    if (refusal === undefined || mode !== "must") return;
    throw new Error(`cannot listen on ${formatEndpoint(wanted)} for TPROXY: ${refusal}`);
  };
  try {
    acceptForeign(foreign);
  } catch (error) {
    acceptor.close();
    throw error;
  }
  const { setKeepalive, descriptor, close } = acceptor;
  return {
    wanted,
    endpoint: { address: wanted.address, port },
    isInherited,
    isShared,
    acceptForeign,
    begin() {},
    setKeepalive,
    descriptor,
    close,
  };
}

type Bound = { readonly server: Server; readonly isShared: boolean };

async function bind(wanted: Endpoint, mayShare: boolean): Promise<Bound> {
  try {
    // The system gives port 0 to nobody twice.
    if (!mayShare || wanted.port === 0) return { server: await listen(wanted, false), isShared: false };
    const isShared = await isTaken(wanted);
    return { server: await listenShared(wanted), isShared };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      `cannot listen on ${formatEndpoint(wanted)}: ${code === undefined ? message : explainListenError(code, wanted)}`,
      { cause: error },
    );
  }
}

async function listenShared(wanted: Endpoint): Promise<Server> {
  try {
    return await listen(wanted, true);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTSUP") throw error;
    return listen(wanted, false);
  }
}

/** Whether a socket listens there already: binding a shared port succeeds in either case. */
export async function isTaken(wanted: Endpoint): Promise<boolean> {
  try {
    const alone = await listen(wanted, false);
    await new Promise((resolve) => alone.close(resolve));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  }
}

/**
 * Until it has a listener for them, connections wait: Node accepts none before its loop turns. Rejects with the system's
 * error. Node.js before 22.12 knows no `reusePort` and listens alone.
 */
function listen({ address: host, port }: Endpoint, reusePort: boolean): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(acceptOptions);
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: familyOf(host) === 6, backlog: 1024, reusePort }, () => {
      server.removeAllListeners("error");
      resolve(server);
    });
  });
}
