// A listening socket of a gateway: bound here, or taken over from whoever started the process.
import { createServer, type Server, type Socket } from "node:net";
import { acceptForeignAddresses, keepUrgentInline } from "../../sockets/socket-options.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../../net/endpoint.ts";

/** `wanted` is what was configured; `endpoint` differs from it where that was port 0. */
export type Listener = {
  readonly server: Server;
  readonly wanted: Endpoint;
  readonly endpoint: Endpoint;
  readonly isInherited: boolean;
};

/** A socket that the process was started with, now accepting for the gateway; undefined if none is at that endpoint. */
export type TakeInherited = (wanted: Endpoint, accepted: (socket: Socket) => void) => Server | undefined;

export type ListenerOptions = {
  readonly takeInherited?: TakeInherited | undefined;
  /** Accepts what TPROXY hands it, connections to any address: where the process may (`try`), or else it fails (`must`). */
  readonly foreign?: "try" | "must" | undefined;
};

export type ListenerEvents = {
  accepted(socket: Socket): void;
  failed(detail: string): void;
};

export const acceptOptions = { allowHalfOpen: true, noDelay: true } as const;

/** Rejects with an Error that names the endpoint. */
export async function openListener(
  wanted: Endpoint,
  { takeInherited, foreign }: ListenerOptions,
  events: ListenerEvents,
): Promise<Listener> {
  const taken = takeInherited?.(wanted, events.accepted);
  const server = taken ?? (await bind(wanted, events.accepted));
  server.on("error", (error) => events.failed(error.message));
  keepUrgentInline(server);
  try {
    acceptForeign(server, wanted, foreign);
  } catch (error) {
    server.close();
    throw error;
  }
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wanted.port;
  return { server, wanted, endpoint: { address: wanted.address, port }, isInherited: taken !== undefined };
}

function bind(wanted: Endpoint, accepted: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(acceptOptions, accepted);
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${formatEndpoint(wanted)}: ${error.code ?? error.message}`));
    });
    const ipv6Only = familyOf(wanted.address) === 6;
    server.listen({ host: wanted.address, port: wanted.port, ipv6Only, backlog: 1024 }, () => {
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
