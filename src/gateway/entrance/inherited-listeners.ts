// Inherited listeners: listening sockets that the process was started with (sd_listen_fds(3)). systemd binds port 21, so
// that the gateway needs no right to. Each one serves the configured endpoint that it is bound to.
import { createServer, type Server, type Socket } from "node:net";
import { type Endpoint, parseAddress, sameEndpoint } from "../../net/endpoint.ts";
import { acceptOptions } from "../../sockets/node-acceptor.ts";
import type { Inherited } from "./listener.ts";

export type InheritedListeners = {
  take(wanted: Endpoint): Inherited | undefined;
  /** Closes those that no gateway has taken, and returns their endpoints. */
  closeRest(): readonly Endpoint[];
};

type Held = { readonly server: Server; readonly endpoint: Endpoint; readonly hold: (socket: Socket) => void };

/** Throws an Error if a descriptor is no listening TCP socket. */
export function adoptListeners(descriptors: readonly number[]): InheritedListeners {
  const waiting = new Map<Server, Socket[]>();
  let held: readonly Held[] = descriptors.map((fd) => {
    const server = createServer(acceptOptions);
    const early: Socket[] = [];
    waiting.set(server, early);
    // Node tells a listener's address only once it listens, and from then on clients may come.
    const hold = (socket: Socket): void => void early.push(socket.on("error", () => {}));
    server.on("connection", hold);
    return { server, endpoint: listenOn(server, fd), hold };
  });
  return {
    take(wanted) {
      const found = held.find(({ endpoint }) => sameEndpoint(endpoint, wanted));
      if (found === undefined) return undefined;
      const { server, hold } = found;
      held = held.filter((other) => other !== found);
      server.off("connection", hold);
      const early = waiting.get(server) ?? [];
      waiting.delete(server);
      return { server, early };
    },
    closeRest() {
      const rest = held;
      held = [];
      for (const { server } of rest) {
        server.close();
        for (const socket of waiting.get(server) ?? []) socket.destroy();
      }
      return rest.map(({ endpoint }) => endpoint);
    },
  };
}

function listenOn(server: Server, fd: number): Endpoint {
  const fail = (reason: string): never => {
    throw new Error(`cannot use the inherited descriptor ${fd}: ${reason}`);
  };
  server.on("error", () => {});
  try {
    server.listen({ fd });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const bound = server.address();
  if (bound === null || typeof bound !== "object") return fail("not a listening TCP socket");
  const address = parseAddress(bound.address);
  return address === undefined ? fail(`no address: ${bound.address}`) : { address, port: bound.port };
}
