// Reply pairing: which command a reply answers. Servers answer in order, with these exceptions: while a transfer runs, what
// was sent after it may be answered before it, after it or never (D3.51, D5.86), and an ABOR may share its reply with the
// transfer (D3.50). Some codes belong to one kind of command alone, which brings the queue back into step after a reply too
// many or too few.
import { metricVerb } from "../ftp/command.ts";
import { isNegative, isPositive, isPreliminary } from "../ftp/reply.ts";
import { isPassive } from "./mode.ts";
import { findTransfer, type Outstanding, type Session, type TransferEntry } from "./state.ts";
import { passReply, recordQuirk, remove, replace, useDataConnection, type Work } from "./work.ts";

/**
 * The command that a reply answers, whose first line has this code and, if `isAnnouncement`, an endpoint of the server's.
 * Undefined: none, the reply was not asked for.
 */
export function pair(work: Work, code: number, isAnnouncement: boolean): Outstanding | undefined {
  // It answers nobody in particular and ends everything (D2.33).
  if (code === 421) return undefined;
  const expected = work.session.outstanding.filter((entry) => entry.kind !== "local");
  const entry =
    ownerOf(work.session, expected, code) ??
    expected.find((other) => canBeAnsweredBy(other, code, expected)) ??
    expected[0];
  const isOdd = (entry?.kind === "negotiation" || entry?.kind === "login") && dataCodes.has(code);
  const isLate = isAnnouncement && entry !== undefined && isLateAnnouncement(work.session, entry);
  if (isLate) work.session.owesAnnouncement = false;
  if (entry === undefined || isOdd || isLate) {
    recordQuirk(work, "unasked-reply");
    return undefined;
  }
  settleEarlier(work, entry, code);
  if (entry.kind === "plain" && (code === 150 || code === 125)) return asTransfer(work, entry, metricVerb(entry.verb));
  return entry;
}

/** Some command of a server's own that turns out to use the data connection. */
function asTransfer(work: Work, entry: Outstanding, verb: string): Outstanding {
  const { session } = work;
  const transfer = findTransfer(session, session.pending);
  if (transfer === undefined) return entry;
  session.pending = undefined;
  useDataConnection(work, transfer, verb, "unknown");
  const renewed: TransferEntry = {
    kind: "transfer",
    verb,
    direction: "unknown",
    id: transfer.id,
    begun: false,
    answered: false,
    ticket: entry.ticket,
    optional: false,
  };
  replace(work, entry, [renewed]);
  return renewed;
}

/** It answers an earlier PASV, which has had another reply: it is nobody's now (D1.14). PORT and transfers have no such answer. */
function isLateAnnouncement({ negotiation, owesAnnouncement }: Session, { kind }: Outstanding): boolean {
  if (kind === "negotiation") return negotiation !== undefined && !isPassive(negotiation.current);
  return kind === "transfer" || owesAnnouncement;
}

/** Of data connections alone. */
const dataCodes: ReadonlySet<number> = new Set([225, 226, 426]);

/** Ends of a transfer that has begun. Any other code, as the 550 of a SIZE, answers what was sent meanwhile. */
const transferEnds: ReadonlySet<number> = new Set([...dataCodes, 425, 450, 451, 452, 551, 552]);

/** How a transfer that has begun may end late, whose client has given up on it; 250 and 550 may be a CWD's as well. */
const lateEnds: ReadonlySet<number> = new Set([...dataCodes, 425, 451]);

