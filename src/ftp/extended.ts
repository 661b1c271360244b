// Extended endpoints, the encoding of RFC 2428: `|2|fd00::5|6446|` in EPRT, `(|||6446|)` in the 229 reply.
// What is read is what was said; whether to believe it is not decided here.
import { familyOf, parseAddress, parsePortNumber, type Endpoint, type Family } from "../net/endpoint.ts";
import { trimBlanks } from "./latin1.ts";
import { noQuirks, type Quirk } from "./quirks.ts";

/** `family` is that of `endpoint`: 4 for an IPv4-mapped address, whatever protocol number announced it. */
export type EprtReading =
  | { ok: true; family: Family; endpoint: Endpoint; quirks: readonly Quirk[] }
  | { ok: false; reason: "malformed" | "port-zero" | "unsupported-family" };

export type PortReading =
  | { ok: true; port: number; quirks: readonly Quirk[] }
  | { ok: false; reason: "malformed" | "port-zero" };

export type EpsvArgument =
  | { kind: "any" }
  | { kind: "family"; family: Family }
  | { kind: "all" }
  | { kind: "unsupported-family" }
  | { kind: "malformed" };

type Fields = { protocol: string; address: string; port: string; quirks: readonly Quirk[] };

/**
 * Reads the argument of EPRT, `|1|132.235.1.2|6275|`. A protocol number other than 1 and 2 is told apart from nonsense, since
 * RFC 2428 wants 522 for it; so is nothing else, because a literal of the wrong family is the client's error (501).
 */
export function parseEprt(argument: string): EprtReading {
  const fields = splitFields(argument);
  if (!fields || !/^\d+$/.test(fields.protocol)) return { ok: false, reason: "malformed" };
  const announced = familyOfProtocol(Number(fields.protocol));
  if (announced === undefined) return { ok: false, reason: "unsupported-family" };
  const address = parseAddress(withoutZeros(fields.address));
  if (address === undefined || familyOf(fields.address) !== announced) return { ok: false, reason: "malformed" };
  const reading = readPort(fields);
  if (!reading.ok) return reading;
  const quirks: Quirk[] = [...reading.quirks];
  if (announced === 4 && withoutZeros(fields.address) !== fields.address) quirks.push("leading-zero");
  // Windows clients announce the zone of their own interface, which means nothing to anybody else.
  if (fields.address.includes("%")) quirks.push("zone-id");
  // Dual-stack sockets show IPv4 peers as ::ffff:a.b.c.d, and some clients copy that; the connection will be an IPv4 one.
  const family = familyOf(address);
  if (family !== announced) quirks.push("mapped-address");
  return { ok: true, family, endpoint: { address, port: reading.port }, quirks: [...new Set(quirks)] };
}

/** `|1|132.235.1.2|6275|` */
export function formatEprt({ address, port }: Endpoint): string {
  return `|${familyOf(address) === 4 ? 1 : 2}|${address}|${port}|`;
}

/**
 * Reads the text of a 229 reply: the first parenthesis that holds `|||6446|` with any delimiter. Protocol and address are
 * ignored where a server fills them in (RFC 2428 leaves them empty). Without parentheses, `|` and the `!` of IBM i are taken.
 */
export function parse229(text: string): PortReading {
  let failure: PortReading = { ok: false, reason: "malformed" };
  for (const [candidate, inside] of text.matchAll(/\(([^()]*)\)|([|!])\2\2[ \t]*\d+[ \t]*\2/g)) {
    // Other parentheses of the text, `(2)`, are no candidates; a port that is none lets the search go on as well.
    const fields = splitFields(inside ?? candidate);
    const reading: PortReading = fields ? readPort(fields) : failure;
    if (!reading.ok) {
      if (reading.reason === "port-zero") failure = reading;
      continue;
    }
    const quirks: Quirk[] = [...reading.quirks];
    if (inside === undefined) quirks.push("no-parentheses");
    if (fields?.protocol !== "" || fields.address !== "") quirks.push("family-in-229");
    return { ok: true, port: reading.port, quirks };
  }
  return failure;
}

/** `Entering Extended Passive Mode (|||6446|)` */
export function format229(port: number): string {
  return `Entering Extended Passive Mode (|||${port}|)`;
}

/** Reads the argument of EPSV: nothing, a protocol number, or `ALL`. */
export function parseEpsv(argument: string): EpsvArgument {
  const text = trimBlanks(argument);
  if (text === "") return { kind: "any" };
  if (/^all$/i.test(text)) return { kind: "all" };
  if (!/^\d+$/.test(text)) return { kind: "malformed" };
  const family = familyOfProtocol(Number(text));
  return family === undefined ? { kind: "unsupported-family" } : { kind: "family", family };
}

/** The address family numbers of RFC 2428 section 2. */
function familyOfProtocol(protocol: number): Family | undefined {
  if (protocol === 1) return 4;
  return protocol === 2 ? 6 : undefined;
}

/** `<d>protocol<d>address<d>port<d>`: the first character is the delimiter, 33-126, whatever it is. */
function splitFields(text: string): Fields | undefined {
  const trimmed = trimBlanks(text);
  const delimiter = trimmed.charAt(0);
  if (!/^[!-~]$/.test(delimiter)) return undefined;
  const parts = trimmed.split(delimiter, 6);
  if (parts.length !== 5 || parts[4] !== "") return undefined;
  const [, protocol = "", address = "", port = ""] = parts.map((part) => trimBlanks(part));
  const quirks: Quirk[] = [];
  if (delimiter !== "|") quirks.push("other-delimiter");
  if (/[ \t]/.test(text)) quirks.push("space-in-endpoint");
  return { protocol, address, port, quirks };
}

function readPort({ port: text, quirks }: Fields): PortReading {
  const digits = withoutZeros(text);
  const port = parsePortNumber(digits);
  if (port === undefined) return { ok: false, reason: "malformed" };
  if (port === 0) return { ok: false, reason: "port-zero" };
  const found: readonly Quirk[] = digits === text ? quirks : [...quirks, "leading-zero"];
  return { ok: true, port, quirks: found.length === 0 ? noQuirks : found };
}

/** Leading zeros are decimal, never octal. IPv6 groups keep theirs, which are ordinary. */
function withoutZeros(text: string): string {
  return text.includes(":") ? text : text.replace(/(^|\.)0+(?=\d)/g, "$1");
}
