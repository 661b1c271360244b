// What becomes of a transfer command and of its data connection: preliminary and final replies, the pinhole's reports, and
// the rule that the completion reply comes after the last byte and never claims more than was delivered.
import { formatReply, isPositive, isPreliminary } from "../ftp/reply.ts";
import type { PinholeEvent, PinholeOutcome } from "../dataplane/pinhole.ts";
import type { Direction } from "./facts.ts";
import { forgetTransfer } from "./negotiation.ts";
import type { RefusalReason } from "./reasons.ts";
import { findTransfer, isDataMoving, type Session, type Transfer, type TransferEntry } from "./state.ts";
import { emit, passReply, record, refuse, sendToServer, updateTransfer, type Work } from "./work.ts";

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
    refuse(work, "no-data-connection", 425, `The data connection is gone (${transfer.closed}); announce another one.`);
    return;
  }
  if (transfer !== undefined) {
    updateTransfer(work, transfer.id, { verb, direction });
    if (transfer.clientListens === undefined && transfer.serverListens === undefined) {
      emit(work, { kind: "start", id: transfer.id });
    }
  }
  sendToServer(work, line, { kind: "transfer", verb, direction, id: transfer?.id, begun: false, answered: false });
}

/** Some command that turns out to open the data connection, as a server's own extensions do. */
export function asTransfer(work: Work, verb: string): TransferEntry {
  const { session } = work;
  const id = session.pending;
  session.pending = undefined;
  if (id !== undefined) updateTransfer(work, id, { verb });
  return { kind: "transfer", verb, direction: "unknown", id, begun: false, answered: false };
}

/** What to do with the first line of a reply to a transfer command. */
export function transferReplyTreatment(work: Work, entry: TransferEntry, code: number): "pass" | "swallow" | "hold" {
  if (entry.answered) return "swallow";
  const transfer = findTransfer(work.session, entry.id);
  if (transfer === undefined) return "pass";
  if (isPreliminary(code)) {
    if (!entry.begun) emit(work, { kind: "confirm", id: transfer.id });
    return "pass";
  }
  if (transfer.closed !== undefined) return "pass";
  if (isPositive(code)) {
    if (!entry.begun) emit(work, { kind: "confirm", id: transfer.id });
    return keepUntilDelivered(work, transfer);
  }
  if (!transfer.joined) updateTransfer(work, transfer.id, { rejected: true });
  emit(work, { kind: "release", id: transfer.id });
  return "pass";
}

/**
 * The server says that it is done. What it sent may still be on its way through us, so the client hears of it when the
 * last byte is handed over (D4.68). Of an upload the server alone can know.
 */
function keepUntilDelivered(work: Work, transfer: Transfer): "pass" | "hold" {
  if (transfer.delivered) return "pass";
  if (transfer.joined) emit(work, { kind: "linger", id: transfer.id });
  if (transfer.direction === "upload" && transfer.joined) return "pass";
  if (!transfer.joined) startLinger(work);
  return "hold";
}

function startLinger(work: Work): void {
  emit(work, { kind: "timer", timer: "linger", ms: work.session.options.timeouts.lingerMs });
}

/** The final reply has been passed on, swallowed, or given by us. */
export function transferAnswered(work: Work, entry: TransferEntry): void {
  const { session } = work;
  emit(work, { kind: "cancel", timer: "linger" });
  if (findTransfer(session, entry.id)?.closed !== undefined) forgetTransfer(work, entry.id ?? 0);
  // An ABOR that was sent for it may get an answer of its own or not (D3.50).
  session.outstanding = session.outstanding.map((other) =>
    other.kind === "abort" ? { ...other, optional: true } : other,
  );
}

/** Whatever the data plane reports after `opened`. */
export function pinholeReported(work: Work, id: number, event: PinholeEvent): void {
  const { session } = work;
  const transfer = findTransfer(session, id);
  if (transfer === undefined) return;
  if (event.kind === "joined") {
    updateTransfer(work, id, { joined: true });
    emit(work, { kind: "cancel", timer: "idle" });
    if (session.held?.id === id) emit(work, { kind: "linger", id });
    record(work, { kind: "transfer-started", plane: transfer.plane, verb: transfer.verb });
  } else if (event.kind === "delivered") {
    updateTransfer(work, id, { delivered: true });
    if (session.held?.id === id) giveHeldReply(work);
  } else if (event.kind === "closed") {
    closed(work, transfer, event);
  }
}

