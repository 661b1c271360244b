// Rejections: a server that has answered no to a data connection, as a failure of its session.
import { diagnoseRejected, toldEndpoint } from "./diagnose-control.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { findTransfer } from "./state.ts";
import type { Negotiation } from "./transfer-state.ts";
import { recordFailure, type Work } from "./work.ts";

/** `isUnreadable`: the server has said yes, without an endpoint. */
export function recordRejection(work: Work, { id, tried, current }: Negotiation, isUnreadable: boolean): Diagnosis {
  const { session } = work;
  const told = toldEndpoint(session, current, findTransfer(session, id)?.serverListens?.port);
  const diagnosis = diagnoseRejected(session, tried, { isUnreadable, told });
  recordFailure(work, diagnosis, id);
  return diagnosis;
}
