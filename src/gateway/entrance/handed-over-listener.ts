// Handed-over listener: a listening socket that came from another process. Nobody is accepted there before it begins: until then all
// clients are that process's.
import { createServer } from "node:net";
import { type Endpoint, familyOf, formatEndpoint } from "../../net/endpoint.ts";
import { closeDescriptor } from "../../sockets/local-conversation.ts";
import { acceptOptions } from "../../sockets/node-acceptor.ts";
import { acceptForeignOn, keepUrgentInline } from "../../sockets/socket-options.ts";
import type { Acceptor, AcceptorEvents } from "../../sockets/sockets.ts";
import type { HandedOver, Listener, ListenerOptions } from "./listener.ts";

/** The descriptor is the listener's from now on. Throws an Error that names the endpoint. */
export function openHandedOver(
  wanted: Endpoint,
  { descriptor, endpoint }: HandedOver,
  { sockets, foreign, keepaliveMs }: Pick<ListenerOptions, "sockets" | "foreign" | "keepaliveMs">,
  events: AcceptorEvents,
): Listener {
  let acceptor: Acceptor | undefined;
  const acceptForeign = (mode: ListenerOptions["foreign"]): void => {
    const refusal = mode && acceptForeignOn(acceptor?.descriptor() ?? descriptor, familyOf(wanted.address));
    if (refusal === undefined || mode !== "must") return;
    throw new Error(`cannot listen on ${formatEndpoint(wanted)} for TPROXY: ${refusal}`);
  };
  const close = (): void => (acceptor ? acceptor.close() : closeDescriptor(descriptor));
  try {
    acceptForeign(foreign);
  } catch (error) {
    close();
    throw error;
  }
  return {
    ...{ wanted, endpoint, isInherited: true, isShared: false },
    acceptForeign,
    begin() {
      if (acceptor !== undefined) return;
      const server = createServer(acceptOptions);
      server.listen({ fd: descriptor, backlog: 1024 });
      keepUrgentInline(server);
      // Whoever waits in its queue has the options that the other process has given it.
      acceptor = sockets.accept(server, { keepaliveMs, isInherited: false, early: [] }, events);
    },
    setKeepalive: (idleMs) => acceptor?.setKeepalive(idleMs),
    descriptor: () => acceptor?.descriptor() ?? descriptor,
    close,
  };
}