function closed(work: Work, transfer: Transfer, event: Extract<PinholeEvent, { kind: "closed" }>): void {
  const { session } = work;
  const { id } = transfer;
  updateTransfer(work, id, { closed: event.outcome });
  const { verb, direction, clientMode, serverMode, plane } = transfer;
  const { bytesUp, bytesDown, durationMs, detail } = event;
  record(work, {
    kind: "transfer-ended",
    ...{ verb, direction, clientMode, serverMode, plane, bytesUp, bytesDown, durationMs },
    outcome: transfer.rejected ? "rejected" : event.outcome,
    ...(detail === undefined ? {} : { detail }),
  });
  if (session.phase === "ended") return;
  if (!isDataMoving(session)) emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  const entry = outstandingOf(session, id);
  if (session.held?.id === id) giveHeldReply(work, brokenWords[event.outcome]);
  else if (entry !== undefined && !entry.answered) awaitFinalReply(work, entry, event.outcome);
  else if (session.pending !== id && session.negotiation?.id !== id && entry === undefined) forgetTransfer(work, id);
}

function outstandingOf(session: Session, id: number): TransferEntry | undefined {
  return session.outstanding.find((entry): entry is TransferEntry => entry.kind === "transfer" && entry.id === id);
}

/** The data connection has ended and the server has not said so: it gets the linger time, unless nothing can come of it. */
function awaitFinalReply(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  if (outcome === "expired" || outcome === "server-unreachable") answerInstead(work, entry, outcome);
  else startLinger(work);
}

/** What a 226 becomes when the data did not arrive; a server that resets after its 226 has sent everything (D4.77). */
const brokenWords: Partial<Record<PinholeOutcome, string>> = {
  "client-reset": "the client broke the data connection",
  "client-unreachable": "the client could not be reached",
  "server-unreachable": "the server's data port could not be reached",
  stalled: "the data connection stalled",
  expired: "no data connection was made",
  aborted: "the data connection was aborted",
  released: "no data connection was made",
};

/** The completion reply that waited, or the truth instead of it. Its further lines follow the first one's fate. */
export function giveHeldReply(work: Work, broken?: string): void {
  const { session } = work;
  const { held } = session;
  if (held === undefined) return;
  session.held = undefined;
  const index = session.outstanding.findIndex((entry) => entry.kind === "transfer" && entry.id === held.id);
  const entry = session.outstanding[index];
  if (broken === undefined) passReply(work, held.code, held.raw);
  else insteadOfReply(work, "broken-transfer", 426, `Transfer incomplete: ${broken}.`);
  if (held.isWhole) {
    session.outstanding = session.outstanding.filter((_, at) => at !== index);
    if (entry?.kind === "transfer") transferAnswered(work, entry);
  } else {
    session.openReply = {
      code: held.code,
      treatment: broken === undefined ? "pass" : "swallow",
      entry,
      firstText: "",
      features: [],
    };
  }
}

/** The final reply of a transfer is overdue: the client is told what is known. The server's own, if it comes, is swallowed. */
export function lingerExpired(work: Work): void {
  const { session } = work;
  if (session.held !== undefined) {
    const { id } = session.held;
    giveHeldReply(work, brokenWords.expired);
    if (findTransfer(session, id)?.closed === undefined) emit(work, { kind: "release", id });
    return;
  }
  const entry = session.outstanding.find((candidate) => candidate.kind === "transfer" && !candidate.answered);
  if (entry?.kind !== "transfer") return;
  const outcome = findTransfer(session, entry.id)?.closed;
  if (outcome !== undefined) answerInstead(work, entry, outcome);
}

function answerInstead(work: Work, entry: TransferEntry, outcome: PinholeOutcome): void {
  const { session } = work;
  session.outstanding = session.outstanding.map((other) => (other === entry ? { ...entry, answered: true } : other));
  const words = brokenWords[outcome] ?? "the server broke the data connection";
  if (outcome === "complete") {
    insteadOfReply(work, "unconfirmed-transfer", 451, "The server did not confirm the transfer.");
  } else if (outcome.endsWith("-reset") || outcome === "stalled" || outcome === "aborted") {
    insteadOfReply(work, "broken-transfer", 426, `Transfer incomplete: ${words}.`);
  } else {
    insteadOfReply(work, "no-data-connection", 425, `Can't open data connection: ${words}.`);
  }
}

function insteadOfReply(work: Work, reason: RefusalReason, code: number, text: string): void {
  record(work, { kind: "refusal", reason, detail: text });
  passReply(work, code, formatReply(code, text));
}
