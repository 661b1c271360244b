// Transfers: a transfer command, its preliminary and final replies, what the pinhole reports of its data connection, and
// the rule that the completion reply comes after the last byte and never claims more than was delivered.
import { formatReply, isPositive, isPreliminary } from "../ftp/reply.ts";
import type { PinholeEvent, PinholeOutcome } from "../dataplane/pinhole.ts";
import type { Direction, TransferEnded } from "./facts.ts";
import { forgetTransfer, negotiationOverdue } from "./negotiation.ts";
import { transferOvertakes } from "./pairing.ts";
import { refusal, type Refusal } from "./refusals.ts";
import {
  findTransfer,
  isDataMoving,
  isUnansweredTransfer,
  type HeldReply,
  type Outstanding,
  type Session,
  type Transfer,
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
  recordQuirk,
  refuse,
  remove,
  replace,
  sendToServer,
  updateTransfer,
  useDataConnection,
  waitedLongEnough,
  type Work,
} from "./work.ts";

const directions: Readonly<Record<string, Direction>> = {
  RETR: "download",
  LIST: "download",
  NLST: "download",
  MLSD: "download",
  STOR: "upload",
  STOU: "upload",
  APPE: "upload",
};

export function isTransferVerb(verb: string): boolean {
  return Object.hasOwn(directions, verb);
}

