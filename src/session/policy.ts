// Policy: what this gateway does not let through, and the FTP reply that says so.
import { metricVerb, parseCommand, upperCaseAscii, type Command } from "../ftp/command.ts";
import type { Mode } from "./mode.ts";
import type { Policy } from "./options.ts";
import { namedUser, policyFor, userRefusal } from "./policies.ts";
import { refusal, type Refusal } from "./refusals.ts";
import { isPassedTlsVerb, securityRefusal, tlsVerbs } from "./security-policy.ts";
import type { Session } from "./state.ts";
import { isAnonymousName } from "./user-pattern.ts";

/** RFC 1639: address families of its own; no client in use needs them. */
const longVerbs: ReadonlySet<string> = new Set(["LPRT", "LPSV"]);

/** What changes nothing at the server: with `readOnly` all else is refused, verbs that nobody knows too. */
const readingVerbs: ReadonlySet<string> = new Set(
  [
    "USER PASS ACCT REIN QUIT AUTH PBSZ PROT CCC CWD XCWD CDUP XCUP PWD XPWD SMNT",
    "PORT EPRT PASV EPSV TYPE STRU MODE REST ABOR PRET ESTA ESTP APSV RETR LIST NLST MLSD MLST SIZE",
    "STAT SYST HELP NOOP FEAT OPTS LANG HOST ALGS CLNT CSID AVBL DSIZ",
    "XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512 MD5 HASH RANG THMB",
  ].flatMap((line) => line.split(" ")),
);

/** MDTM with a time before the name sets the time; of SITE, what is known to tell something alone. */
function isReading({ verb, argument }: Command): boolean {
  if (verb === "MDTM") return !/^[ \t]*\d{8}[^ \t]*[ \t]/.test(argument);
  if (verb === "SITE") return /^[ \t]*(?:HELP|WHO)(?:[ \t]|$)/i.test(argument);
  return readingVerbs.has(verb);
}

/** Whose argument names a path, in which CR NUL stands for a CR (RFC 2640 3.1). Elsewhere it may end the line for a server. */
const pathVerbs: ReadonlySet<string> = new Set(
  [
    "CWD XCWD SMNT RETR STOR STOU APPE RNFR RNTO DELE RMD XRMD RMDA MKD XMKD LIST NLST MLSD MLST STAT SITE SIZE MDTM",
    "MFMT MFCT MFF COMB XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512 MD5 HASH THMB PRET AVBL DSIZ",
  ].flatMap((line) => line.split(" ")),
);

/** Why this command is not for the server, or undefined. PORT and the like are judged with their endpoint. */
export function refusalOf(session: Session, command: Command): Refusal | undefined {
  const { verb } = command;
  const isUserAsked = session.clientOptions.userPolicies.length > 0;
  const policy = isUserAsked ? policyFor(session, command) : session.policy;
  // Where no TLS is configured, a line is looked at no further for it.
  const isSecurity = session.options.tls !== undefined || tlsVerbs.has(verb);
  const unsafe = isSecurity ? securityRefusal(session, command) : undefined;
  if (unsafe !== undefined) return unsafe;
  if (longVerbs.has(verb)) return refusal("long-form", verb);
  const disguised = disguisedAnnouncement(command);
  if (disguised !== undefined) return disguised;
  if (!pathVerbs.has(verb) && command.line.includes("\r")) return refusal("nul-byte");
  const hidden = hiddenVerb(command);
  if (hidden !== undefined && isDenied(policy.commands, hidden)) return refusal("denied-command", "Command");
  if (policy.anonymousOnly && hidden === "USER") return refusal("anonymous-only");
  if (!isAllowed(policy.commands, verb, siteCommand(command))) {
    // A verb that nobody knows may be anything, a password typed too early too, and this text is logged.
    return refusal("denied-command", metricVerb(verb) === "other" ? "Command" : verb);
  }
  // Before a server is known, SITE names it.
  if (policy.readOnly && !isReading(command) && session.phase.name !== "choosing") {
    return refusal("read-only", metricVerb(verb) === "other" ? "Command" : verb);
  }
  if (policy.anonymousOnly && verb === "USER" && !isAnonymousName(namedUser(session, command.argument))) {
    return refusal("anonymous-only");
  }
  const unclear = isUserAsked ? userRefusal(session, command) : undefined;
  if (unclear !== undefined) return unclear;
  if (isLoginNeeded(session, verb)) return refusal("not-logged-in", verb);
  if (session.epsvAll && (verb === "PORT" || verb === "EPRT" || verb === "PASV")) {
    return refusal("epsv-all", verb);
  }
  return undefined;
}

