// Transfer view: what a conntrack entry says of the transfer that it carries. Conntrack speaks of the opener and the answerer of
// a connection; a transfer, of client and server. Pure.
import type { ByteCounts, Side } from "../pinhole.ts";
import { type Connection, tcpStates } from "./netlink/conntrack-message.ts";
import type { Marks } from "./marks.ts";

/** Who opens the connection (the listening leg's peer), who answers, and by which marks their RSTs are known. */
export type TransferRoles = {
  readonly listeningSide: Side;
  readonly dialledSide: Side;
  readonly marks: Pick<Marks, "openerReset" | "answererReset">;
};

/** Wire bytes by direction; undefined for an event that carries none. */
export function countsOf({ listeningSide }: TransferRoles, connection: Connection | undefined): ByteCounts | undefined {
  const bytes = connection?.bytes;
  if (bytes === undefined) return undefined;
  const { fromOpener, fromAnswerer } = bytes;
  return listeningSide === "client"
    ? { bytesUp: fromOpener, bytesDown: fromAnswerer }
    : { bytesUp: fromAnswerer, bytesDown: fromOpener };
}

/** Both have answered each other; also true of a connection that has ended in order since. */
export function isEstablished({ state = 0, isAssured }: Connection): boolean {
  return isAssured || (state >= tcpStates.established && state <= tcpStates.timeWait);
}

/** Who sent the RST, from the flags that the table's rules have left in the mark. */
export function resetBy(roles: TransferRoles, { mark }: Connection): "client-reset" | "server-reset" {
  const { listeningSide, dialledSide, marks } = roles;
  if ((mark & marks.openerReset) !== 0) return `${listeningSide}-reset`;
  if ((mark & marks.answererReset) !== 0) return `${dialledSide}-reset`;
  // Our chain has not seen it: somebody else's dropped it. To both peers it is the same.
  return "server-reset";
}

/** The client has acknowledged the server's FIN, and with it all data; or was sent it before the server's RST. */
export function hasDelivered(roles: TransferRoles, connection: Connection): boolean {
  const { state = 0, opener, answerer } = connection;
  const server = roles.listeningSide === "server" ? opener : answerer;
  const haveBothFin = state === tcpStates.lastAck || state === tcpStates.timeWait;
  const isReset = state === tcpStates.close && resetBy(roles, connection) === "server-reset";
  return (haveBothFin || server.closedFirst) && (isReset || !server.hasUnacknowledged);
}

/** Both have sent FIN, and each has acknowledged all of the other's bytes. */
export function isComplete({ state, opener, answerer }: Connection): boolean {
  return state === tcpStates.timeWait && !opener.hasUnacknowledged && !answerer.hasUnacknowledged;
}

/**
 * The receiver has acknowledged the FIN, so it has all there is: an RST would take from it what it has not read yet. Data goes
 * one way in FTP, so the way that has carried more is the one that counts.
 */
export function hasCarriedAll({ opener, answerer, bytes }: Connection): boolean {
  const sender = bytes && bytes.fromOpener > bytes.fromAnswerer ? opener : answerer;
  return sender.closedFirst && !sender.hasUnacknowledged;
}
