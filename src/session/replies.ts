// Server replies: each is paired with its command and passed on line by line as it comes, swallowed, or held.
import {
  isNegative,
  isPositive,
  isPreliminary,
  readReplyLine,
  withoutDigits,
  withoutHiddenAnnouncement,
} from "../ftp/reply.ts";
import type { ServerEvent } from "./events.ts";
import { serverCloses } from "./ending.ts";
import { featureLine, featuresInOneLine, ownFeatures, treatFeatures } from "./features.ts";
import { isNegotiationReplyPassed, negotiationReply, presumeAnswered } from "./negotiation.ts";
import { isReplaceable, tryNextServer } from "./next-server.ts";
import { answered, isOftenUnanswered, pair } from "./pairing.ts";
import { agreesToTls, authAnswered } from "./passthrough.ts";
import { policyAnswered } from "./policies.ts";
import { introductionLines } from "./pool-route.ts";
import { endClientTls, loginAnew } from "./client-tls.ts";
import { isRefusalPassed, secureServer, securityAnswered, serverAnew } from "./server-security.ts";
import { atFirstLine, type OpenReply, type Outstanding } from "./state.ts";
import { transferAnswered, transferReplyTreatment } from "./completion.ts";
import { transferBegun, transferRefused } from "./transfers.ts";
import { emit, end, limitWait, lingerMs, passReply, record, recordQuirk, recordQuirks, type Work } from "./work.ts";

/** One line of the server's. `received` carries its terminator. */
export function serverLine(work: Work, text: string, received: string): void {
  const { session } = work;
  const raw = text.includes("\r") ? withoutHiddenAnnouncement(received) : received;
  if (raw !== received) recordQuirk(work, "stray-reply-line");
  const { openReply } = session;
  if (openReply !== undefined && isDoubtful(openReply, text)) {
    session.openReply = { ...openReply, isDoubted: true };
    session.heldServer = [{ kind: "server-line", text, raw }, ...session.heldServer];
    emit(work, { kind: "timer", timer: "doubt", ms: doubtMs });
    return;
  }
  const line = readReplyLine(openReply?.code, text);
  recordQuirks(work, line.quirks);
  if (openReply !== undefined) {
    const isLast = line.position === "last";
    const continued = { ...openReply, isOvertaken: false };
    session.openReply = continued;
    continueReply(work, continued, isLast, text, raw);
    if (isLast) finishReply(work, openReply.ticket, openReply.code, [openReply.firstText, line.text]);
  } else if (line.position === "stray") {
    if (!isReplaceable(session)) emit(work, { kind: "to-client", bytes: raw });
  } else {
    beginReply(work, line.code, line.text, raw, line.position === "only");
  }
}

/**
 * Some servers end a multi-line reply with another code, or not at all (D2.97). The reply to the next command looks like a line
 * of it. It is one if more lines follow, up to the end; a server that answers says no more.
 */
function isDoubtful(openReply: OpenReply, text: string): boolean {
  if (!openReply.isOvertaken || readReplyLine(openReply.code, text).position === "last") return false;
  const { position, code } = readReplyLine(undefined, text);
  return position !== "stray" && code !== openReply.code;
}

/** Lines of one reply come together. */
const doubtMs = 250;
const doubtedLines = 32;

/** More lines have come: they are one reply if its end is among them, or if they do not end. */
export function doubtAgain(work: Work): void {
  const { openReply, heldServer } = work.session;
  if (openReply?.isDoubted !== true) return;
  const isEnd = (event: ServerEvent) =>
    event.kind === "server-line" && readReplyLine(openReply.code, event.text).position === "last";
  if (!heldServer.some(isEnd) && heldServer.length < doubtedLines) return;
  work.session.openReply = { ...openReply, isOvertaken: false, isDoubted: false };
  emit(work, { kind: "cancel", timer: "doubt" });
}

/** No more has come: the reply had ended before. */
export function doubtExpired(work: Work): void {
  if (work.session.openReply?.isDoubted === true) endWithoutLastLine(work, work.session.openReply);
}

