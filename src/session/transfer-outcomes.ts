// Transfer outcomes: what a client is told of a data connection whose end the server does not report, or not truly.
import type { PinholeOutcome } from "../dataplane/pinhole.ts";
import { refusal, type Refusal } from "./refusals.ts";
import type { Transfer } from "./transfer-state.ts";

/**
 * Whether a server's 226 can be true, whichever of the two came first: they come by two connections. A server that resets
 * a download whose end the client has been given has sent everything (D4.77); what else a reset cuts off may have been on
 * its way, and the client has had the reset. Of an upload the server alone can know.
 */
export function isBelievable(outcome: PinholeOutcome, transfer: Transfer | undefined): boolean {
  if (outcome === "complete") return true;
  return outcome === "server-reset" && (transfer?.direction === "upload" || transfer?.delivered === true);
}

/** What is known of a data connection whose end the server does not report, or not truly. */
export const outcomeReplies: Readonly<Record<PinholeOutcome, Refusal>> = {
  complete: refusal("unconfirmed-transfer"),
  "client-reset": refusal("broken-transfer", "the client broke the data connection"),
  "server-reset": refusal("broken-transfer", "the server broke the data connection"),
  "client-tls-failed": refusal("no-data-connection", "TLS with the client failed"),
  "server-tls-failed": refusal("no-data-connection", "TLS with the server failed"),
  "tls-truncated": refusal("broken-transfer", "the data connection was cut off"),
  stalled: refusal("broken-transfer", "the data connection stalled"),
  aborted: refusal("broken-transfer", "the data connection was aborted"),
  "client-unreachable": refusal("no-data-connection", "the client could not be reached"),
  "server-unreachable": refusal("no-data-connection", "the server's data port could not be reached"),
  expired: refusal("no-data-connection", "no data connection was made"),
  released: refusal("no-data-connection", "no data connection was made"),
};
