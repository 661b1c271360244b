// PROXY protocol (HAProxy's proxy-protocol.txt, versions 1 and 2): what a balancer says of a connection before its first byte. Read as
// strictly as it is written: whoever may send a header may claim any client.
import { crc32c } from "./crc32c.ts";
import { addressAt, addressBytes } from "./address-bytes.ts";
import { familyOf, parseAddress, parsePortNumber, type Endpoint, type Family } from "./endpoint.ts";

/** `local`: the balancer's own connection (a health check), or one whose ends it does not tell. */
export type ProxyHeader =
  | { readonly kind: "local" }
  | { readonly kind: "proxied"; readonly source: Endpoint; readonly destination: Endpoint };

export type ProxyVersion = "v1" | "v2";

/** `length`: bytes of the header; what is behind them is the peer's. */
export type ReadProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "refused"; readonly detail: string }
  | { readonly kind: "read"; readonly header: ProxyHeader; readonly length: number };

/** The longest line of version 1, its end included (2.1). */
const mostTextBytes = 107;
/** Of version 2 without its first 16. Far more than any known sender's; the format has room for 65,535. */
const mostBinaryBytes = 4096;

const signature = Uint8Array.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const textStart = Uint8Array.from(Buffer.from("PROXY ", "latin1"));
const fixedBytes = 16;
const addressLengths: Readonly<Record<number, 4 | 16>> = { 0x1: 4, 0x2: 16 };
const commands = { local: 0x20, proxy: 0x21 } as const;
const families = { unspecified: 0x00, tcp4: 0x11, tcp6: 0x21 } as const;
const checksumType = 0x03;

/** Reads the header at the start of `bytes`. Work is bounded by the header's length; a header that came in pieces may be read again. */
export function readProxyHeader(bytes: Uint8Array): ReadProxyHeader {
  if (startsAs(bytes, signature)) return bytes.length < fixedBytes ? incomplete : readBinary(bytes);
  if (startsAs(bytes, textStart)) return readText(bytes);
  return refused("no PROXY header");
}

const incomplete: ReadProxyHeader = { kind: "incomplete" };

function refused(detail: string): ReadProxyHeader {
  return { kind: "refused", detail };
}

function startsAs(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let at = 0; at < length; at++) if (bytes[at] !== start[at]) return false;
  return true;
}

function readText(bytes: Uint8Array): ReadProxyHeader {
  const end = bytes.subarray(0, mostTextBytes).indexOf(0x0a);
  if (end === -1) return bytes.length < mostTextBytes ? incomplete : refused("the line is too long");
  const line = Buffer.from(bytes.subarray(0, end)).toString("latin1");
  if (!line.endsWith("\r")) return refused("the line does not end with CR LF");
  const [, protocol, ...ends] = line.slice(0, -1).split(" ");
  // What follows UNKNOWN is to be ignored (2.1).
  if (protocol === "UNKNOWN") return { kind: "read", header: { kind: "local" }, length: end + 1 };
  const family: Family | undefined = protocol === "TCP4" ? 4 : protocol === "TCP6" ? 6 : undefined;
  if (family === undefined) return refused("the protocol is none of TCP4, TCP6, UNKNOWN");
  const [source, destination, sourcePort, destinationPort, ...more] = ends;
  const header = proxied(textEndpoint(family, source, sourcePort), textEndpoint(family, destination, destinationPort));
  if (header === undefined || more.length > 0) return refused("the line does not hold two addresses and two ports");
  return { kind: "read", header, length: end + 1 };
}

/** Addresses in the form of their family, ports without leading zeros. */
function textEndpoint(family: Family, text = "", digits = ""): Endpoint | undefined {
  const isWritten = (family === 4) === !text.includes(":") && !text.includes("%");
  const address = isWritten ? parseAddress(text) : undefined;
  const port = /^(?:0|[1-9]\d*)$/.test(digits) ? parsePortNumber(digits) : undefined;
  return address === undefined || port === undefined ? undefined : { address, port };
}

