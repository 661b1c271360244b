// Server security: what the gateway says to the server to bring its leg under TLS, after the greeting or when the client does the same
// (RFC 4217): AUTH TLS, PBSZ 0, PROT. The client's commands are held meanwhile, and reads none of the answers but a refusal that
// is meant for it.
import { formatReply, isNegative, isPositive } from "../ftp/reply.ts";
import { loginAnew, startClientTls, updateSecurity } from "./client-tls.ts";
import { diagnoseTlsRefused } from "./diagnose-tls.ts";
import { isReplaceable, tryNextServer } from "./next-server.ts";
import { agreesToTls } from "./passthrough.ts";
import { sendUser } from "./policies.ts";
import { serverTls, type Protection, type SecurityStep } from "./security-state.ts";
import type { Session } from "./state.ts";
import { answer, emit, end, record, recordFailure, sendToServer, type Work } from "./work.ts";

/** The server has greeted, the client has said AUTH or PROT, or both begin anew after REIN: `next` follows when all is said. */
export function secureServer(work: Work, next: SecurityStep): void {
  const tls = serverTls(work.session);
  if (tls === undefined || tls.mode === "off" || !isWanted(work.session, next)) follow(work, next);
  else if (work.session.security.server.control === "clear") ask(work, "AUTH", "AUTH TLS", next);
  else protectServer(work, next);
}

/** After REIN. What the server was told of its data connections it may have forgotten. */
export function serverAnew(work: Work): void {
  const { server } = work.session.security;
  if (server.control === "clear") return;
  updateSecurity(work, { server: { ...server, data: "clear", isSized: false } });
  secureServer(work, { kind: "go-on" });
}

/** `match-client`: the client is under TLS, or is to be next. */
function isWanted(session: Session, next: SecurityStep): boolean {
  if (serverTls(session)?.mode !== "match-client") return true;
  return next.kind === "client-auth" || session.security.client.control !== "clear";
}

/** Says to the server, before the client hears of it, what the client has said, or what the configuration wants. */
export function ask(
  work: Work,
  verb: "AUTH" | "PBSZ" | "PROT" | "HOST" | "OPTS",
  line: string,
  next: SecurityStep,
): void {
  sendToServer(work, line, { kind: "security", verb });
  updateSecurity(work, { stage: { kind: "asking", next } });
}

/** The server's control connection is under TLS: now its data connections. RFC 4217 9: PBSZ first. */
export function protectServer(work: Work, next: SecurityStep): void {
  const { server } = work.session.security;
  const isKnown = server.isSized || serverTls(work.session)?.implicit !== true;
  const wanted = wantedProtection(work.session, next);
  if (isKnown && server.data === wanted) follow(work, next);
  else if (!server.isSized) ask(work, "PBSZ", "PBSZ 0", next);
  else askProtection(work, next);
}

function askProtection(work: Work, next: SecurityStep): void {
  ask(work, "PROT", wantedProtection(work.session, next) === "private" ? "PROT P" : "PROT C", next);
}

function wantedProtection({ options, security: { client } }: Session, next: SecurityStep): Protection {
  const { data = "private" } = serverTls({ options }) ?? {};
  if (data !== "match") return data;
  if (next.kind === "client-auth" || next.kind === "client-prot") return next.data;
  return client.control === "clear" ? "private" : client.data;
}

/** Whether the server's reply to what was asked is for the client to read: it refuses what the client itself has asked for. */
export function isRefusalPassed({ security: { stage } }: Session, verb: string, code: number): boolean {
  if (stage?.kind !== "asking" || verb === "PBSZ" || !isNegative(code)) return false;
  return isClientsOwn(stage.next);
}

function isClientsOwn({ kind }: SecurityStep): boolean {
  return kind === "client-auth" || kind === "client-prot";
}

/** The server has answered. */
export function securityAnswered(work: Work, verb: string, code: number, text: string): void {
  const { stage, server } = work.session.security;
  if (stage?.kind !== "asking") return;
  const { next } = stage;
  if (isRefusalPassed(work.session, verb, code)) updateSecurity(work, { stage: undefined });
  else if (verb === "PBSZ") {
    updateSecurity(work, { server: { ...server, isSized: true } });
    askProtection(work, next);
  } else if (verb === "HOST" || verb === "OPTS") introduced(work, next, verb === "HOST" && code === 504, text);
  else if (verb === "AUTH" ? !agreesToTls(code) : !isProtecting(work.session, code, next)) {
    refused(work, verb, code, text, next);
  } else if (verb === "PROT") {
    updateSecurity(work, { server: { ...server, data: wantedProtection(work.session, next) } });
    follow(work, next);
  } else {
    emit(work, { kind: "start-tls", side: "server", says: "" });
    updateSecurity(work, { stage: { kind: "handshake", side: "server", next } });
  }
}

/** Servers do not know it, or not before the login (aioftp). */
const notForNow: ReadonlySet<number> = new Set([500, 502, 503, 530]);

/** A server under implicit TLS begins with its data under TLS, whatever it knows of PROT. */
function isProtecting(session: Session, code: number, next: SecurityStep): boolean {
  const isImplied = serverTls(session)?.implicit === true && wantedProtection(session, next) === "private";
  return isPositive(code) || (notForNow.has(code) && isImplied);
}

/** Who does not know HOST at all serves one host, and OPTS changes no byte. */
function introduced(work: Work, next: SecurityStep, isUnknown: boolean, text: string): void {
  if (!isUnknown || !tryNextServer(work, `does not know the host: 504 ${text}`)) follow(work, next);
}

/** Never after a failed handshake, and never for now only (4yz), a session goes on in clear. */
function refused(work: Work, verb: string, code: number, text: string, next: SecurityStep): void {
  const { mode, data } = serverTls(work.session) ?? {};
  const isTolerated =
    verb === "AUTH"
      ? mode === "auto" && code >= 500
      : data === "match" && work.session.security.client.control === "clear";
  if (isTolerated) {
    follow(work, next);
    return;
  }
  if (tryNextServer(work, `${verb} was answered ${code} ${text}`)) return;
  const diagnosis = diagnoseTlsRefused(work.session, { verb, code, text });
  recordFailure(work, diagnosis);
  record(work, { kind: "refusal", reason: "tls-refused", detail: `${verb} answered ${code} ${text}` });
  end(work, "tls-refused", `${verb} answered ${code} ${text}`, diagnosis.clientSentence);
}

/** The server's leg is as it should be. */
export function follow(work: Work, next: SecurityStep): void {
  const { client } = work.session.security;
  updateSecurity(work, { stage: undefined });
  switch (next.kind) {
    case "login":
      logIn(work, next);
      break;
    case "client-auth":
      loginAnew(work);
      startClientTls(work, formatReply(234, "AUTH TLS successful."), next);
      break;
    case "client-prot":
      updateSecurity(work, { client: { ...client, data: next.data } });
      answer(work, 200, `Protection set to ${next.data === "private" ? "Private" : "Clear"}.`);
      break;
    case "go-on":
    case "begin":
      break;
  }
}

/** USER, once the server has heard what the client has said before. */
function logIn(work: Work, { user, lines: [line, ...lines] }: Extract<SecurityStep, { kind: "login" }>): void {
  if (line !== undefined) {
    ask(work, line.startsWith("HOST") ? "HOST" : "OPTS", line, { kind: "login", user, lines });
    return;
  }
  if (isReplaceable(work.session)) {
    emit(work, { kind: "cancel", timer: "silence" });
    emit(work, { kind: "server-chosen" });
  }
  sendUser(work, user, `USER ${user}`);
}
