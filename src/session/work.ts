// Work on one step, and the few ways in which every part of the core speaks: to the client in turn, to the server,
// to the operator, and the one way in which a session ends.
import { formatReply } from "../ftp/reply.ts";
import type { Quirk } from "../ftp/quirks.ts";
import { diagnoseEnd, diagnoseUnmade } from "./diagnose-control.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { SessionEffect } from "./events.ts";
import type { Direction, Fact, TransferOutcome } from "./facts.ts";
import type { EndReason } from "./reasons.ts";
import { closingCode, type Refusal } from "./refusals.ts";
import type { Transfer } from "./transfer-state.ts";
import { findTransfer, isDialledOnly, type PendingReply, type Outstanding, type Session } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The next state and the effects so far. Collections inside the state are replaced, never changed in place. */
export type Work = { readonly session: Writable<Session>; readonly effects: SessionEffect[] };

export function emit(work: Work, effect: SessionEffect): void {
  work.effects.push(effect);
}

export function record(work: Work, fact: Fact): void {
  work.effects.push({ kind: "record", fact });
}

export function recordQuirk(work: Work, quirk: Quirk): void {
  record(work, { kind: "quirk", quirk });
}

export function recordQuirks(work: Work, quirks: readonly Quirk[]): void {
  for (const quirk of quirks) recordQuirk(work, quirk);
}

/** Passes on what is a reply, or the first line of one. */
export function passReply(work: Work, code: number, raw: string): void {
  emit(work, { kind: "to-client", bytes: raw });
  record(work, { kind: "reply", code });
}

/** Our own answer to a client's command, given when all earlier commands have theirs. */
export function answer(work: Work, code: number, text: string): void {
  push(work, { kind: "local", code, bytes: formatReply(code, text) });
  giveLocalAnswers(work);
  limitWait(work);
}

/** Our own refusal: an FTP reply that says why, and a counted reason. */
export function refuse(work: Work, { reason, code, text }: Refusal): void {
  record(work, { kind: "refusal", reason, detail: text });
  answer(work, code, text);
}

/** Gives the answers of our own whose turn has come. */
export function giveLocalAnswers(work: Work): void {
  const { session } = work;
  if (session.openReply !== undefined) return;
  for (;;) {
    const next = session.outstanding.find(isAwaited);
    if (next?.kind !== "local") return;
    remove(work, next);
    passReply(work, next.code, next.bytes);
  }
}

/** Of what the client was told in the server's place it awaits nothing more. */
function isAwaited(entry: Outstanding): boolean {
  return entry.kind !== "transfer" || !entry.answered;
}

/** What stands before our own answer may never come: it is waited for no longer than the linger time. */
export function limitWait(work: Work): void {
  overtakeReply(work);
  if (isBehindOptional(work.session) || work.session.openReply !== undefined)
    emit(work, { kind: "timer", timer: "linger", ms: lingerMs(work) });
}

/** The wait is over. A reply that comes still is passed on as unasked. */
export function waitedLongEnough(work: Work): void {
  const { session } = work;
  if (isBehindOptional(session)) session.outstanding = session.outstanding.filter((entry) => !entry.optional);
}

function isBehindOptional({ outstanding }: Session): boolean {
  const awaited = outstanding.filter(isAwaited);
  const first = awaited.find((entry) => !entry.optional);
  return first?.kind === "local" && awaited[0]?.optional === true;
}

export function lingerMs({ session }: Work): number {
  return session.options.timeouts.lingerMs;
}

export function push(work: Work, pending: PendingReply): void {
  work.session.outstanding = [...work.session.outstanding, { ...pending, ...newTicket(work) }];
}

/** What makes a command, or an answer of our own, one of the outstanding. */
export function newTicket({ session }: Work): { readonly ticket: number; readonly optional: boolean } {
  session.nextTicket += 1;
  return { ticket: session.nextTicket, optional: false };
}

export function remove(work: Work, entry: Outstanding): void {
  replace(work, entry, []);
}

/** Puts `entries` where `replaced` was. */
export function replace(work: Work, replaced: Outstanding, entries: readonly Outstanding[]): void {
  work.session.outstanding = work.session.outstanding.flatMap((entry) =>
    entry.ticket === replaced.ticket ? entries : [entry],
  );
}

export function sendToServer(work: Work, line: string, pending: PendingReply): void {
  emit(work, { kind: "to-server", bytes: `${line}\r\n` });
  overtakeReply(work);
  push(work, pending);
}