/**
 * Somebody waits for the end of a reply, and no line of it has come for the linger time. One of which the client sees nothing has
 * no more than a few times that, whatever comes.
 */
export function replyOverdue(work: Work): void {
  const { openReply, outstanding, negotiation } = work.session;
  if (openReply === undefined) return;
  if (negotiation === undefined && !outstanding.some(({ kind }) => kind === "local")) return;
  const waits = openReply.waits + 1;
  const isEndless = openReply.treatment === "swallow" && waits >= mostWaits;
  if (isEndless || (openReply.isOvertaken && !openReply.isDoubted)) {
    endWithoutLastLine(work, openReply);
    return;
  }
  work.session.openReply = { ...openReply, waits };
  limitWait(work);
}

const mostWaits = 3;

function endWithoutLastLine(work: Work, { ticket, code, firstText }: OpenReply): void {
  recordQuirk(work, "reply-without-end");
  finishReply(work, ticket, code, [firstText]);
}

function beginReply(work: Work, code: number, text: string, raw: string, isWhole: boolean): void {
  const { session } = work;
  const isAnnouncement = announces(code, text, isWhole);
  const entry = pair(work, code, isAnnouncement);
  const treatment = isReplaceable(session) ? "swallow" : treatmentOf(work, entry, code, isAnnouncement);
  if (treatment === "hold") {
    if (entry?.kind !== "transfer" || entry.id === undefined) throw new Error("a reply is held for no data connection");
    session.held = { id: entry.id, ticket: entry.ticket, code, raw, isWhole };
    return;
  }
  if (treatment === "feat" && isWhole) passReply(work, code, featuresInOneLine(session, text, raw));
  else if (entry?.kind === "feat" && treatment === "swallow") passReply(work, 211, ownFeatures(session));
  else if (treatment !== "swallow") passReply(work, code, treatment === "mask" ? masked(raw) : raw);
  if (isWhole) finishReply(work, entry?.ticket, code, [text]);
  else session.openReply = { code, treatment, ticket: entry?.ticket, firstText: text, ...atFirstLine };
  if (!isWhole && entry?.kind === "negotiation") emit(work, { kind: "timer", timer: "linger", ms: lingerMs(work) });
}

function treatmentOf(
  work: Work,
  entry: Outstanding | undefined,
  code: number,
  isAnnouncement: boolean,
): OpenReply["treatment"] | "hold" {
  return isAnnouncement ? treatAnnouncement(work, entry, code) : treat(work, entry, code);
}

/** NcFTPd says goodbye with 227. Over several lines the endpoint may stand in a later one. */
function announces(code: number, text: string, isWhole: boolean): boolean {
  if (code !== 227 && code !== 228 && code !== 229) return false;
  return !isWhole || /\d/.test(text);
}

/** The server's endpoint is never the client's to read (D1.14). */
function treatAnnouncement(work: Work, entry: Outstanding | undefined, code: number): OpenReply["treatment"] | "hold" {
  if (entry === undefined) return "swallow";
  return entry.kind === "negotiation" || entry.kind === "security" ? treat(work, entry, code) : "mask";
}

/** All digits behind the code are taken out. */
function masked(raw: string): string {
  return raw.slice(0, 3) + withoutDigits(raw.slice(3));
}

function treat(work: Work, entry: Outstanding | undefined, code: number): OpenReply["treatment"] | "hold" {
  switch (entry?.kind) {
    case "transfer":
      return transferReplyTreatment(work, entry, code);
    case "negotiation":
      return isPreliminary(code) || isNegotiationReplyPassed(work, code) ? "pass" : "swallow";
    case "greeting":
      return entry.via === "user" && code < 400 ? "swallow" : "pass";
    case "auth":
      return agreesToTls(code) ? "swallow" : "pass";
    case "feat":
      return treatFeatures(work.session, code);
    case "security":
      return isRefusalPassed(work.session, entry.verb, code) ? "pass" : "swallow";
    case "rein":
      // Its answer is the last that is under TLS.
      return isPositive(code) && work.session.security.client.control === "tls" ? "swallow" : "pass";
    default:
      return "pass";
  }
}

