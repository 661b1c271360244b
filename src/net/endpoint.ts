// Literal addresses and ports: parse, format, compare, classify. No names are resolved here.
// An address is always the canonical text: lower case, compressed IPv6, IPv4-mapped IPv6 turned into IPv4, no zone.
import ipaddr from "ipaddr.js";

export type Family = 4 | 6;

export type Endpoint = { readonly address: string; readonly port: number };

/** A CIDR block, e.g. `10.0.0.0/8`; `bits` counts within the family of `base`. */
export type Network = { readonly base: string; readonly bits: number };

const ipv4Form = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * The canonical form of a literal address, else undefined. IPv4 is four decimal parts without leading zeros, since resolvers
 * disagree on octal; of IPv6 a zone id is dropped.
 */
export function parseAddress(text: string): string | undefined {
  if (ipv4Form.test(text)) return text;
  const literal = withoutEmbeddedIPv4(text.replace(/%[\w.~-]+$/, ""));
  if (!/^[0-9a-f:]{2,39}$/i.test(literal) || !ipaddr.IPv6.isValid(literal)) return undefined;
  const parsed = ipaddr.IPv6.parse(literal);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String();
}

/** `::ffff:10.0.0.5` → `::ffff:a00:5`. The library would read the tail as octal and hexadecimal too, and map `::10.0.0.5`. */
function withoutEmbeddedIPv4(literal: string): string {
  const tail = literal.slice(literal.lastIndexOf(":") + 1);
  if (!ipv4Form.test(tail)) return literal;
  const [a = 0, b = 0, c = 0, d = 0] = tail.split(".").map(Number);
  return `${literal.slice(0, -tail.length)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

export function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

/** A decimal port from 0 to 65535, else undefined. */
export function parsePortNumber(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

/** `10.0.0.5:21`, `[fd00::5]:21`; brackets are for IPv6 and only IPv6. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]:]*:[^\]]*)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? "");
  const port = parsePortNumber(digits);
  return address === undefined || port === undefined ? undefined : { address, port };
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return familyOf(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

/** `10.0.0.0/8`, `fd00::/8`, or a bare address as a block of one. */
export function parseNetwork(text: string): Network | undefined {
  const [literal = "", length, ...rest] = text.split("/");
  const base = parseAddress(literal);
  if (base === undefined || rest.length > 0) return undefined;
  const widest = familyOf(base) === 4 ? 32 : 128;
  if (length === undefined) return { base, bits: widest };
  if (!/^\d{1,3}$/.test(length) || Number(length) > widest) return undefined;
  return { base, bits: Number(length) };
}

export function networkContains({ base, bits }: Network, address: string): boolean {
  if (familyOf(base) !== familyOf(address)) return false;
  if (familyOf(base) === 4) return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(base), bits);
  return ipaddr.IPv6.parse(address).match(ipaddr.IPv6.parse(base), bits);
}

export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
