// Completion: the final reply of a transfer, which comes after the last byte and never claims more than was delivered; what
// the client is told in its place, and how long it is waited for.
import { formatReply, isPositive, isPreliminary } from "../ftp/reply.ts";
import type { PinholeOutcome } from "../dataplane/pinhole.ts";
import { diagnoseUnanswered } from "./diagnose-control.ts";
import { diagnoseTransfer } from "./diagnose.ts";
import { forgetTransfer, negotiationOverdue } from "./negotiation.ts";
import { transferOvertakes } from "./pairing.ts";
import { explained, type Refusal } from "./refusals.ts";
import type { Transfer } from "./transfer-state.ts";
import {
  atFirstLine,
  findTransfer,
  isBeingMade,
  isUnansweredTransfer,
  type HeldReply,
  type Outstanding,
  type Session,
  type TransferEntry,
} from "./state.ts";
import { isBelievable, outcomeReplies } from "./transfer-outcomes.ts";
import {
  emit,
  limitWait,
  lingerMs,
  newTicket,
  passReply,
  record,
  recordConfirmation,
  recordFailure,
  recordQuirk,
  remove,
  replace,
  waitedLongEnough,
  type Work,
} from "./work.ts";

/** What to do with the first line of a reply to a transfer command. */
export function transferReplyTreatment(work: Work, entry: TransferEntry, code: number): "pass" | "swallow" | "hold" {
  if (entry.answered) {
    if (!isPreliminary(code)) recordQuirk(work, "late-final-reply");
    return "swallow";
  }
  if (isPreliminary(code)) return "pass";
  const transfer = findTransfer(work.session, entry.id);
  if (!isPositive(code)) return refusedByUs(work, transfer);
  if (!entry.begun) recordQuirk(work, "missing-preliminary");
  if (transfer === undefined) return withoutDataConnection(work, entry);
  if (transfer.closed !== undefined) return afterItsEnd(work, transfer, transfer.closed);
  if (!entry.begun) emit(work, { kind: "confirm", id: transfer.id });
  return keepUntilDelivered(work, transfer);
}

/** What the server says of a data connection that was refused here is about our reset; the client is told why. */
function refusedByUs(work: Work, transfer: Transfer | undefined): "pass" | "swallow" {
  if (transfer?.closed !== "client-tls-failed") return "pass";
  return afterItsEnd(work, transfer, transfer.closed);
}

/** None was negotiated. A server may find nothing to list not worth one (D4.67); anything else was not carried, by anybody. */
function withoutDataConnection(work: Work, { verb }: TransferEntry): "pass" | "swallow" {
  if (isListing(verb)) return "pass";
  insteadOfReply(work, outcomeReplies.expired);
  return "swallow";
}

function isListing(verb: string): boolean {
  return ["LIST", "NLST", "MLSD"].includes(verb);
}

/** A completion reply for data that is known to have come or not. */
function afterItsEnd(work: Work, transfer: Transfer, outcome: PinholeOutcome): "pass" | "swallow" {
  if (isBelievable(outcome, transfer)) return "pass";
  insteadOfReply(work, outcomeReply(work, transfer, outcome));
  return "swallow";
}

/**
 * The server says that it is done. What it sent may still be on its way through us, so the client hears of it when the
 * last byte is handed over (D4.68). Of an upload the server alone can know, and a client that aborts waits for no data.
 */
function keepUntilDelivered(work: Work, transfer: Transfer): "pass" | "hold" {
  const { id, delivered, joined, direction } = transfer;
  const isAborting = work.session.outstanding.some(({ kind }) => kind === "abort");
  if (delivered) return "pass";
  if (joined) emit(work, { kind: "linger", id });
  else if (isAborting) emit(work, { kind: "release", id });
  else if (!isBeingMade(transfer)) startLinger(work);
  return isAborting || (joined && direction === "upload") ? "pass" : "hold";
}

function startLinger(work: Work): void {
  emit(work, { kind: "timer", timer: "linger", ms: lingerMs(work) });
}

/** The final reply has been passed on, swallowed, or given by us. */
export function transferAnswered(work: Work, entry: TransferEntry): void {
  emit(work, { kind: "cancel", timer: "linger" });
  if (entry.direction !== "download") emit(work, { kind: "cancel", timer: "result" });
  recordConfirmation(work, entry.id, "complete");
  const transfer = findTransfer(work.session, entry.id);
  if (transfer?.closed !== undefined) forgetTransfer(work, transfer.id);
  if (!entry.answered) transferOvertakes(work, entry);
  remove(work, entry);
  limitWait(work);
}

