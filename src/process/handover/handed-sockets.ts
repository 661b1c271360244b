// Handed sockets: the listening sockets that another process has sent, until gateways and the admin listener take them.
import type { HandedOver } from "../../gateway/entrance/listener.ts";
import { type Endpoint, sameEndpoint } from "../../net/endpoint.ts";
import { closeDescriptor } from "../../sockets/local-conversation.ts";
import type { SocketUse } from "./handover-messages.ts";

export type HandedSocket = HandedOver & { readonly use: SocketUse; readonly wanted: Endpoint };

export type HandedSockets = {
  /** Each once. One that was opened at port 0 is found by that, too. */
  take(use: SocketUse, wanted: Endpoint): HandedOver | undefined;
  /** Closes those that nobody has taken, and returns their endpoints. */
  closeRest(): readonly Endpoint[];
};

export function createHandedSockets(sockets: readonly HandedSocket[]): HandedSockets {
  let rest = sockets;
  return {
    take(use, wanted) {
      const found = rest.find(
        (one) => one.use === use && (sameEndpoint(one.endpoint, wanted) || sameEndpoint(one.wanted, wanted)),
      );
      rest = rest.filter((one) => one !== found);
      return found;
    },
    closeRest() {
      const closed = rest;
      rest = [];
      for (const { descriptor } of closed) closeDescriptor(descriptor);
      return closed.map(({ endpoint }) => endpoint);
    },
  };
}
