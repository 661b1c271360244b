// Transfers: a transfer command, its preliminary reply, its refusal, an ABOR, and what the pinhole reports of its data
// connection.
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import { metricVerb, transferDirection } from "../ftp/command.ts";
import { awaitFinalReply, giveHeldReply, unansweredEntry } from "./completion.ts";
import { diagnoseRejected, type Answer } from "./diagnose-control.ts";
import { tlsFailureOf } from "./diagnose-tls.ts";
import { diagnoseMissing, diagnoseTransfer } from "./diagnose.ts";
import type { TransferEnded } from "./facts.ts";
import { forgetTransfer } from "./negotiation.ts";
import { explained, refusal } from "./refusals.ts";
import { protectionOf } from "./security-state.ts";
import type { Transfer } from "./transfer-state.ts";
import { findTransfer, isBeingMade, isDataMoving, transferOf, type TransferEntry } from "./state.ts";
import {
  emit,
  record,
  recordConfirmation,
  recordFailure,
  recordQuirk,
  refuse,
  replace,
  sendToServer,
  updateTransfer,
  useDataConnection,
  type Work,
} from "./work.ts";

/** What uses the data connection, or, being a server's own, may. */
export function mayTransfer(verb: string): boolean {
  return transferDirection(verb) !== undefined || metricVerb(verb) === "other";
}

/** A transfer command: it takes the negotiated data connection, if there is one. */
export function transferCommand(work: Work, verb: string, line: string): void {
  const { session } = work;
  const transfer = findTransfer(session, session.pending);
  const direction = transferDirection(verb) ?? "unknown";
  session.pending = undefined;
  if (transfer?.closed !== undefined && transfer.closed !== "complete") {
    forgetTransfer(work, transfer.id);
    refuse(
      work,
      explained(refusal("no-data-connection:gone", transfer.closed), transfer.joined ? undefined : transfer.diagnosis),
    );
    return;
  }
  if (transfer !== undefined && transfer.plans.client.protection !== protectionOf(session, "client").protection) {
    // PROT came behind PASV: the data connection is no more what the client means.
    emit(work, { kind: "release", id: transfer.id });
    refuse(work, refusal("no-data-connection:prot"));
    return;
  }
  if (transfer !== undefined) useDataConnection(work, transfer, verb, direction);
  const pending = { kind: "transfer", verb, direction, id: transfer?.id, begun: false, answered: false } as const;
  sendToServer(work, line, pending);
}

/** An ABOR. The client doesn't want what a held completion reply waits for. */
export function abortCommand(work: Work, verb: string, line: string): void {
  const { held } = work.session;
  if (held !== undefined) {
    giveHeldReply(work, held, "aborted");
    emit(work, { kind: "release", id: held.id });
  }
  sendToServer(work, line, { kind: "abort", verb });
  if (isDataMoving(work.session)) emit(work, { kind: "timer", timer: "abort", ms: abortPatienceMs });
}

/** A server that reads its control connection during a transfer has answered by then. */
const abortPatienceMs = 250;

/**
 * The others, vsftpd 3.0.3 and ProFTPD 1.3.8 among them, act on no form of ABOR while their data connection is open, be it
 * plain, a Telnet synch or urgent (measured); on its loss all of them act at once.
 */
export function abortOverdue(work: Work): void {
  const { outstanding, transfers } = work.session;
  if (!outstanding.some(({ kind, optional }) => kind === "abort" && !optional)) return;
  for (const { id, joined, closed: outcome } of transfers) {
    if (joined && outcome === undefined) emit(work, { kind: "release", id });
  }
}

/** A whole preliminary reply has been passed on: now the client expects its data (D4.66). */
export function transferBegun(work: Work, entry: TransferEntry): void {
  if (entry.begun) return;
  replace(work, entry, [{ ...entry, begun: true }]);
  const transfer = findTransfer(work.session, entry.id);
  if (transfer !== undefined) emit(work, { kind: "confirm", id: transfer.id });
}

/** The server has refused the transfer, perhaps in the middle: nothing is to come any more (D4.71). */
export function transferRefused(work: Work, { id, begun, verb }: TransferEntry, code: number, text: string): void {
  const transfer = findTransfer(work.session, id);
  const isAborted = work.session.outstanding.some(({ kind }) => kind === "abort");
  recordConfirmation(work, id, isAborted ? "aborted" : "unconfirmed");
  if (!isAborted && (code === 425 || code === 426)) noDataForServer(work, transfer, { mode: verb, code, text });
  if (transfer === undefined || transfer.closed !== undefined) return;
  if (!transfer.joined || !begun) updateTransfer(work, transfer.id, { rejected: true });
  // 550 behind a 125: there never was a file. What has carried nothing ends as it would without us.
  const isBroken = begun && (isAborted || code < 500 || code === 551 || code === 552);
  emit(work, { kind: isBroken ? "release" : "dismiss", id: transfer.id });
}