export function unansweredEntry(session: Session, id: number): TransferEntry | undefined {
  return session.outstanding
    .filter(isUnansweredTransfer)
    .find((entry) => entry.id === id && !isBeingAnswered(session, entry));
}

/** The first line of its final reply is out, further ones follow. */
function isBeingAnswered({ openReply }: Session, entry: TransferEntry): boolean {
  return openReply?.ticket === entry.ticket && !isPreliminary(openReply.code);
}

/**
 * The data connection has ended and the server has not said so: it gets the linger time, unless nothing can come of it. What
 * became of an upload it alone knows, and it may move, scan or encrypt the file first: it gets the idle time.
 */
export function awaitFinalReply(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  if (outcome === "expired" || outcome === "server-unreachable") answerInstead(work, entry, outcome);
  else if (isUploaded(entry, outcome)) {
    emit(work, { kind: "timer", timer: "result", ms: work.session.options.timeouts.idleMs });
  } else startLinger(work);
}

function isUploaded({ direction }: TransferEntry, outcome: PinholeOutcome): boolean {
  return direction !== "download" && outcome === "complete";
}

/** An upload's result is overdue too. Returns whether there was one. */
export function resultOverdue(work: Work): boolean {
  return answerOverdue(work, isUploaded);
}

function answerOverdue(work: Work, isOverdue: (entry: TransferEntry, outcome: PinholeOutcome) => boolean): boolean {
  let isFound = false;
  for (const { id, closed: outcome } of work.session.transfers) {
    const entry = unansweredEntry(work.session, id);
    if (entry === undefined || outcome === undefined || !isOverdue(entry, outcome)) continue;
    answerInstead(work, entry, outcome);
    isFound = true;
  }
  return isFound;
}

/** The completion reply that waited, or the truth instead of it. Its further lines follow the first one's fate. */
export function giveHeldReply(work: Work, held: HeldReply, outcome: PinholeOutcome): void {
  const { session } = work;
  session.held = undefined;
  const isPassed = isBelievable(outcome, findTransfer(session, held.id));
  if (isPassed) passReply(work, held.code, held.raw);
  else insteadOfReply(work, outcomeReply(work, findTransfer(session, held.id), outcome));
  const entry = session.outstanding.find(({ ticket }) => ticket === held.ticket);
  if (!held.isWhole) {
    const treatment = isPassed ? "pass" : "swallow";
    session.openReply = { code: held.code, treatment, ticket: held.ticket, firstText: "", ...atFirstLine };
  } else if (entry?.kind === "transfer") {
    transferAnswered(work, entry);
  }
}

/** The final reply of a transfer, or its data, is overdue: the client is told what is known. */
export function lingerExpired(work: Work): void {
  const { session } = work;
  const { held } = session;
  const transfer = findTransfer(session, held?.id);
  if (held !== undefined && transfer?.joined === false && !isBeingMade(transfer)) {
    // A server may find nothing to list not worth a connection. What it tried to send, and any file, was not delivered.
    const isEmptyList =
      isListing(transfer.verb) && transfer.came.server === undefined && transfer.strangers.server === undefined;
    giveHeldReply(work, held, isEmptyList ? "complete" : "expired");
    emit(work, { kind: "release", id: held.id });
  }
  answerOverdue(work, (entry, outcome) => !isUploaded(entry, outcome));
  negotiationOverdue(work);
  waitedLongEnough(work);
}

/** In the place of its own reply, which is swallowed if it comes still. */
function answerInstead(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  const { reason, code, text } = outcomeReply(work, findTransfer(work.session, entry.id), outcome);
  if (outcome === "complete") recordFailure(work, diagnoseUnanswered(work.session, entry), entry.id);
  record(work, { kind: "refusal", reason, detail: text });
  const ours: Outstanding = { kind: "local", code, bytes: formatReply(code, text), ...newTicket(work) };
  replace(work, entry, [ours, { ...entry, answered: true }]);
  transferOvertakes(work, entry);
  recordConfirmation(work, entry.id, "unconfirmed");
  if (entry.id !== undefined) forgetTransfer(work, entry.id);
}

/** What the client is told, with what was found out; a data connection that is given up is diagnosed by that. */
function outcomeReply(work: Work, transfer: Transfer | undefined, outcome: PinholeOutcome): Refusal {
  const { session } = work;
  if (transfer === undefined) return outcomeReplies[outcome];
  const diagnosis = transfer.diagnosis ?? diagnoseTransfer(session, transfer, outcome);
  recordFailure(work, diagnosis, transfer.id);
  return explained(outcomeReplies[outcome], diagnosis);
}

function insteadOfReply(work: Work, { reason, code, text }: Refusal): void {
  record(work, { kind: "refusal", reason, detail: text });
  passReply(work, code, formatReply(code, text));
}
