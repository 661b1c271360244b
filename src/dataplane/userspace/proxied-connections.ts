// Proxied connections of a listening leg: those of balancers, each of which says first whose it is.
import type { Socket } from "node:net";
import { networkContains, type Endpoint, type Network } from "../../net/endpoint.ts";
import { resetSocket } from "../../sockets/reset-socket.ts";
import { awaitProxyHeader } from "./proxy-header.ts";

export type ProxiedConnections = {
  /** It was not read. `from`: its peer; port 0 if that has gone already. */
  receive(socket: Socket, from: Endpoint): void;
  /** Resets those that have not said yet whose they are. */
  close(): void;
};

/** Of each connection one, the socket with it, which is the callee's. */
export type ProxiedEvents = {
  /** It stands still behind its header. */
  proxied(socket: Socket, source: Endpoint): void;
  /** None of a balancer's, without a header, or of no client. */
  refused(socket: Socket, from: Endpoint): void;
};

/** Connections without their header at once, and how long one has for it: a balancer sends it with the handshake. */
const mostWaiting = 8;
const headerMs = 5000;

export function createProxiedConnections(
  balancers: readonly Network[],
  { proxied, refused }: ProxiedEvents,
): ProxiedConnections {
  const waiting = new Set<{ cancel(): Socket }>();
  return {
    receive(socket, from) {
      const isBalancer = from.port !== 0 && balancers.some((network) => networkContains(network, from.address));
      if (!isBalancer || waiting.size >= mostWaiting) return refused(socket, from);
      const attempt = awaitProxyHeader(socket, headerMs, {
        read(moved, header) {
          waiting.delete(attempt);
          if (header.kind === "proxied") proxied(moved, header.source);
          else refused(moved, from);
        },
        failed(moved) {
          waiting.delete(attempt);
          refused(moved, from);
        },
      });
      waiting.add(attempt);
    },
    close() {
      for (const attempt of waiting) resetSocket(attempt.cancel().on("error", () => {}));
      waiting.clear();
    },
  };
}