function overtakeReply({ session }: Work): void {
  if (session.openReply !== undefined) session.openReply = { ...session.openReply, isOvertaken: true };
}

export function updateTransfer(work: Work, id: number, change: Partial<Transfer>): void {
  work.session.transfers = work.session.transfers.map((transfer) =>
    transfer.id === id ? { ...transfer, ...change } : transfer,
  );
}

/** A command makes use of a data connection, which may have been made already. */
export function useDataConnection(work: Work, transfer: Transfer, verb: string, direction: Direction): void {
  const { id, joined } = transfer;
  updateTransfer(work, id, { verb, direction });
  if (!isDialledOnly(transfer)) emit(work, { kind: "start", id, dials: false });
  if (joined) emit(work, { kind: "cancel", timer: "idle" });
}

/** A session has one failure, the first. `transfer`: the data connection that failed. */
export function recordFailure(work: Work, diagnosis: Diagnosis | undefined, transfer?: number): void {
  if (diagnosis === undefined || work.session.failure !== undefined) return;
  work.session.failure = diagnosis;
  record(work, { kind: "failure", diagnosis, ...(transfer !== undefined && { transfer }) });
}

/** What the server has said, or not said, of a transfer whose data connection ended in order. */
export function recordConfirmation(work: Work, id: number | undefined, outcome: TransferOutcome): void {
  const { unconfirmed } = findTransfer(work.session, id) ?? {};
  if (id === undefined || unconfirmed === undefined) return;
  updateTransfer(work, id, { unconfirmed: undefined });
  record(work, { ...unconfirmed, outcome });
}

/**
 * Ends the session; the first reason wins. `farewell` is said to the client unless another reply has told it already, or it
 * would read as a line of the reply that it is receiving.
 */
export function end(work: Work, reason: EndReason, detail: string, farewell?: string): void {
  const { session } = work;
  const { phase, serverLeaving } = session;
  if (phase.name === "ended") return;
  if (serverLeaving?.how === "closing" && reason !== "server-closing" && reason !== "internal-error") {
    end(work, "server-closing", serverLeaving.detail);
    return;
  }
  const diagnosis = diagnoseEnd(session, reason, detail);
  recordUnmade(work, reason);
  recordFailure(work, diagnosis);
  session.phase = { name: "ended", server: "server" in phase ? phase.server : undefined };
  const isMidReply = session.openReply !== undefined && session.openReply.treatment !== "swallow";
  if (farewell !== undefined && !isMidReply && !isUnderTls(session)) {
    passReply(work, closingCode, formatReply(closingCode, diagnosis?.clientSentence ?? farewell));
  }
  abandon(work);
  session.heldClient = [];
  session.heldServer = [];
  record(work, { kind: "ended", reason, detail: shortened(detail) });
  emit(work, { kind: "end", reason });
}

/** Nothing can be said to the client but what it would take for broken TLS. */
function isUnderTls({ passthrough }: Session): boolean {
  return passthrough === "opaque" || passthrough === "implicit";
}

/** A server's last line may be long, and is kept and logged. */
const longestDetail = 500;

function shortened(detail: string): string {
  return detail.length <= longestDetail ? detail : `${detail.slice(0, longestDetail - 3)}...`;
}

/** Whoever leaves while somebody is still to come leaves because of that. Not so where the gateway or the server ends it. */
function recordUnmade(work: Work, reason: EndReason): void {
  if (reason !== "client-gone" && reason !== "quit" && reason !== "idle") return;
  const unmade = diagnoseUnmade(work.session);
  if (unmade !== undefined) recordFailure(work, unmade.diagnosis, unmade.id);
}

/** Gives up whatever is under way: transfers, negotiations, and answers that were due. */
export function abandon(work: Work): void {
  const { session } = work;
  for (const { id, closed } of session.transfers) {
    recordConfirmation(work, id, "unconfirmed");
    if (closed === undefined) emit(work, { kind: "release", id });
  }
  session.transfers = session.transfers.filter(({ closed }) => closed === undefined);
  session.outstanding = [];
  session.openReply = undefined;
  session.negotiation = undefined;
  session.pending = undefined;
  session.standing = undefined;
  session.held = undefined;
  const { stage } = session.security;
  if (stage?.kind === "asking" || stage?.kind === "waiting")
    session.security = { ...session.security, stage: undefined };
}
