// Security policy: which of AUTH, PBSZ, PROT and CCC a client may say as things stand, and what it may not say without them (RFC 4217).
import { metricVerb, transferDirection, upperCaseAscii, type Command } from "../ftp/command.ts";
import type { ClientTls } from "./options.ts";
import { namedUser, policyFor } from "./policies.ts";
import { refusal, type Refusal } from "./refusals.ts";
import { clientTls, isTlsRefused } from "./security-state.ts";
import type { Session } from "./state.ts";

/** RFC 2228 and 4217, and what exists for transfers between servers under TLS (SSCN, CPSV). */
export const tlsVerbs: ReadonlySet<string> = new Set([
  ...["AUTH", "ADAT", "PBSZ", "PROT", "CCC", "MIC", "CONF", "ENC", "SSCN", "CPSV"],
]);

/** Those of them that mean something here. */
const known: ReadonlySet<string> = new Set(["AUTH", "PBSZ", "PROT", "CCC"]);

/** Why a command is not taken because of TLS, or of the lack of it. */
export function securityRefusal(session: Session, command: Command): Refusal | undefined {
  const { tls } = session.options;
  const { verb } = command;
  if (tls === undefined || isTlsRefused(session)) return tlsVerbs.has(verb) ? refusal("tls", verb) : undefined;
  if (!tlsVerbs.has(verb)) return tls.kind === "terminate" ? requirement(session, command) : undefined;
  if (!known.has(verb)) return refusal("tls:other", verb);
  // Elsewhere the server itself says what they are worth.
  if (tls.kind === "passthrough") return undefined;
  return verb === "AUTH" ? authRefusal(session, command.argument) : protectionRefusal(session, command);
}

/** Where client and server speak TLS with each other, what the server can do is what works. */
export function isPassedTlsVerb(session: Session, verb: string): boolean {
  return session.options.tls?.kind === "passthrough" && !isTlsRefused(session) && known.has(verb);
}

/** USER is judged by whom it names, and what follows it until the server has answered, too: that user is about to log in. */
function demanded(session: Session, command: Command): ClientTls["require"] {
  const { clientOptions, policy, nextPolicy } = session;
  const named = typeof nextPolicy === "object" ? nextPolicy : policy;
  const { tls } = command.verb === "USER" ? policyFor(session, command) : named;
  const demand = tls ?? clientOptions.policy.tls ?? clientTls(session)?.require ?? "none";
  return demand === "refuse" ? "none" : demand;
}

/** RFC 4217 2, and its drafts. Other mechanisms hide line by line what the gateway has to translate. */
const mechanisms: ReadonlySet<string> = new Set(["TLS", "TLS-C", "SSL", "TLS-P"]);

/** Whether AUTH with this argument asks for TLS. */
export function isTlsMechanism(argument: string): boolean {
  return mechanisms.has(upperCaseAscii(argument.trim()));
}

function authRefusal({ security: { client } }: Session, argument: string): Refusal | undefined {
  if (!isTlsMechanism(argument)) return refusal("tls:mechanism");
  if (client.control === "tls") return refusal("tls-order:again");
  return client.control === "cleared" ? refusal("tls-order:cleared") : undefined;
}

function protectionRefusal(session: Session, command: Command): Refusal | undefined {
  const { verb, argument } = command;
  const { client } = session.security;
  const { ccc } = clientTls(session) ?? {};
  if (verb === "CCC" && ccc !== true) return refusal("ccc");
  if (client.control === "clear") return refusal("tls-order", verb);
  if (verb === "CCC") return client.control === "cleared" ? refusal("tls-order", verb) : undefined;
  if (verb === "PBSZ") return /^\d{1,10}$/.test(argument.trim()) ? undefined : refusal("tls-argument:pbsz");
  const level = upperCaseAscii(argument.trim());
  if (level === "S" || level === "E") return refusal("prot-level");
  if (level !== "P" && level !== "C") return refusal("tls-argument");
  if (!client.isSized) return refusal("tls-order:pbsz");
  return level === "C" && demanded(session, command) === "data" ? refusal("prot-level:clear") : undefined;
}

/** What a client may say before AUTH where that is required: what tells it what to do, and what ends the session. */
const openVerbs: ReadonlySet<string> = new Set(
  "FEAT HELP SYST NOOP STAT OPTS CLNT LANG HOST ALGS CSID QUIT".split(" "),
);

/** By these a user becomes known. */
const loginVerbs: ReadonlySet<string> = new Set(["USER", "PASS", "ACCT"]);

/** What opens a data connection, and what uses it. */
const dataVerbs: ReadonlySet<string> = new Set(["PORT", "EPRT", "PASV", "EPSV"]);

function requirement(session: Session, command: Command): Refusal | undefined {
  const { verb, argument } = command;
  const { user, ccc } = clientTls(session) ?? {};
  const require = demanded(session, command);
  const { control, data, user: shown } = session.security.client;
  // RFC 4217 11: TLS ends with its reply.
  if (verb === "REIN" && control === "tls" && ccc !== true) return refusal("ccc:rein");
  if (require !== "none" && control !== "tls") {
    const isOpen = control === "cleared" ? !isLogin(command) : openVerbs.has(verb);
    if (!isOpen) return refusal("tls-required", metricVerb(verb) === "other" ? "Command" : verb);
  }
  const isData = dataVerbs.has(verb) || transferDirection(verb) !== undefined;
  if (require === "data" && data === "clear" && isData) return refusal("clear-data", verb);
  if (user !== "cn" || !isUser(command)) return undefined;
  return verb === "USER" && namedUser(session, argument) === shown ? undefined : refusal("certificate-user");
}

/** Some servers read four letters, wherever they begin. */
function isLogin({ verb, line }: Command): boolean {
  return (
    loginVerbs.has(verb) || (metricVerb(verb) === "other" && /^[^A-Z]*(?:USER|PASS|ACCT)/.test(upperCaseAscii(line)))
  );
}

function isUser({ verb, line }: Command): boolean {
  return verb === "USER" || (metricVerb(verb) === "other" && /^[^A-Z]*USER/.test(upperCaseAscii(line)));
}