/** The one command that can be meant by such a code. */
function ownerOf(session: Session, expected: readonly Outstanding[], code: number): Outstanding | undefined {
  if (isPreliminary(code)) {
    return (
      expected.find(({ kind }) => kind === "greeting") ??
      expected.find((entry) => entry.kind === "transfer" && !(entry.answered && entry.begun))
    );
  }
  if (dataCodes.has(code)) {
    const awaited = expected.find((entry) => entry.kind === "abort" || (entry.kind === "transfer" && !entry.answered));
    const first = expected.find(({ kind }) => kind === "transfer");
    // What has not begun does not end before what has.
    return awaited?.kind === "transfer" && !awaited.begun ? first : (awaited ?? first);
  }
  const mode = session.negotiation?.current;
  const isAnnounced = (code === 227 && mode === "PASV") || (code === 229 && mode === "EPSV");
  return isAnnounced ? expected.find(({ kind }) => kind === "negotiation") : undefined;
}

function canBeAnsweredBy(entry: Outstanding, code: number, expected: readonly Outstanding[]): boolean {
  if (entry.kind === "abort") return !entry.optional && !isPositive(code);
  if (entry.kind !== "transfer") return true;
  if (entry.answered) return lateEnds.has(code) || (!entry.begun && isNegative(code));
  // Some servers end transfers with 250; more often it is the answer to a CWD or DELE that was sent meanwhile.
  if (code === 250) return !expected.slice(expected.indexOf(entry)).some(isOftenAnswered250);
  return transferEnds.has(code) || (!entry.begun && !isPositive(code));
}

/** Commands that no server known answers with 250: a NOOP that is never answered does not take the transfer's 250 (D5.86). */
const otherwiseAnswered: ReadonlySet<string> = new Set(
  "NOOP STAT SYST TYPE MODE STRU ALLO REST PWD XPWD SIZE MDTM HELP OPTS CLNT LANG".split(" "),
);

function isOftenAnswered250(entry: Outstanding): boolean {
  return entry.kind === "plain" && !otherwiseAnswered.has(entry.verb);
}

/** What stands before the answered command in the queue. Our own answers among it are due: this server is past them. */
function settleEarlier(work: Work, answering: Outstanding, code: number): void {
  const { outstanding } = work.session;
  const isAnnouncing = answering.kind === "transfer" || answering.kind === "negotiation";
  for (const entry of outstanding.slice(0, outstanding.indexOf(answering))) {
    if (entry.kind === "local") {
      remove(work, entry);
      passReply(work, entry.code, entry.bytes);
    } else if (entry.kind === "transfer") {
      if (entry.answered && isAnnouncing) remove(work, entry);
    } else if (!isPreliminary(code)) {
      markUnanswered(work, entry);
    }
  }
}

/** Passed over once, a command may still be answered; twice, it won't. */
function markUnanswered(work: Work, entry: Outstanding): void {
  if (entry.optional) {
    remove(work, entry);
    recordQuirk(work, entry.kind === "abort" ? "abort-answered-once" : "reply-missing");
  } else {
    replace(work, entry, [{ ...entry, optional: true }]);
    recordQuirk(work, "reply-out-of-order");
  }
}

/** A command has its final reply. If that may have been meant for the next one, so may every later one. */
export function answered(work: Work, entry: Outstanding): void {
  remove(work, entry);
  const next = work.session.outstanding.find(({ kind }) => kind !== "local");
  if (entry.optional && next !== undefined) replace(work, next, [{ ...next, optional: true }]);
}

/** What servers are known to drop while a transfer runs: the reply that it has had may be the next command's (D3.51). */
export function isOftenUnanswered(entry: Outstanding): boolean {
  return entry.optional && entry.kind === "plain" && (entry.verb === "NOOP" || entry.verb === "STAT");
}

/** A transfer has ended: some servers never answer what was sent meanwhile. */
export function transferOvertakes(work: Work, transfer: Outstanding): void {
  const { session } = work;
  const end = session.outstanding.findIndex((entry) => entry.ticket === transfer.ticket);
  session.outstanding = session.outstanding.map((entry, at) =>
    at > end && isSent(entry) ? { ...entry, optional: true } : entry,
  );
}

function isSent({ kind }: Outstanding): boolean {
  return kind !== "local" && kind !== "transfer";
}