function continueReply(work: Work, openReply: OpenReply, isLast: boolean, text: string, raw: string): void {
  if (openReply.treatment === "swallow") return;
  const passed = openReply.treatment === "mask" ? masked(raw) : raw;
  const lines = openReply.treatment === "feat" ? featureLine(work, openReply, isLast, text, raw) : [passed];
  for (const bytes of lines) emit(work, { kind: "to-client", bytes: isLast ? bytes : inside(openReply.code, bytes) });
}

/** curl and Squid end a reply at any code and a blank: what looks like an announcement gets the blank before it that RFC 959 4.2 asks for. */
function inside(code: number, bytes: string): string {
  return /^22[789][^]*\d/.test(bytes) && !bytes.startsWith(String(code)) ? ` ${bytes}` : bytes;
}

function finishReply(work: Work, ticket: number | undefined, code: number, texts: readonly string[]): void {
  const { session } = work;
  session.openReply = undefined;
  if (code === 421) {
    serverCloses(work, `421 ${texts[0] ?? ""}`);
    return;
  }
  const entry = session.outstanding.find((candidate) => candidate.ticket === ticket);
  if (entry === undefined) return;
  if (entry.kind === "transfer") {
    if (isPreliminary(code)) transferBegun(work, entry);
    else {
      if (!isPositive(code)) transferRefused(work, entry, code, texts[0] ?? "");
      transferAnswered(work, entry);
    }
  } else if (!isPreliminary(code)) {
    answered(work, entry);
    if (isOftenUnanswered(entry)) presumeAnswered(work, code, texts);
    finishCommand(work, entry, code, texts);
  }
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
    case "login":
      policyAnswered(work, code);
      // Some say 202 to a PASS that they did not need; to an ACCT without a login it says nothing.
      if (isPositive(code)) session.standing = undefined;
      if (isPositive(code) && !(entry.verb === "ACCT" && code === 202)) loggedIn(work, entry.verb === "USER");
      else if (code === 530 || code === 430) record(work, { kind: "login-failed", user: session.user, code });
      break;
    case "rein":
      if (isPositive(code)) reinitialized(work, code, texts[0] ?? "");
      break;
    case "security":
      securityAnswered(work, entry.verb, code, texts[0] ?? "");
      break;
    case "epsv-all":
      session.epsvAll ||= isPositive(code);
      break;
    case "auth":
      authAnswered(work, code, texts[0] ?? "");
      break;
    case "quit":
      session.quitAnswered = true;
      break;
    default:
  }
}

function greeted(work: Work, via: "connect" | "open" | "user", code: number, text: string): void {
  const { session } = work;
  if (code !== 220 && tryNextServer(work, `said ${code} ${text}`)) return;
  if (isNegative(code)) {
    end(work, "server-closing", `${code} ${text}`);
    return;
  }
  const { phase } = session;
  if (phase.name !== "greeting") throw new Error(`a greeting in the phase ${phase.name}`);
  const { target, server } = phase;
  session.phase = { name: "relaying", target, server };
  const { user } = target;
  const isNamed = via === "user" && user !== undefined;
  // The server asks for no USER either; curl goes on so.
  if (!isNamed && code === 230) loggedIn(work, true);
  const lines = introductionLines(target.introduction ?? {});
  secureServer(work, isNamed ? { kind: "login", user, lines } : { kind: "go-on" });
}

function loggedIn(work: Work, withoutPassword: boolean): void {
  const { session } = work;
  if (session.loggedIn) return;
  session.loggedIn = true;
  if (withoutPassword) recordQuirk(work, "login-without-password");
  emit(work, { kind: "cancel", timer: "login" });
  // Some programs write the password behind it.
  record(work, { kind: "logged-in", user: session.user.replace(/:[^]*$/, "") });
}

/** REIN: as after the greeting (RFC 959); what was negotiated is void, and so is TLS with the client (RFC 4217 11). */
function reinitialized(work: Work, code: number, text: string): void {
  const { session } = work;
  loginAnew(work);
  session.epsvAll = false;
  session.algsDisabled = false;
  if (session.security.client.control === "tls") endClientTls(work, [code, text], "clear");
  else serverAnew(work);
}
