// Host name: how a client names its server inside the dialogue, for the login route: `USER user@host:port`, `OPEN host
// port`, `SITE host`. Names are checked, not resolved.
import { parseAddress, parsePortNumber } from "../net/endpoint.ts";
import { trimBlanks } from "./latin1.ts";

export type LoginTarget =
  | { ok: true; user: string; host: string; port?: number }
  | { ok: false; reason: "no-host" | "malformed" };

export type HostPort = { ok: true; host: string; port?: number } | { ok: false };

/** Reads the argument of USER. The last `@` wins, because user names are often mail addresses; `user` is kept as bytes. */
export function parseLoginTarget(text: string): LoginTarget {
  const at = text.lastIndexOf("@");
  if (at === -1 || trimBlanks(text.slice(at + 1)) === "") return { ok: false, reason: "no-host" };
  const target = parseHostPort(text.slice(at + 1));
  if (at === 0 || !target.ok) return { ok: false, reason: "malformed" };
  return { ...target, user: text.slice(0, at) };
}

/** Reads `host`, `host:port`, `host port`, `[fd00::5]:port` and a bare IPv6 literal; addresses come back canonical. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[([^\]:]*:[^\]]*)\]|([^ \t[\]]*?))(?:(?::|[ \t]+)(\d+))?$/.exec(trimBlanks(text));
  if (!match) return { ok: false };
  const [whole, bracketed, plain = "", digits] = match;
  // Without brackets the last group of an IPv6 literal looks like a port.
  const literal = bracketed === undefined ? parseAddress(whole) : undefined;
  if (literal !== undefined) return { ok: true, host: literal };
  const host = bracketed === undefined ? parseHost(plain) : parseAddress(bracketed);
  if (host === undefined) return { ok: false };
  if (digits === undefined) return { ok: true, host };
  const port = parsePortNumber(digits);
  return port === undefined || port === 0 ? { ok: false } : { ok: true, host, port };
}

/** Letters, digits, hyphen: a name also ends up in logs and in resolver calls, where other bytes do harm. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function parseHost(text: string): string | undefined {
  const literal = parseAddress(text);
  if (literal !== undefined) return literal;
  const host = canonicalHost(text);
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((part) => label.test(part))) return undefined;
  // Resolvers read `2130706433`, `127.1` and `0x7f.1` as addresses, behind the back of any list of names.
  return /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "") ? undefined : host;
}

function canonicalHost(text: string): string {
  return parseAddress(text) ?? text.toLowerCase().replace(/\.$/, "");
}

/**
 * Whether `host` is meant by `example.com`, `*.example.com` (one or more labels before it, never the bare domain), or `*`.
 * Case and a trailing dot do not matter; a literal address matches itself and `*` only.
 */
export function hostMatches(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  const name = canonicalHost(host);
  if (!pattern.startsWith("*.")) return canonicalHost(pattern) === name;
  const domain = canonicalHost(pattern.slice(2));
  const isBelow = name.endsWith(`.${domain}`) && name.length > domain.length + 1;
  return domain !== "" && isBelow && parseAddress(name) === undefined;
}
