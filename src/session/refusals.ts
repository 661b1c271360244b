// Refusals: the one list of what the client is told for each refusal reason. Code, tests and the operators' handbook read it.
import type { Diagnosis } from "./diagnosis.ts";
import type { Mode } from "./mode.ts";
import type { RefusalReason } from "./reasons.ts";

/** A reply of the gateway's own that says no: the FTP reply code and the text behind it, without CRLF. */
export type Refusal = { readonly reason: RefusalReason; readonly code: number; readonly text: string };

/** RFC 959: "service not available, closing control connection". Every end that the client is told of has this code. */
export const closingCode = 421;

type Wording = { readonly code: number; readonly text: (...parts: never[]) => string };

/** `reason`, or `reason:variant` where the same reason is told in more than one way. */
type Wordings = Readonly<Record<RefusalReason, Wording>> & {
  readonly [variant in `${RefusalReason}:${string}`]: Wording;
};

const wordings = {
  "line-too-long": { code: 500, text: () => "Line too long." },
  "nul-byte": { code: 500, text: () => "A command must not hold NUL." },
  "lone-cr": { code: 500, text: () => "A command must not hold a bare CR." },
  "blank-line": { code: 500, text: () => "Empty command." },
  "too-many-bad-lines": { code: closingCode, text: () => "Too many lines that are no commands." },
  "not-ftp": { code: closingCode, text: () => "This is an FTP gateway." },
  "malformed-endpoint": { code: 501, text: (verb: Mode) => `${verb} refused: malformed argument.` },
  "port-zero": { code: 501, text: (verb: Mode) => `${verb} refused: port 0.` },
  "low-port": {
    code: 504,
    text: (verb: Mode, lowest: number) => `${verb} refused: ports below ${lowest} are not allowed.`,
  },
  "foreign-address": {
    code: 504,
    text: (verb: Mode, address: string) => `${verb} refused: ${address} is not your address.`,
  },
  "own-endpoint": { code: 504, text: (verb: Mode) => `${verb} refused: that is this gateway itself.` },
  // RFC 2428: 522 lists the address families that can be used, 1 for IPv4 and 2 for IPv6.
  "unsupported-family": { code: 522, text: (usable: 1 | 2) => `Network protocol not supported, use (${usable})` },
  "unsupported-family:pasv": { code: 522, text: () => "Network protocol not supported, use EPSV (2)" },
  "long-form": { code: 502, text: (verb: string) => `${verb} refused: use EPRT or EPSV.` },
  "epsv-all": { code: 501, text: (verb: string) => `${verb} refused after EPSV ALL.` },
  "not-logged-in": { code: 530, text: (verb: string) => `${verb} refused: log in with USER and PASS first.` },
  "denied-command": { code: 502, text: (name: string) => `${name} refused by policy of this gateway.` },
  "read-only": { code: 550, text: (verb: string) => `${verb} refused: this gateway is read-only.` },
  "anonymous-only": { code: 530, text: () => "Only anonymous login is allowed here." },
  tls: { code: 502, text: (verb: string) => `${verb} refused: this gateway has no TLS.` },
  "tls:mechanism": { code: 504, text: () => "AUTH refused: use AUTH TLS." },
  "tls:policy": {
    code: 534,
    text: () => "AUTH refused: this gateway's policy forbids what it could not see under TLS.",
  },
  "bytes-before-tls": { code: closingCode, text: () => "Something was sent in clear behind AUTH." },
  "tls:other": { code: 502, text: (verb: string) => `${verb} refused: use AUTH TLS.` },
  "tls-order": { code: 503, text: (verb: string) => `${verb} refused: say AUTH TLS first.` },
  "tls-order:pbsz": { code: 503, text: () => "PROT refused: say PBSZ 0 first." },
  "tls-order:again": { code: 503, text: () => "AUTH refused: this connection is under TLS already." },
  "tls-order:cleared": { code: 503, text: () => "AUTH refused after CCC." },
  "tls-argument:pbsz": { code: 501, text: () => "PBSZ refused: use PBSZ 0." },
  "tls-argument": { code: 504, text: () => "PROT refused: use PROT C or PROT P." },
  "tls-required": { code: 530, text: (verb: string) => `${verb} refused: say AUTH TLS first.` },
  "clear-data": { code: 521, text: (verb: string) => `${verb} refused: data connections need PROT P.` },
  "prot-level": { code: 536, text: () => "PROT refused: use PROT C or PROT P." },
  "prot-level:clear": { code: 534, text: () => "PROT C refused by policy of this gateway." },
  ccc: { code: 533, text: () => "CCC refused by policy of this gateway." },
  "ccc:rein": { code: 502, text: () => "REIN refused under TLS, which it would end; connect anew." },
  "certificate-user": { code: 530, text: () => "USER refused: your certificate is for another user." },
  "tls-failed": { code: closingCode, text: () => "TLS failed." },
  "tls-refused": { code: closingCode, text: () => "The server refuses TLS." },
  "no-server": { code: 530, text: () => "Log in with USER user@host[:port] first." },
  "no-server:user": { code: 530, text: () => "Log in with USER user@host[:port]." },
  "no-server:pool": { code: 530, text: () => "Log in with USER first." },
  "no-server:nobody": { code: 530, text: () => "No server is for this user." },
  "malformed-login": { code: 530, text: () => "Log in with USER user@host[:port]." },
  "malformed-login:host": { code: 501, text: () => "Use HOST name." },
  "malformed-login:open": { code: 501, text: (verb: string) => `Use ${verb} host [port].` },
  "host-not-allowed": { code: 530, text: (host: string) => `${host} is not allowed.` },
  "host-not-allowed:host": { code: 504, text: (host: string) => `${host} is not served here.` },
  "host-not-allowed:unresolved": {
    code: 530,
    text: (why: string) => `Not allowed, because its address is unknown: ${why}.`,
  },
  "server-address": {
    code: 530,
    text: (host: string) => `${host} is not allowed: its address must be allowed by itself.`,
  },
  "server-port": { code: 530, text: (port: number) => `Port ${port} is not allowed.` },
  "other-server": { code: 503, text: () => "Already connected to another server; QUIT first." },
  loop: { code: 530, text: (host: string) => `${host} is this gateway itself.` },
  "too-many-names": { code: closingCode, text: () => "Too many names are being looked up; try again later." },
  "server-unreachable": { code: closingCode, text: (why: string) => `The server is unreachable: ${why}.` },
  "server-endpoint-malformed": { code: 425, text: unopened },
  "server-endpoint-low-port": { code: 425, text: unopened },
  "server-endpoint-foreign": { code: 425, text: unopened },
  "server-endpoint-own": { code: 425, text: unopened },
  "server-rejects-mode": { code: 425, text: unopened },
  "ports-exhausted": { code: 425, text: () => unopened("no data port is free.") },
  "address-unavailable": { code: 425, text: () => unopened("the gateway cannot use its address.") },
  "plane-unavailable": { code: 425, text: () => unopened("no data plane is available.") },
  "too-many-pinholes": { code: 425, text: () => unopened("too many are open from your address.") },
  "no-data-connection": { code: 425, text: (why: string) => unopened(`${why}.`) },
  "no-data-connection:gone": {
    code: 425,
    text: (outcome: string) => `The data connection is gone (${outcome}); announce another one.`,
  },
  "no-data-connection:prot": { code: 425, text: () => unopened("PROT has changed; announce another one.") },
  "unconfirmed-transfer": { code: 451, text: () => "The server did not confirm the transfer." },
  "broken-transfer": { code: 426, text: (why: string) => `Transfer incomplete: ${why}.` },
  "too-many-sessions": { code: closingCode, text: () => "Too many sessions; try again later." },
  "too-many-sessions-per-client": { code: closingCode, text: () => "Too many sessions from your address." },
  "too-many-connects": { code: closingCode, text: () => "Too many connections in a short time; try again later." },
  banned: { code: closingCode, text: () => "Too many failed logins from your address; try again later." },
  "no-descriptor": { code: closingCode, text: () => "The gateway is full; try again later." },
  "no-address": { code: closingCode, text: () => "The gateway does not know its own address yet; try again later." },
  "proxy-header": { code: closingCode, text: () => "This entrance is for its balancer, which says who is coming." },
} as const satisfies Wordings;