function proxied(source: Endpoint | undefined, destination: Endpoint | undefined): ProxyHeader | undefined {
  return source && destination && { kind: "proxied", source, destination };
}

function readBinary(bytes: Uint8Array): ReadProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  const rest = view.getUint16(14);
  if (command !== commands.local && command !== commands.proxy) return refused("neither LOCAL nor PROXY of version 2");
  if (rest > mostBinaryBytes) return refused("the header is too long");
  const length = fixedBytes + rest;
  if (bytes.length < length) return incomplete;
  const whole = new DataView(bytes.buffer, bytes.byteOffset, length);
  const isUnspecified = family === families.unspecified;
  if (command === commands.proxy && !isUnspecified && family !== families.tcp4 && family !== families.tcp6) {
    return refused("the connection is not TCP over IPv4 or IPv6");
  }
  const size = addressLengths[family >> 4] ?? 0;
  const addresses = 2 * size + (size === 0 ? 0 : 4);
  if (rest < addresses) return refused("the addresses are cut off");
  const flaw = isUnspecified ? undefined : flawOfRest(bytes.subarray(0, length), fixedBytes + addresses);
  if (flaw !== undefined) return refused(flaw);
  if (command === commands.local || isUnspecified) return { kind: "read", header: { kind: "local" }, length };
  const header = proxied(
    binaryEndpoint(whole, 16, size, 16 + 2 * size),
    binaryEndpoint(whole, 16 + size, size, 18 + 2 * size),
  );
  return header === undefined ? refused("the addresses are none") : { kind: "read", header, length };
}

function binaryEndpoint(view: DataView, at: number, size: number, portAt: number): Endpoint | undefined {
  const address = addressAt(view, at, size);
  return address === undefined ? undefined : { address, port: view.getUint16(portAt) };
}

/** Of what stands behind the addresses (TLVs, 2.2.1), only the checksum concerns the header itself. */
function flawOfRest(header: Uint8Array, from: number): string | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  for (let at = from; at < header.length;) {
    if (at + 3 > header.length) return "a TLV is cut off";
    const size = view.getUint16(at + 1);
    const value = at + 3;
    if (value + size > header.length) return "a TLV is cut off";
    if (view.getUint8(at) === checksumType) {
      if (size !== 4) return "the checksum is none";
      const unsigned = Uint8Array.from(header).fill(0, value, value + size);
      if (crc32c(unsigned) !== view.getUint32(value)) return "the checksum is wrong";
    }
    at = value + size;
  }
  return undefined;
}

/** What is sent before anything else, latin1 text of the bytes. Ends of two families, which no header can tell, are LOCAL or UNKNOWN. */
export function formatProxyHeader(version: ProxyVersion, header: ProxyHeader): string {
  const told =
    header.kind === "proxied" && familyOf(header.source.address) === familyOf(header.destination.address)
      ? header
      : undefined;
  return version === "v1" ? formatText(told) : formatBinary(told);
}

type Proxied = Extract<ProxyHeader, { kind: "proxied" }>;

function formatText(header: Proxied | undefined): string {
  if (header === undefined) return "PROXY UNKNOWN\r\n";
  const { source, destination } = header;
  const protocol = familyOf(source.address) === 4 ? "TCP4" : "TCP6";
  return `PROXY ${protocol} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
}

function formatBinary(header: Proxied | undefined): string {
  if (header === undefined)
    return Buffer.from([...signature, commands.local, families.unspecified, 0, 0]).toString("latin1");
  const { source, destination } = header;
  const from = addressBytes(source.address);
  const family = from.length === 4 ? families.tcp4 : families.tcp6;
  const ports = [source.port >> 8, source.port & 255, destination.port >> 8, destination.port & 255];
  const rest = [...from, ...addressBytes(destination.address), ...ports];
  return Buffer.from([...signature, commands.proxy, family, 0, rest.length, ...rest]).toString("latin1");
}
