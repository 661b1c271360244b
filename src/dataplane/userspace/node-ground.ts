// Ground of Node's sockets.
import type { Socket } from "node:net";
import { resetSocket } from "../../sockets/reset-socket.ts";
import { watchStandstill, watchUnacknowledged } from "../../sockets/socket-options.ts";
import type { Carry } from "./carriage.ts";
import { dialLeg } from "./dialled-leg.ts";
import type { Ground } from "./ground.ts";
import { closeLeg } from "./leg-guard.ts";
import { openListeningLeg } from "./listening-leg.ts";

export function nodeGround(carry: Carry): Ground<Socket> {
  return {
    listen: (leg, events) =>
      openListeningLeg(leg, { ...events, admitted: (socket, from) => events.admitted(unheard(socket), from) }),
    dial: (leg, connectMs, events) =>
      dialLeg(leg, connectMs, {
        ...events,
        connected: (socket, refusal) => events.connected(unheard(socket), refusal),
      }),
    say: (socket, text) => void socket.write(text, "latin1"),
    watch(socket, { heard, broken }) {
      socket.once("readable", heard);
      socket.on("error", ({ message }) => broken(message));
    },
    takeHead(socket) {
      const head: unknown = socket.read();
      return Buffer.isBuffer(head) ? head : undefined;
    },
    reset: (socket) => resetSocket(socket),
    close: closeLeg,
    // The carriage may take the sockets' handles over.
    unacknowledged: watchUnacknowledged,
    standstill: watchStandstill,
    carry,
  };
}

/** An error that nobody hears of would end the process. */
function unheard(socket: Socket): Socket {
  return socket.on("error", () => {});
}