/** What makes a pinhole. */
const pinholeVerbs: ReadonlySet<string> = new Set(["PORT", "EPRT", "PASV", "EPSV"]);

/** Whether a command with this verb is refused until the server has accepted a login. Before a server is known, every one is. */
export function isLoginNeeded({ policy, loggedIn, phase }: Session, verb: string): boolean {
  if (policy.pinholesBeforeLogin || loggedIn) return false;
  return pinholeVerbs.has(verb) && phase.name !== "choosing";
}

/** Whether what the server has not answered yet decides about this line: it waits for that. */
export function dependsOnLogin({ policy, outstanding }: Session, line: string): boolean {
  if (policy.pinholesBeforeLogin) return false;
  if (!outstanding.some(({ kind, optional }) => (kind === "login" || kind === "rein") && !optional)) return false;
  const verb = parseCommand(line)?.verb ?? "";
  return pinholeVerbs.has(verb) && isAllowed(policy.commands, verb);
}

/**
 * A verb that announces a data connection, and something beside it that is no part of it: `PORT1,2,3,4,5,6`, EPRT with a byte
 * 0xa0 or a CR NUL. Some servers read four letters and take it, and what it announces would not be translated.
 */
function disguisedAnnouncement({ verb, line }: Command): Refusal | undefined {
  const [spelled, mode] = /^[^A-Z]*(?:(PORT|EPRT|PASV|EPSV)|LPRT|LPSV)(?![A-Z])/.exec(upperCaseAscii(line)) ?? [];
  if (spelled === undefined || verb === mode) return undefined;
  return mode === undefined ? refusal("long-form", "Command") : refusal("malformed-endpoint", mode as Mode);
}

/** What a server that reads four letters, wherever they begin, finds in a verb that nobody knows: DELE in `DELEfile`, USER in `\xa0USER`. */
function hiddenVerb({ verb, line }: Command): string | undefined {
  if (metricVerb(verb) !== "other") return undefined;
  const [, word = ""] = /^[^A-Z]*([A-Z]{3,})/.exec(upperCaseAscii(line)) ?? [];
  return [word.slice(0, 4), word.slice(0, 3)].find((beginning) => metricVerb(beginning) !== "other");
}

/** By name. SITE counts as denied where one of its commands is: which one follows can't be told. */
function isDenied(commands: Policy["commands"], verb: string): boolean {
  return "deny" in commands && commands.deny.some((denied) => denied === verb || denied.startsWith(`${verb} `));
}

/** QUIT and what opens the login, or protects it, are needed by everybody; an allow list need not name them. */
const alwaysAllowed: ReadonlySet<string> = new Set(["USER", "PASS", "QUIT", "AUTH", "PBSZ", "PROT", "CCC"]);

/** `site`: what is asked for behind SITE, as the lists have it; SITE alone in a list stands for all of these. */
function isAllowed(commands: Policy["commands"], verb: string, site = verb): boolean {
  if ("deny" in commands) return !commands.deny.includes(verb) && !commands.deny.includes(site);
  return commands.allow.includes(verb) || commands.allow.includes(site) || alwaysAllowed.has(verb);
}

/** `SITE CHMOD` of `site  chmod 644 a`, whatever a careless server may skip before it; undefined for other verbs. */
function siteCommand({ verb, argument }: Command): string | undefined {
  if (verb !== "SITE") return undefined;
  const word = /^[^A-Z]*([A-Z][A-Z0-9]*)/.exec(upperCaseAscii(argument))?.[1] ?? "";
  return `SITE ${word}`;
}

/** Features that are no commands (RFC 2640, RFC 3659), or commands that read without a second argument. */
const harmlessFeatures: ReadonlySet<string> = new Set(["UTF8", "TVFS", "MDTM"]);

function isWritingFeature(feature: string): boolean {
  return !readingVerbs.has(feature) && !harmlessFeatures.has(feature);
}

/** FEAT: the features that the gateway refuses to let through. */
export function isHiddenFeature(session: Session, feature: string): boolean {
  const { commands, readOnly } = session.policy;
  // MLST is the feature of both MLST and MLSD; a list without the latter is of no use.
  const verb = feature === "MLST" ? "MLSD" : feature;
  if (longVerbs.has(verb) || (tlsVerbs.has(verb) && !isPassedTlsVerb(session, verb))) return true;
  return !isAllowed(commands, verb) || (readOnly && isWritingFeature(verb));
}
