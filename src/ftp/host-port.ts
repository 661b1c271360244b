// Host and port, the endpoint encoding of RFC 959: six decimal bytes, `192,168,1,100,10,21`, in PORT and in the 227 reply.
// What is read is what was said, 0.0.0.0 and loopback included; whether to believe it is not decided here.
import { type Endpoint } from "../net/endpoint.ts";
import { trimBlanks } from "./latin1.ts";
import { noQuirks, type Quirk } from "./quirks.ts";

export type EndpointReading =
  | { ok: true; endpoint: Endpoint; quirks: readonly Quirk[] }
  | { ok: false; reason: "malformed" | "port-zero" };

const blank = /[ \t]/;

/** Reads the argument of PORT, `192,168,1,100,10,21`. Six numbers and nothing else; leading zeros are decimal. */
export function parsePort(argument: string): EndpointReading {
  const list = trimBlanks(argument);
  if (!/^\d+(?:[ \t]*,[ \t]*\d+){5}$/.test(list)) return { ok: false, reason: "malformed" };
  return readNumbers(list, blank.test(argument) ? ["space-in-endpoint"] : []);
}

/** `192,168,1,100,10,21`, for an IPv4 endpoint. */
export function formatPort({ address, port }: Endpoint): string {
  return `${address.replaceAll(".", ",")},${port >> 8},${port & 255}`;
}

/**
 * Reads the text of a 227 reply. RFC 1123 4.1.2.6 lets any text surround the numbers, so digits decide: the first list of
 * exactly six numbers up to 255 is the endpoint. Roxen writes no parentheses; publicfile is said to write `=1,2,3,4,5,6`.
 */
export function parse227(text: string): EndpointReading {
  let failure: EndpointReading = { ok: false, reason: "malformed" };
  let isFirst = true;
  for (const match of text.matchAll(/\d+(?:[ \t]*,[ \t]*\d+)*/g)) {
    const reading = readCandidate(text, match.index, match[0], isFirst);
    if (reading.ok) return reading;
    if (reading.reason === "port-zero") failure = reading;
    isFirst = false;
  }
  return failure;
}

/** Text such as `Port 2 open (1,2,3,4,5,6)` makes candidates of its other digits (seen by mod_proxy, which slides too). */
function readCandidate(text: string, index: number, list: string, isFirst: boolean): EndpointReading {
  const before = text.slice(0, index).trimEnd();
  const after = text.slice(index + list.length);
  const quirks: Quirk[] = [];
  if (!isFirst) quirks.push("digits-before-endpoint");
  if (before.endsWith("=")) quirks.push("equals-form");
  else if (!before.endsWith("(")) quirks.push("no-parentheses");
  const isPadded = before.endsWith("(") && (before.length < index || /^[ \t]+\)/.test(after));
  if (isPadded || blank.test(list)) quirks.push("space-in-endpoint");
  return readNumbers(list, quirks);
}

/** `Entering Passive Mode (192,168,1,100,10,21)`: the one form that every middlebox on the way understands. */
export function format227(endpoint: Endpoint): string {
  return `Entering Passive Mode (${formatPort(endpoint)})`;
}

/** Numbers above 255 are refused, not masked to a byte: `& 255` lets a peer say one port to us and another to a firewall. */
function readNumbers(list: string, found: readonly Quirk[]): EndpointReading {
  const numbers = list.split(",").map(Number);
  if (numbers.length !== 6 || numbers.some((number) => number > 255)) return { ok: false, reason: "malformed" };
  const [high = 0, low = 0] = numbers.slice(4);
  if (high === 0 && low === 0) return { ok: false, reason: "port-zero" };
  const quirks = /(?:^|[, \t])0\d/.test(list) ? [...found, "leading-zero" as const] : found;
  const endpoint = { address: numbers.slice(0, 4).join("."), port: high * 256 + low };
  return { ok: true, endpoint, quirks: quirks.length === 0 ? noQuirks : quirks };
}
