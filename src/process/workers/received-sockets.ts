// Received sockets: those that a worker was given, until one of its gateways listens there.
import type { TakeInherited } from "../../gateway/entrance/listener.ts";
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import { closeBound, listenOnBound } from "../../sockets/bound-socket.ts";

export type ReceivedSockets = {
  receive(endpoint: Endpoint, handle: unknown): void;
  readonly take: TakeInherited;
  /** Closes those that no gateway has taken. */
  closeRest(): void;
};

export function createReceivedSockets(): ReceivedSockets {
  const waiting = new Map<string, unknown>();
  return {
    receive: (endpoint, handle) => void waiting.set(formatEndpoint(endpoint), handle),
    take(wanted) {
      const key = formatEndpoint(wanted);
      const handle = waiting.get(key);
      if (handle === undefined) return undefined;
      waiting.delete(key);
      return { server: listenOnBound(handle), early: [] };
    },
    closeRest() {
      for (const handle of waiting.values()) closeBound(handle);
      waiting.clear();
    },
  };
}
