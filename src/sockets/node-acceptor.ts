// Acceptor on Node's own server.
import type { Server, Socket } from "node:net";
import { acceptedTransport } from "./node-transport.ts";
import { acceptForeignAddresses, listeningDescriptor, presetAccepted } from "./socket-options.ts";
import type { Acceptor, AcceptorEvents, AcceptorOptions } from "./sockets.ts";

/** Of the server: nothing is read from what it accepts until its transport is made. */
export const acceptOptions = { allowHalfOpen: true, pauseOnConnect: true } as const;

export function acceptByNode(
  server: Server,
  { keepaliveMs, isInherited, early }: AcceptorOptions,
  events: AcceptorEvents,
): Acceptor {
  const accepting = { keepaliveMs, isPreset: false };
  const accepted = (socket: Socket): void => events.accepted(acceptedTransport(socket, accepting));
  for (const socket of early) accepted(socket);
  server.on("connection", accepted);
  server.on("error", (error) => events.failed((error as NodeJS.ErrnoException).code ?? error.message));
  if (!isInherited) preset();
  return {
    setKeepalive(idleMs) {
      if (idleMs === accepting.keepaliveMs) return;
      accepting.keepaliveMs = idleMs;
      if (!isInherited) preset();
    },
    acceptForeign: (family) => acceptForeignAddresses(server, family),
    descriptor: () => listeningDescriptor(server),
    close: () => void server.close(),
  };

  function preset(): void {
    accepting.isPreset = false;
    // Connections that were made before are accepted until then.
    if (presetAccepted(server, accepting.keepaliveMs)) setImmediate(() => (accepting.isPreset = true));
  }
}
