// Settings, the scalars of the configuration file: text or number → value, or what was expected instead. Nothing of zod or
// YAML.
import { isUnspecified, parseAddress, parseEndpoint, parseNetwork, parsePortNumber } from "../net/endpoint.ts";
import type { Endpoint, Network } from "../net/endpoint.ts";
import type { Entrance, HostPort, PortRange } from "../gateway/options.ts";
import type { AllowRule } from "../session/options.ts";
import {
  nearestAddress,
  nearestCount,
  nearestDuration,
  nearestListen,
  nearestNetwork,
  nearestPercent,
  nearestPortRange,
  nearestServer,
  nearestSize,
} from "./suggestions.ts";

/** A value, or what the operator is told after the path. */
export type Setting<T> = { readonly value: T } | { readonly problem: string };

/** How a wrong value is called in a message: short, and never a whole structure. */
function describe(raw: unknown): string {
  if (raw === undefined || raw === null) return "nothing";
  if (Array.isArray(raw)) return "a list";
  if (typeof raw === "object") return "a mapping";
  if (typeof raw === "string") return JSON.stringify(raw.length > 60 ? `${raw.slice(0, 60)}…` : raw);
  return typeof raw === "number" || typeof raw === "boolean" || typeof raw === "bigint" ? String(raw) : typeof raw;
}

/** `meant`: the value that is near to the one given. */
export function expected(what: string, raw: unknown, meant?: string): string {
  return `expected ${what}, got ${describe(raw)}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** A suggestion, if it is right where the wrong value stood. */
function ifRight(
  meant: string | undefined,
  raw: unknown,
  parse: (raw: string) => Setting<unknown>,
): string | undefined {
  return meant !== undefined && meant !== raw && "value" in parse(meant) ? meant : undefined;
}

export function setting<T>(value: T | undefined, what: string, raw: unknown, meant?: string): Setting<T> {
  return value === undefined ? { problem: expected(what, raw, meant) } : { value };
}

/** `250ms`, `10s`, `15m`, `1h30m` → milliseconds within the bounds. A number without a unit is refused: of what? */
export function parseDuration(raw: unknown, bounds: { leastMs: number; mostMs: number }): Setting<number> {
  const text = typeof raw === "string" ? raw : "";
  const match = /^(?=\d)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/.exec(text);
  if (!match) {
    const meant = ifRight(nearestDuration(raw), raw, (near) => parseDuration(near, bounds));
    return { problem: expected("a duration such as 250ms, 30s, 15m or 1h30m", raw, meant) };
  }
  const [hours = 0, minutes = 0, seconds = 0, rest = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest;
  if (ms < bounds.leastMs) return { problem: `must be at least ${formatDuration(bounds.leastMs)}, is ${text}` };
  if (ms > bounds.mostMs) return { problem: `must be at most ${formatDuration(bounds.mostMs)}, is ${text}` };
  return { value: ms };
}

export function formatDuration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** `4096`, `64KiB`, `1MiB` → bytes within the bounds. */
export function parseSize(raw: unknown, bounds: { least: number; most: number }): Setting<number> {
  const text = typeof raw === "number" || typeof raw === "string" ? String(raw) : "";
  const match = /^(\d{1,9})(KiB|MiB)?$/.exec(text);
  if (!match) {
    const meant = ifRight(nearestSize(raw), raw, (near) => parseSize(near, bounds));
    return { problem: expected("a size such as 4096, 64KiB or 1MiB", raw, meant) };
  }
  const bytes = Number(match[1]) * (match[2] === "MiB" ? 1024 * 1024 : match[2] === "KiB" ? 1024 : 1);
  if (bytes < bounds.least) return { problem: `must be at least ${formatSize(bounds.least)}, is ${text}` };
  if (bytes > bounds.most) return { problem: `must be at most ${formatSize(bounds.most)}, is ${text}` };
  return { value: bytes };
}

/** As it is written in a configuration. */
function formatSize(bytes: number): string {
  if (bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)}MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes} bytes`;
}

/** A whole number within the bounds. */
export function parseCount(raw: unknown, { least, most }: { least: number; most: number }): Setting<number> {
  const fits = typeof raw === "number" && Number.isInteger(raw) && raw >= least && raw <= most;
  const meant = ifRight(nearestCount(raw), undefined, (near) => parseCount(Number(near), { least, most }));
  return setting(fits ? raw : undefined, `a whole number from ${least} to ${most}`, raw, meant);
}

