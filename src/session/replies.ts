// The server's lines: each reply is paired with its command and passed on line by line as it comes, swallowed, or held.
import { featureOf } from "../ftp/feat.ts";
import { isNegative, isPositive, isPreliminary, readReplyLine } from "../ftp/reply.ts";
import { isNegotiationReplyPassed, negotiationReply, supersedePending } from "./negotiation.ts";
import { isHiddenFeature, suppliedFeatures } from "./policy.ts";
import type { OpenReply, Outstanding, Session } from "./state.ts";
import { asTransfer, transferAnswered, transferReplyTreatment } from "./transfers.ts";
import { emit, end, passReply, push, record, recordQuirks, type Work } from "./work.ts";

/** One line of the server's. `raw` carries its terminator as received. */
export function serverLine(work: Work, text: string, raw: string): void {
  const { session } = work;
  const { openReply } = session;
  const line = readReplyLine(openReply?.code, text);
  recordQuirks(work, line.quirks);
  if (openReply !== undefined) {
    const isLast = line.position === "last";
    continueReply(work, openReply, isLast, text, raw);
    if (isLast) finishReply(work, openReply.entry, openReply.code, [openReply.firstText, line.text]);
  } else if (line.position === "stray") {
    emit(work, { kind: "to-client", bytes: raw });
  } else {
    beginReply(work, line.code, line.text, raw, line.position === "only");
  }
}

function beginReply(work: Work, code: number, text: string, raw: string, isWhole: boolean): void {
  const { session } = work;
  const entry = pair(work, code);
  const treatment = treat(work, entry, code, isWhole);
  if (treatment === "hold") {
    if (entry?.kind === "transfer") session.held = { id: entry.id ?? 0, code, raw, isWhole };
    return;
  }
  if (treatment !== "swallow") passReply(work, code, raw);
  if (isWhole) finishReply(work, entry, code, [text]);
  else session.openReply = { code, treatment, entry, firstText: text, features: [] };
}

function treat(
  work: Work,
  entry: Outstanding | undefined,
  code: number,
  isWhole: boolean,
): OpenReply["treatment"] | "hold" {
  switch (entry?.kind) {
    case "transfer":
      return transferReplyTreatment(work, entry, code);
    case "negotiation":
      return isPreliminary(code) || isNegotiationReplyPassed(work, code) ? "pass" : "swallow";
    case "greeting":
      return entry.via === "user" && code < 400 ? "swallow" : "pass";
    case "feat":
      return code === 211 && !isWhole ? "feat" : "pass";
    default:
      return "pass";
  }
}

/**
 * The command that this reply answers: the oldest one, but
 * - while a transfer runs, a reply that can't be its end answers what was sent after it (STAT, NOOP; D3.51);
 * - an ABOR whose transfer has been answered may get no reply of its own (D3.50).
 */
function pair(work: Work, code: number): Outstanding | undefined {
  const { session } = work;
  const [head, ...later] = session.outstanding;
  if (head === undefined) return undefined;
  if (head.kind === "transfer") {
    if (!isPreliminary(code) && (head.begun || head.answered) && !transferEnds.has(code)) {
      return later.find((entry) => entry.kind !== "local") ?? head;
    }
    return head;
  }
  if (head.kind === "abort" && head.optional && later.length > 0 && !abortAnswers.has(code)) {
    session.outstanding = later;
    return later.find((entry) => entry.kind !== "local");
  }
  if (head.kind === "plain" && (code === 150 || code === 125) && session.pending !== undefined) {
    const transfer = asTransfer(work, head.verb);
    session.outstanding = [transfer, ...later];
    return transfer;
  }
  return head;
}

const transferEnds: ReadonlySet<number> = new Set([
  226, 250, 421, 425, 426, 450, 451, 452, 532, 550, 551, 552, 553, 554,
]);
const abortAnswers: ReadonlySet<number> = new Set([225, 226, 426, 500, 502]);

function continueReply(work: Work, openReply: OpenReply, isLast: boolean, text: string, raw: string): void {
  if (openReply.treatment === "swallow") return;
  if (openReply.treatment === "feat") {
    const feature = isLast ? undefined : featureOf(text);
    if (feature !== undefined) {
      if (isHiddenFeature(work.session, feature)) return;
      work.session.openReply = { ...openReply, features: [...openReply.features, feature] };
    }
    if (isLast) {
      for (const supplied of suppliedFeatures(work.session)) {
        if (!openReply.features.includes(supplied)) emit(work, { kind: "to-client", bytes: ` ${supplied}\r\n` });
      }
    }
  }
  emit(work, { kind: "to-client", bytes: raw });
}

function finishReply(work: Work, entry: Outstanding | undefined, code: number, texts: readonly string[]): void {
  const { session } = work;
  session.openReply = undefined;
  if (code === 421) {
    end(work, "server-closing", `421 ${texts[0] ?? ""}`);
    return;
  }
  if (entry === undefined) return;
  if (isPreliminary(code)) {
    if (entry.kind === "transfer" && !entry.begun) {
      session.outstanding = session.outstanding.map((other) => (other === entry ? { ...entry, begun: true } : other));
    }
    return;
  }
  session.outstanding = session.outstanding.filter((other) => other !== entry);
  finishCommand(work, entry, code, texts);
}

function finishCommand(work: Work, entry: Outstanding, code: number, texts: readonly string[]): void {
  const { session } = work;
  switch (entry.kind) {
    case "greeting":
      greeted(work, entry.via, code, texts[0] ?? "");
      break;
    case "negotiation":
      negotiationReply(work, code, texts);
      break;
    case "transfer":
      transferAnswered(work, entry);
      break;
    case "login":
      if (code === 230 || code === 232) loggedIn(work);
      break;
    case "rein":
      if (isPositive(code)) reinitialized(work);
      break;
    case "epsv-all":
      session.epsvAll = isPositive(code);
      break;
    case "quit":
      session.quitAnswered = true;
      break;
    default:
  }
}

function greeted(work: Work, via: "connect" | "open" | "user", code: number, text: string): void {
  const { session } = work;
  if (isNegative(code)) {
    end(work, "server-closing", `${code} ${text}`);
    return;
  }
  session.phase = "relaying";
  const user = session.target?.user;
  if (via !== "user" || user === undefined) return;
  session.user = user;
  emit(work, { kind: "to-server", bytes: `USER ${user}\r\n` });
  push(work, { kind: "login", verb: "USER" });
}

function loggedIn(work: Work): void {
  const { session } = work;
  if (session.loggedIn) return;
  session.loggedIn = true;
  emit(work, { kind: "cancel", timer: "login" });
  record(work, { kind: "logged-in", user: session.user });
}

/** REIN: as after the greeting (RFC 959); what was negotiated is void. */
function reinitialized(work: Work): void {
  const { session } = work;
  supersedePending(work);
  session.loggedIn = false;
  session.epsvAll = false;
  emit(work, { kind: "timer", timer: "login", ms: session.options.timeouts.loginMs });
}

/** The server will not say more. What it promised is kept: running data connections come to their end first. */
export function serverEnded(work: Work, session: Session): void {
  if (session.phase !== "relaying") {
    end(work, "server-gone", "the server closed before it was ready", "The server closed the connection.");
    return;
  }
  work.session.serverEnded = true;
  for (const transfer of session.transfers) {
    if (transfer.closed === undefined && transfer.joined) emit(work, { kind: "linger", id: transfer.id });
  }
}