/** The server itself says that there is no data connection, or none any more: nobody has come, or it does not want ours. */
function noDataForServer(work: Work, transfer: Transfer | undefined, answer: Answer): void {
  if (transfer === undefined) return;
  const { session } = work;
  const missing = transfer.diagnosis ?? diagnoseMissing(session, transfer);
  const rejection = { isUnreadable: false, told: undefined };
  recordFailure(work, missing ?? diagnoseRejected(session, [answer], rejection), transfer.id);
}

/** Whatever the data plane reports after `opened`. */
export function pinholeReported(work: Work, id: number, event: PinholeEvent): void {
  const { session } = work;
  const transfer = findTransfer(session, id);
  if (transfer === undefined || transfer.closed !== undefined) return;
  if (event.kind === "joined" && !transfer.joined) {
    updateTransfer(work, id, { joined: true });
    if (session.phase.name !== "ended" && session.pending !== id) emit(work, { kind: "cancel", timer: "idle" });
    if (session.held?.id === id) {
      // From here on it is up to the data plane how long it takes.
      emit(work, { kind: "cancel", timer: "linger" });
      emit(work, { kind: "linger", id });
    }
    record(work, { kind: "transfer-started", plane: transfer.plane, verb: transfer.verb });
  } else if (event.kind === "secured") {
    const { kind: _, ...secured } = event;
    record(work, { kind: "tls-started", connection: "data", ...secured });
  } else if (event.kind === "no-close-notify") {
    recordQuirk(work, "no-close-notify");
  } else if (event.kind === "reached") {
    updateTransfer(work, id, { reached: true });
  } else if (event.kind === "admitted" || event.kind === "stranger") {
    peerConnected(work, transfer, event);
  } else if (event.kind === "delivered") {
    updateTransfer(work, id, { delivered: true });
    if (session.held?.id === id) giveHeldReply(work, session.held, "complete");
  } else if (event.kind === "closed") {
    closed(work, transfer, event);
  }
}

function peerConnected(
  work: Work,
  { id, came, strangers }: Transfer,
  { kind, side, from }: Extract<PinholeEvent, { kind: "admitted" | "stranger" }>,
): void {
  const { session } = work;
  if (kind === "admitted") updateTransfer(work, id, { came: { ...came, [side]: from } });
  else updateTransfer(work, id, { strangers: { ...strangers, [side]: from } });
  if (session.held?.id === id && isBeingMade(transferOf(session, id))) emit(work, { kind: "cancel", timer: "linger" });
}

function closed(work: Work, transfer: Transfer, event: Extract<PinholeEvent, { kind: "closed" }>): void {
  const { session } = work;
  const { id } = transfer;
  const broken = tlsFailureOf(event);
  if (broken !== undefined) record(work, broken);
  const diagnosis = diagnoseTransfer(session, transfer, event.outcome, event.detail);
  updateTransfer(work, id, { closed: event.outcome, ...(diagnosis && { diagnosis }) });
  recordFailure(work, diagnosis, id);
  const { verb, direction, clientMode, serverMode, plane, joined } = transfer;
  const { bytesUp, bytesDown, durationMs, detail } = event;
  const entry = unansweredEntry(session, id);
  const fact: TransferEnded = {
    kind: "transfer-ended",
    id,
    verb,
    direction,
    clientMode,
    serverMode,
    plane,
    joined,
    bytesUp,
    bytesDown,
    durationMs,
    outcome: transfer.rejected ? "rejected" : event.outcome,
    ...(detail === undefined ? {} : { detail }),
    ...(diagnosis && { diagnosis }),
  };
  if (entry !== undefined && session.held?.id !== id && fact.outcome === "complete") {
    updateTransfer(work, id, { unconfirmed: fact });
  } else record(work, fact);
  if (session.phase.name === "ended") return;
  if (!isDataMoving(session)) emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  if (session.held?.id === id) giveHeldReply(work, session.held, event.outcome);
  else if (entry !== undefined) awaitFinalReply(work, entry, event.outcome);
  else if (session.pending !== id && session.negotiation?.id !== id) forgetTransfer(work, id);
}
