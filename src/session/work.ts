// A step in the making, and the few ways in which every part of the core speaks: to the client in turn, to the server,
// to the operator, and the one way in which a session ends.
import { formatReply } from "../ftp/reply.ts";
import type { Quirk } from "../ftp/quirks.ts";
import type { Effect } from "./events.ts";
import type { Fact } from "./facts.ts";
import type { EndReason, RefusalReason } from "./reasons.ts";
import type { Outstanding, Session, Transfer } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The next state and the effects so far. Collections inside the state are replaced, never changed in place. */
export type Work = { readonly session: Writable<Session>; readonly effects: Effect[] };

export function emit(work: Work, effect: Effect): void {
  work.effects.push(effect);
}

export function record(work: Work, fact: Fact): void {
  work.effects.push({ kind: "record", fact });
}

export function recordQuirks(work: Work, quirks: readonly Quirk[]): void {
  for (const quirk of quirks) record(work, { kind: "quirk", quirk });
}

/** Passes on what is a reply, or the first line of one. */
export function passReply(work: Work, code: number, raw: string): void {
  emit(work, { kind: "to-client", bytes: raw });
  record(work, { kind: "reply", code });
}

/** Our own answer to a client's command, given when all earlier commands have theirs. */
export function answer(work: Work, code: number, text: string): void {
  const bytes = formatReply(code, text);
  if (isOurTurn(work.session)) passReply(work, code, bytes);
  else push(work, { kind: "local", code, bytes });
}

/** Our own refusal: an FTP reply that says why, and a counted reason. */
export function refuse(work: Work, reason: RefusalReason, code: number, text: string): void {
  record(work, { kind: "refusal", reason, detail: text });
  answer(work, code, text);
}

function isOurTurn(session: Session): boolean {
  return (
    session.openReply === undefined &&
    session.held === undefined &&
    session.outstanding.every((entry) => entry.kind === "abort" && entry.optional)
  );
}

export function push(work: Work, entry: Outstanding): void {
  work.session.outstanding = [...work.session.outstanding, entry];
}

/** Gives the answers of our own whose turn has come. */
export function giveLocalAnswers(work: Work): void {
  const { session } = work;
  if (session.openReply !== undefined || session.held !== undefined) return;
  for (let head = session.outstanding[0]; head?.kind === "local"; head = session.outstanding[0]) {
    session.outstanding = session.outstanding.slice(1);
    passReply(work, head.code, head.bytes);
  }
}

export function sendToServer(work: Work, line: string, entry: Outstanding): void {
  emit(work, { kind: "to-server", bytes: `${line}\r\n` });
  push(work, entry);
}

export function updateTransfer(work: Work, id: number, change: Partial<Transfer>): void {
  work.session.transfers = work.session.transfers.map((transfer) =>
    transfer.id === id ? { ...transfer, ...change } : transfer,
  );
}

/** Ends the session; the first reason wins. `farewell` is said to the client unless another reply has told it already. */
export function end(work: Work, reason: EndReason, detail: string, farewell?: string): void {
  const { session } = work;
  if (session.phase === "ended") return;
  session.phase = "ended";
  if (farewell !== undefined) passReply(work, 421, formatReply(421, farewell));
  for (const transfer of session.transfers) {
    if (transfer.closed === undefined) emit(work, { kind: "release", id: transfer.id });
  }
  session.outstanding = [];
  session.openReply = undefined;
  session.negotiation = undefined;
  session.held = undefined;
  session.heldClient = [];
  session.heldServer = [];
  record(work, { kind: "ended", reason, detail });
  emit(work, { kind: "end", reason });
}
