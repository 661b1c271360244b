// Transfer outcomes: what a client is told of a data connection whose end the server does not report, or not truly.
import type { PinholeOutcome } from "../dataplane/pinhole.ts";
import type { RefusalReason } from "./reasons.ts";
import type { Transfer } from "./state.ts";

/**
 * Whether a server's 226 can be true, whichever of the two came first: they come by two connections. A server that resets
 * a download whose end the client has been given has sent everything (D4.77); what else a reset cuts off may have been on
 * its way, and the client has had the reset. Of an upload the server alone can know.
 */
export function isBelievable(outcome: PinholeOutcome, transfer: Transfer | undefined): boolean {
  if (outcome === "complete") return true;
  return outcome === "server-reset" && (transfer?.direction === "upload" || transfer?.delivered === true);
}

type OutcomeReply = { readonly reason: RefusalReason; readonly code: number; readonly text: string };

function broken(words: string): OutcomeReply {
  return { reason: "broken-transfer", code: 426, text: `Transfer incomplete: ${words}.` };
}

function unconnected(words: string): OutcomeReply {
  return { reason: "no-data-connection", code: 425, text: `Can't open data connection: ${words}.` };
}

/** What is known of a data connection whose end the server does not report, or not truly. */
export const outcomeReplies: Readonly<Record<PinholeOutcome, OutcomeReply>> = {
  complete: { reason: "unconfirmed-transfer", code: 451, text: "The server did not confirm the transfer." },
  "client-reset": broken("the client broke the data connection"),
  "server-reset": broken("the server broke the data connection"),
  stalled: broken("the data connection stalled"),
  aborted: broken("the data connection was aborted"),
  "client-unreachable": unconnected("the client could not be reached"),
  "server-unreachable": unconnected("the server's data port could not be reached"),
  expired: unconnected("no data connection was made"),
  released: unconnected("no data connection was made"),
};
