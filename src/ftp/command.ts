// Command, and the language of the control connection as values: what a line says, never what to do about it. The folder
// holds the two line readers, commands, replies, and the endpoint encodings of RFC 959 (`host-port.ts`) and RFC 2428
// (`extended.ts`). Text is latin1 throughout: one character is one byte and is never decoded. No policy, no state beyond one
// line.
import { noQuirks, type Quirk } from "./quirks.ts";

/** `line` is what to forward: as typed, without the blanks before the verb. `argument` follows exactly one separator. */
export type Command = { verb: string; argument: string; line: string; quirks: readonly Quirk[] };

/**
 * `retr  a.txt` → verb `RETR`, argument ` a.txt`: blanks beyond the first belong to the argument, because a file name may
 * begin with one. A blank line is undefined. Which blanks are taken: Squid's command parser.
 */
export function parseCommand(line: string): Command | undefined {
  const match = /^([ \t\v\f]*)([^ \t\v\f]+)([ \t\v\f]?)/.exec(line);
  if (!match) return undefined;
  const [typed, blanks = "", verb = "", separator = ""] = match;
  const quirks: Quirk[] = [];
  if (blanks !== "") quirks.push("leading-space");
  if (separator !== "" && separator !== " ") quirks.push("odd-separator");
  return {
    verb: upperCaseAscii(verb),
    argument: line.slice(typed.length),
    line: line.slice(blanks.length),
    quirks: quirks.length === 0 ? noQuirks : quirks,
  };
}

/**
 * The line as it may be logged: arguments of PASS, ACCT, ADAT and MIC (which may wrap a PASS in
 * mere base64) become `****`, as does any SITE command on passwords,
 * what follows a colon in the name of USER, and an OPEN that names a user before the host.
 * Masks rather too much (`PASSsecret`, `PSAS secret`, junk before the verb) than once too little.
 */
export function maskCommand(line: string): string {
  if (!beginsLikeSecret.test(line)) return line;
  const secret =
    /^[^a-z]*(?:pass|acct|adat|mic)(?=[^])/i.exec(line) ??
    mistypedPass(line) ??
    /^[^a-z]*site(?=[^]*(?:pass|pswd|pwd))/i.exec(line) ??
    /^[^a-z]*open(?=[^]*@)/i.exec(line) ??
    (line.includes(":") ? /^[^a-z]*user[^:@]*:(?=[^])/i.exec(line) : null);
  return secret ? `${secret[0]} ****` : line;
}

/** With one of their letters: nearly every other line is done with that. */
const beginsLikeSecret = /^[^a-z]*[pamsuo]/i;

/** What stands before a password behind a PASS with one letter too few, too many or another, or with two of them swapped. */
export function mistypedPass(line: string): RegExpExecArray | null {
  const typed = almostPass.exec(line);
  return typed && metricVerb(upperCaseAscii(typed[1] ?? "")) === "other" ? typed : null;
}

const almostPass =
  /^[^a-z]*(o?ass|opass|p[a-z]?ss|p[a-z]ass|pa[a-z]?s|pa[a-z]ss|pas[a-z]?|pas[a-z]s|apss|psas)(?=[ \t\v\f]+[^ \t\v\f])/i;

const metricVerbs: ReadonlySet<string> = new Set(
  [
    "USER PASS ACCT CWD CDUP SMNT QUIT REIN PORT PASV TYPE STRU MODE RETR STOR STOU APPE ALLO REST RNFR RNTO ABOR DELE", // RFC 959
    "RMD MKD PWD LIST NLST SITE SYST STAT HELP NOOP", // RFC 959
    "XMKD XRMD XPWD XCUP XCWD", // RFC 775, RFC 1123
    "LPRT LPSV", // RFC 1639
    "AUTH ADAT PROT PBSZ CCC MIC CONF ENC", // RFC 2228, RFC 4217
    "FEAT OPTS", // RFC 2389
    "EPRT EPSV", // RFC 2428
    "LANG", // RFC 2640
    "MDTM SIZE MLST MLSD", // RFC 3659
    "ALGS", // RFC 6384
    "HOST", // RFC 7151
    "CLNT MFMT MFCT MFF AVBL DSIZ COMB RMDA CSID XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512 MD5 HASH RANG THMB", // in use, no RFC
    "PRET CPSV SSCN ESTA ESTP XDUP APSV", // transfers between servers
    "OPEN", // proxies
  ].flatMap((line) => line.split(" ")),
);

/** The verb if it is one of a closed list, else `other`: a metric label must not be the client's to choose. */
export function metricVerb(verb: string): string {
  return metricVerbs.has(verb) ? verb : "other";
}

const transferDirections: Readonly<Record<string, "download" | "upload">> = {
  RETR: "download",
  LIST: "download",
  NLST: "download",
  MLSD: "download",
  STOR: "upload",
  STOU: "upload",
  APPE: "upload",
};

/** Which way the data of a transfer command goes, seen from the client (RFC 959, RFC 3659); undefined of other verbs. */
export function transferDirection(verb: string): "download" | "upload" | undefined {
  return Object.hasOwn(transferDirections, verb) ? transferDirections[verb] : undefined;
}

const requestVersion = /[ \t](?:HTTP|RTSP|SIP|ICAP)\/\d/i;

/**
 * Whether a line speaks HTTP (a request or a header), SMTP, SSH or TLS. A browser can be made to send FTP commands inside a
 * POST to port 21 (NAT slipstreaming), so such a client is not answered line by line. No FTP command has a colon in its verb,
 * and a verb that FTP knows is never a request's: `HOST ftp.example.com` and `RETR notes HTTP/1.1` are none of these.
 */
export function looksLikeAnotherProtocol(line: string): boolean {
  if (beginsTls(line)) return true;
  const verb = parseCommand(line)?.verb ?? "";
  if (metricVerb(verb) !== "other") return false;
  return (
    verb.includes(":") ||
    ["HELO", "EHLO", "LHLO"].includes(verb) ||
    /^SSH-\d/.test(verb) ||
    requestVersion.test(line) ||
    /^[ \t]*(?:MAIL FROM|RCPT TO):/i.test(line)
  );
}

/** Likewise of a line that was not read to its end: a request shows by its target there. */
export function beginsLikeAnotherProtocol(beginning: string): boolean {
  if (looksLikeAnotherProtocol(beginning)) return true;
  const { verb = "other", argument = "" } = parseCommand(beginning) ?? {};
  return metricVerb(verb) === "other" && /^(?:\/|\*|[a-z]+:\/\/)/i.test(argument);
}

/** A record of a TLS handshake. */
function beginsTls(line: string): boolean {
  return line.startsWith("\x16\x03");
}

/** Whether a client that speaks FTP may say this first: a command that some RFC or some program in use knows. */
export function isKnownCommand(line: string): boolean {
  return metricVerb(parseCommand(line)?.verb ?? "") !== "other";
}

/** Upper case for A-Z alone: `toUpperCase` would turn the byte 0xff into a character that is no byte. */
export function upperCaseAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