/** `50000-50999`, or one port as a range of one. */
export function parsePortRange(raw: unknown): Setting<PortRange> {
  const text = typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw : "";
  const match = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(text.trim());
  const first = parsePortNumber(match?.[1] ?? "");
  const last = parsePortNumber(match?.[2] ?? match?.[1] ?? "");
  if (!first || !last) {
    const what = "a range of ports from 1 to 65535 such as 50000-50999";
    return { problem: expected(what, raw, ifRight(nearestPortRange(raw), raw, parsePortRange)) };
  }
  if (last < first) return { problem: `the range ${text} is empty: its first port is above its last` };
  return { value: { first, last } };
}

export function formatRange({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** `0.0.0.0:21`, `[::]:21`: literal, any port including 0. One endpoint, and on this machine alone unless said otherwise. */
export function parseListen(raw: unknown): Setting<Endpoint> {
  const endpoint = typeof raw === "string" ? parseEndpoint(raw) : undefined;
  const meant = ifRight(nearestListen(raw, "127.0.0.1", 9121), raw, parseListen);
  return setting(endpoint, "a literal address and a port such as 127.0.0.1:9121", raw, meant);
}

/** The same for clients, and `:21`, which is every address of both families. */
export function parseEntrance(raw: unknown): Setting<readonly Entrance[]> {
  const text = typeof raw === "string" ? raw : "";
  const port = parsePortNumber(/^:(\d+)$/.exec(text)?.[1] ?? "");
  if (port !== undefined) return { value: ["0.0.0.0", "::"].map((address) => ({ address, port })) };
  const endpoint = parseEndpoint(text);
  const what = "a literal address and a port such as 0.0.0.0:21, [::]:21 or :21";
  return setting(endpoint && [endpoint], what, raw, ifRight(nearestListen(raw, "", 21), raw, parseEntrance));
}

/** An address that a peer can be told: literal and not the unspecified one. */
export function parseAdvertised(raw: unknown): Setting<string> {
  const address = typeof raw === "string" ? parseAddress(raw) : undefined;
  if (address === undefined)
    return {
      problem: expected(
        "a literal address such as 203.0.113.7",
        raw,
        ifRight(nearestAddress(raw), raw, parseAdvertised),
      ),
    };
  if (isUnspecified(address)) return { problem: `${address} is no address that a peer can connect to` };
  return { value: address };
}

export function parseCidr(raw: unknown): Setting<Network> {
  const network = typeof raw === "string" ? parseNetwork(raw) : undefined;
  return setting(
    network,
    "a network such as 10.0.0.0/8 or fd00::/8",
    raw,
    ifRight(nearestNetwork(raw), raw, parseCidr),
  );
}

/** `50%`, from 1 to 100. */
export function parsePercent(raw: unknown): Setting<number> {
  const percent = typeof raw === "string" && /^\d{1,3}%$/.test(raw) ? Number.parseInt(raw, 10) : 0;
  const fits = percent >= 1 && percent <= 100;
  return setting(
    fits ? percent : undefined,
    "a share from 1% to 100%",
    raw,
    ifRight(nearestPercent(raw), raw, parsePercent),
  );
}

const label = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const hostName = new RegExp(`^${label}(?:\\.${label})*$`);
const allDigitsAndDots = /^[\d.]+$/;

/** A lower-case name, else undefined. What looks like an IPv4 address is none: a mistyped one must not become a name. */
export function parseHostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  return name.length <= 253 && hostName.test(name) && !allDigitsAndDots.test(name) ? name : undefined;
}

/** The path of a file. */
export function parseFile(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && raw !== "" && !raw.includes("\0");
  return setting(fits ? raw : undefined, "the path of a file such as /run/ftp-alg/token", raw);
}

/** The name that a certificate has to be for: a host name in lower case, or a literal address. */
export function parseTlsName(raw: unknown): Setting<string> {
  const name = typeof raw === "string" ? (parseAddress(raw) ?? parseHostName(raw)) : undefined;
  return setting(name, "a host name without a port such as ftp.example.com", raw);
}

/** `sha256/` and the SHA-256 of a key's SPKI in base64, which is kept. */
export function parsePin(raw: unknown): Setting<string> {
  const pin = typeof raw === "string" ? /^sha256\/([A-Za-z0-9+/]{43}=)$/.exec(raw)?.[1] : undefined;
  return setting(pin, "sha256/ and 44 characters of base64", raw);
}

/** A name by which the admin listener is reached, in lower case, without a port. */
export function parseAdminHost(raw: unknown): Setting<string> {
  const name = typeof raw === "string" ? parseHostName(raw) : undefined;
  return setting(name, "a host name without a port such as gw.example.net", raw);
}

/** `10.0.0.5:21`, `[fd00::5]:2121`, `ftp.example.com`; an address of either family without a port also serves. */
export function parseServer(raw: unknown): Setting<HostPort> {
  const what = "a host and a port such as 10.0.0.5:21, [fd00::5]:21 or ftp.example.com:21";
  if (typeof raw !== "string") return { problem: expected(what, raw) };
  const bare = parseAddress(raw.replace(/^\[(.*)\]$/, "$1"));
  if (bare !== undefined) return checkedServer({ host: bare, port: 21 }, raw);
  const literal = parseEndpoint(raw);
  if (literal) return checkedServer({ host: literal.address, port: literal.port }, raw);
  const match = /^([^:[\]]+)(?::(\d+))?$/.exec(raw);
  const host = parseHostName(match?.[1] ?? "");
  const port = parsePortNumber(match?.[2] ?? "21");
  if (host === undefined || port === undefined)
    return { problem: expected(what, raw, ifRight(nearestServer(raw), raw, parseServer)) };
  return checkedServer({ host, port }, raw);
}

function checkedServer(server: HostPort, raw: string): Setting<HostPort> {
  if (server.port === 0) return { problem: `${raw}: nobody can connect to port 0` };
  if (isUnspecified(server.host)) return { problem: `${raw}: ${server.host} is no address of a server` };
  return { value: server };
}

/** `*.example.com`, `ftp.example.com`, `10.0.0.0/8`, `192.0.2.5`, `*`. */
export function parseAllowRule(raw: unknown): Setting<AllowRule> {
  const what = "a host name, a pattern such as *.example.com, or a network such as 10.0.0.0/8";
  if (typeof raw !== "string") return { problem: expected(what, raw) };
  const network = parseNetwork(raw);
  if (network) return { value: { kind: "network", network } };
  if (raw === "*") return { value: { kind: "name", pattern: "*" } };
  const [, wildcard = "", rest = ""] = /^(\*\.)?(.*)$/.exec(raw) ?? [];
  const name = parseHostName(rest);
  return setting<AllowRule>(name === undefined ? undefined : { kind: "name", pattern: wildcard + name }, what, raw);
}

/** The verb of a command, in upper case. Longer than RFC 959's four letters, as XSHA256 is. */
export function parseVerb(raw: unknown): Setting<string> {
  const verb =
    typeof raw === "string" && /^(?:SITE )?[A-Za-z][A-Za-z0-9]{2,11}$/i.test(raw) ? raw.toUpperCase() : undefined;
  return setting(verb, "the verb of a command such as SITE or SITE CHMOD", raw);
}

/** `alice`, `backup-*`, `guest?`: printable ASCII, `*` for any characters, `?` for one; lower case, as case does not matter. */
export function parseUserPattern(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && /^(?! )[ -~]{1,255}(?<! )$/.test(raw) && !/[[\]{}]/.test(raw);
  const what = "a user's name such as alice, or with * for any characters and ? for one as in backup-*";
  return setting(fits ? raw.toLowerCase() : undefined, what, raw);
}

/** A user's name as it is typed: printable ASCII, no blank at its ends. */
export function parseUser(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && /^(?! )[ -~]{1,255}(?<! )$/.test(raw);
  return setting(fits ? raw : undefined, "a user's name such as anonymous", raw);
}

/** The name of a network interface, as Linux allows it and as a ruleset can hold it. */
export function parseInterface(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/.test(raw);
  return setting(fits ? raw : undefined, "the name of a network interface such as eth0", raw);
}

/** A name stands in logs and as a metric label: a short word that needs no quoting anywhere. */
export function parseName(raw: unknown): Setting<string> {
  const text = typeof raw === "string" || Number.isSafeInteger(raw) ? String(raw) : "";
  const fits = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text);
  return setting(fits ? text : undefined, "a word of letters, digits, '.', '_' and '-', at most 63 long", raw);
}

/** The name of a gateway that was given none. */
export function defaultName(index: number): string {
  return `gateway-${index + 1}`;
}

/** The name of an nftables table. */
export function parseTable(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && /^[A-Za-z][A-Za-z0-9_]{0,30}$/.test(raw);
  return setting(fits ? raw : undefined, "a word of letters, digits and '_', at most 31 long", raw);
}

/** The value of a connection mark, e.g. `0x46000000`. 0 is the mark of every connection that has none. */
export function parseMark(raw: unknown): Setting<number> {
  const fits = typeof raw === "number" && Number.isInteger(raw) && raw > 0 && raw <= 0xffffffff;
  return setting(fits ? raw : undefined, "a number such as 0x46000000", raw);
}

/** The bits of a connection mark that are compared; the bits below them number the transfers. */
export function parseMarkMask(raw: unknown): Setting<number> {
  const bits = Array.from({ length: 12 }, (_, index) => (0xffffffff << (31 - index)) >>> 0);
  return setting(
    bits.find((mask) => mask === raw),
    "1 to 12 topmost bits, as 0xff000000 is 8",
    raw,
  );
}
