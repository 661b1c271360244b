// Lent sockets: the legs of a connection on Node's sockets, as they are lent to who carries bulk.
import type { Socket } from "node:net";
import { lendDescriptor } from "../../sockets/socket-options.ts";
import type { JoinedLegs } from "../userspace/carriage.ts";
import { closeLegs } from "../userspace/leg.ts";
import type { LentLegs } from "./bulk.ts";

/** Undefined if they have no descriptors to lend. */
export function lentSockets({ client, server }: JoinedLegs): LentLegs | undefined {
  const descriptors = { client: lendDescriptor(client), server: lendDescriptor(server) };
  if (descriptors.client === undefined || descriptors.server === undefined) return undefined;
  const leg = (socket: Socket, hasFin: boolean) => ({ socket, hasFin: hasFin || socket.writableEnded });
  return {
    client: descriptors.client,
    server: descriptors.server,
    close: (end, hasFin) => closeLegs(end, { client: leg(client, hasFin.client), server: leg(server, hasFin.server) }),
  };
}
