// Next server: a session leaves a server of a pool, of which its client has not heard, and the next one is dialled.
import type { SessionEffect } from "../../session/events.ts";
import { closeTransport, listenTo, type TransportEvents } from "../../sockets/transport.ts";
import type { Driver } from "./driver-state.ts";

const unheard: TransportEvents<undefined> = { arrived() {}, ended() {}, failed() {}, drained() {}, closed() {} };

export function connectNextServer(
  driver: Driver,
  { why, detail }: Extract<SessionEffect, { kind: "connect-next" }>,
): void {
  const { server, stay } = driver;
  if (server === undefined || stay === undefined) throw new Error("the server that is to be left is not of a pool");
  driver.server = undefined;
  driver.tls?.forget(server);
  listenTo(server.transport, undefined, unheard);
  closeTransport(server.transport);
  stay.passOver(why, detail);
}
