// Dialled leg: it connects to the endpoint its peer has announced, from the preferred source port if it is free.
import { connect, type Socket } from "node:net";
import { formatEndpoint } from "../../net/endpoint.ts";
import { connectForeign } from "../../sockets/foreign-socket.ts";
import { resetConnecting } from "../../sockets/reset-socket.ts";
import { cancelDeadline, setDeadline } from "../../sockets/deadlines.ts";
import { type DialledLegEvents, sourcePortErrors } from "./ground.ts";
import { guard } from "./leg-guard.ts";
import type { DialLeg } from "../pinhole.ts";

/** One of the events comes, after the call has returned, unless `cancel` comes first; `cancel` does nothing after. */
export function dialLeg(leg: DialLeg, connectMs: number, events: DialledLegEvents<Socket>): { cancel(): void } {
  let socket: Socket;
  let refusal: string | undefined;
  let isCancelled = false;
  const deadline = setDeadline(connectMs, () => {
    cancel();
    events.failed(`no answer from ${formatEndpoint(leg.to)} within ${connectMs} ms`, false);
  });
  dial(leg.fromPort);
  return { cancel };

  function dial(fromPort: number | undefined) {
    socket = connectFrom(leg, fromPort);
    // A connected socket starts to read unless it is paused by then.
    socket.pause();
    socket.once("connect", () => {
      cancelDeadline(deadline);
      socket.off("error", refused);
      guard(socket);
      events.connected(socket, refusal);
    });
    socket.on("error", refused);

    function refused(error: NodeJS.ErrnoException) {
      if (isCancelled) return;
      if (fromPort !== undefined && sourcePortErrors.has(error.code ?? "")) {
        refusal = error.message;
        return dial(undefined);
      }
      cancelDeadline(deadline);
      // Node adds the address that it was bound to, which helps nobody.
      events.failed(error.message.replace(/ - Local \(.*\)$/, ""), error.code === "ECONNRESET");
    }
  }

  function cancel() {
    isCancelled = true;
    cancelDeadline(deadline);
    // Once connected, it is its new owner's to close.
    if (socket.connecting) resetConnecting(socket);
  }
}

function connectFrom({ to, bind, isForeign, isRouted }: DialLeg, port: number | undefined): Socket {
  if (isForeign && bind !== undefined) return connectForeign({ address: bind, port: port ?? 0 }, to);
  // Binding to an address and no port makes the kernel look for a port that is free towards everybody, which takes a
  // millisecond where thousands are in TIME_WAIT; connecting asks for one that is free towards this peer.
  const isBound = bind !== undefined && (port !== undefined || isRouted !== true);
  return connect({
    host: to.address,
    port: to.port,
    allowHalfOpen: true,
    noDelay: true,
    ...(isBound && { localAddress: bind }),
    ...(port !== undefined && { localPort: port }),
  });
}