/** A transfer command: it takes the negotiated data connection, if there is one. */
export function transferCommand(work: Work, verb: string, line: string): void {
  const { session } = work;
  const transfer = findTransfer(session, session.pending);
  const direction = directions[verb] ?? "unknown";
  session.pending = undefined;
  if (transfer?.closed !== undefined && transfer.closed !== "complete") {
    forgetTransfer(work, transfer.id);
    refuse(work, refusal("no-data-connection:gone", transfer.closed));
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

/** What to do with the first line of a reply to a transfer command. */
export function transferReplyTreatment(work: Work, entry: TransferEntry, code: number): "pass" | "swallow" | "hold" {
  if (entry.answered) {
    if (!isPreliminary(code)) recordQuirk(work, "late-final-reply");
    return "swallow";
  }
  if (isPreliminary(code) || !isPositive(code)) return "pass";
  const transfer = findTransfer(work.session, entry.id);
  if (!entry.begun) recordQuirk(work, "missing-preliminary");
  if (transfer === undefined) return "pass";
  if (transfer.closed !== undefined) return afterItsEnd(work, transfer, transfer.closed);
  if (!entry.begun) emit(work, { kind: "confirm", id: transfer.id });
  return keepUntilDelivered(work, transfer);
}

/** The server has refused the transfer, perhaps in the middle: nothing is to come any more (D4.71). */
export function transferRefused(work: Work, { id, begun }: TransferEntry): void {
  const transfer = findTransfer(work.session, id);
  const isAborted = work.session.outstanding.some(({ kind }) => kind === "abort");
  recordConfirmation(work, id, isAborted ? "aborted" : "unconfirmed");
  if (transfer === undefined || transfer.closed !== undefined) return;
  if (!transfer.joined || !begun) updateTransfer(work, transfer.id, { rejected: true });
  emit(work, { kind: begun ? "release" : "dismiss", id: transfer.id });
}

/** A completion reply for data that is known to have come or not. */
function afterItsEnd(work: Work, transfer: Transfer, outcome: PinholeOutcome): "pass" | "swallow" {
  if (isBelievable(outcome, transfer)) return "pass";
  insteadOfReply(work, outcomeReplies[outcome]);
  return "swallow";
}

/**
 * The server says that it is done. What it sent may still be on its way through us, so the client hears of it when the
 * last byte is handed over (D4.68). Of an upload the server alone can know, and a client that aborts waits for no data.
 */
function keepUntilDelivered(work: Work, { id, delivered, joined, direction }: Transfer): "pass" | "hold" {
  const isAborting = work.session.outstanding.some(({ kind }) => kind === "abort");
  if (delivered) return "pass";
  if (joined) emit(work, { kind: "linger", id });
  else if (isAborting) emit(work, { kind: "release", id });
  else startLinger(work);
  return isAborting || (joined && direction === "upload") ? "pass" : "hold";
}

function startLinger(work: Work): void {
  emit(work, { kind: "timer", timer: "linger", ms: lingerMs(work) });
}

/** The final reply has been passed on, swallowed, or given by us. */
export function transferAnswered(work: Work, entry: TransferEntry): void {
  emit(work, { kind: "cancel", timer: "linger" });
  recordConfirmation(work, entry.id, "complete");
  const transfer = findTransfer(work.session, entry.id);
  if (transfer?.closed !== undefined) forgetTransfer(work, transfer.id);
  if (!entry.answered) transferOvertakes(work, entry);
  remove(work, entry);
  limitWait(work);
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
  } else if (event.kind === "admitted") {
    updateTransfer(work, id, { admitted: true });
  } else if (event.kind === "delivered") {
    updateTransfer(work, id, { delivered: true });
    if (session.held?.id === id) giveHeldReply(work, session.held, "complete");
  } else if (event.kind === "closed") {
    closed(work, transfer, event);
  }
}

function closed(work: Work, transfer: Transfer, event: Extract<PinholeEvent, { kind: "closed" }>): void {
  const { session } = work;
  const { id } = transfer;
  updateTransfer(work, id, { closed: event.outcome });
  const { verb, direction, clientMode, serverMode, plane, joined } = transfer;
  const { bytesUp, bytesDown, durationMs, detail } = event;
  const entry = unansweredEntry(session, id);
  const fact: TransferEnded = {
    kind: "transfer-ended",
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

function unansweredEntry(session: Session, id: number): TransferEntry | undefined {
  return session.outstanding
    .filter(isUnansweredTransfer)
    .find((entry) => entry.id === id && !isBeingAnswered(session, entry));
}

/** The first line of its final reply is out, further ones follow. */
function isBeingAnswered({ openReply }: Session, entry: TransferEntry): boolean {
  return openReply?.ticket === entry.ticket && !isPreliminary(openReply.code);
}

/** The data connection has ended and the server has not said so: it gets the linger time, unless nothing can come of it. */
function awaitFinalReply(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  if (outcome === "expired" || outcome === "server-unreachable") answerInstead(work, entry, outcome);
  else startLinger(work);
}

/** The completion reply that waited, or the truth instead of it. Its further lines follow the first one's fate. */
function giveHeldReply(work: Work, held: HeldReply, outcome: PinholeOutcome): void {
  const { session } = work;
  session.held = undefined;
  const isPassed = isBelievable(outcome, findTransfer(session, held.id));
  if (isPassed) passReply(work, held.code, held.raw);
  else insteadOfReply(work, outcomeReplies[outcome]);
  const entry = session.outstanding.find(({ ticket }) => ticket === held.ticket);
  if (!held.isWhole) {
    const treatment = isPassed ? "pass" : "swallow";
    session.openReply = { code: held.code, treatment, ticket: held.ticket, firstText: "", features: [] };
  } else if (entry?.kind === "transfer") {
    transferAnswered(work, entry);
  }
}

/** The final reply of a transfer, or its data, is overdue: the client is told what is known. */
export function lingerExpired(work: Work): void {
  const { session } = work;
  const { held } = session;
  const transfer = findTransfer(session, held?.id);
  if (held !== undefined && transfer?.joined === false) {
    // A server may find nothing to send not worth a connection (an empty listing). An upload without one is none.
    giveHeldReply(work, held, transfer.direction === "upload" ? "expired" : "complete");
    emit(work, { kind: "release", id: held.id });
  }
  for (const { id, closed: outcome } of session.transfers) {
    const entry = unansweredEntry(session, id);
    if (entry !== undefined && outcome !== undefined) answerInstead(work, entry, outcome);
  }
  negotiationOverdue(work);
  waitedLongEnough(work);
}

/** In the place of its own reply, which is swallowed if it comes still. */
function answerInstead(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  const { reason, code, text } = outcomeReplies[outcome];
  record(work, { kind: "refusal", reason, detail: text });
  const ours: Outstanding = { kind: "local", code, bytes: formatReply(code, text), ...newTicket(work) };
  replace(work, entry, [ours, { ...entry, answered: true }]);
  transferOvertakes(work, entry);
  recordConfirmation(work, entry.id, "unconfirmed");
  if (entry.id !== undefined) forgetTransfer(work, entry.id);
}

function insteadOfReply(work: Work, { reason, code, text }: Refusal): void {
  record(work, { kind: "refusal", reason, detail: text });
  passReply(work, code, formatReply(code, text));
}