function unopened(why: string): string {
  return `Can't open data connection: ${why}`;
}

type Key = keyof typeof wordings;
type Parts = { readonly [K in Key]: Parameters<(typeof wordings)[K]["text"]> };

/** What is said, by reason and variant: the text takes the parts that differ from one refusal to the next. */
const replies: { readonly [K in Key]: { readonly code: number; readonly text: (...parts: Parts[K]) => string } } =
  wordings;

/** The refusal for a reason (`low-port`) or a variant of one (`no-server:user`), with the parts of its text. */
export function refusal<K extends Key>(key: K, ...parts: Parts[K]): Refusal {
  const { code, text } = replies[key];
  return { reason: reasonOf(key), code, text: text(...parts) };
}

/** With the words of a diagnosis, where there is one. */
export function explained(refused: Refusal, diagnosis: Diagnosis | undefined): Refusal {
  return diagnosis === undefined ? refused : { ...refused, text: diagnosis.clientSentence };
}

/** Every reply code that a refusal for this reason can have, the usual one first. */
export function refusalCodes(reason: RefusalReason): readonly number[] {
  const keys = (Object.keys(wordings) as Key[]).filter((key) => reasonOf(key) === reason);
  return [...new Set(keys.map((key) => wordings[key].code))];
}

function reasonOf(key: Key): RefusalReason {
  return key.split(":", 1)[0] as RefusalReason;
}
