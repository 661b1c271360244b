// What the kernel's connection tracking is asked and what it tells, as netlink messages (linux/nfnetlink_conntrack.h).
import { familyOf, type Endpoint } from "../../net/endpoint.ts";
import { addressBytes, addressOf } from "./address-bytes.ts";
import { flags, type Message, type MessageWriter, parseAttributes } from "./netlink-message.ts";

export type Tuple = { readonly source: Endpoint; readonly destination: Endpoint };

/** Of enum tcp_conntrack, those that are looked at. */
export const tcpStates = {
  synSent: 1,
  established: 3,
  finWait: 4,
  closeWait: 5,
  lastAck: 6,
  timeWait: 7,
  close: 8,
} as const;

/** What one of the two has sent, seen from the middle. */
export type Sender = {
  /** Its FIN was the first. */
  readonly closedFirst: boolean;
  /** The other one has not acknowledged all of it, the FIN included. */
  readonly hasUnacknowledged: boolean;
};

/**
 * A tracked TCP connection. The opener is who sent the first SYN; `original` is as it sent it, `reply` as the answers come,
 * before they are translated back.
 */
export type Connection = {
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly mark: number;
  readonly state: number | undefined;
  /** It was established once. */
  readonly isAssured: boolean;
  readonly opener: Sender;
  readonly answerer: Sender;
  /** IP bytes, headers and retransmissions included. Events do not carry them, but for the last one. */
  readonly bytes?: { readonly fromOpener: number; readonly fromAnswerer: number };
};

/** `update` is also what a query is answered with. */
export type ConnectionNews = { readonly kind: "new" | "update" | "gone"; readonly connection: Connection };

const subsystem = 1 << 8;
const types = { new: subsystem, get: subsystem | 1, delete: subsystem | 2 } as const;

const attributes = {
  original: 1,
  reply: 2,
  status: 3,
  protocol: 4,
  mark: 8,
  originalCounters: 9,
  replyCounters: 10,
  markMask: 21,
} as const;
const tuple = { ip: 1, protocol: 2, source4: 1, destination4: 2, source6: 3, destination6: 4 } as const;
const protocol = { number: 1, source: 2, destination: 3 } as const;
const tcpInfo = { tcp: 1, state: 1, openerFlags: 4, answererFlags: 5 } as const;
const counter = { bytes: 2 } as const;
const tcp = 6;
const familyNumber = { 4: 2, 6: 10 } as const;
const assured = 1 << 2;
const closedFirst = 4;
const unacknowledged = 0x10;

const general = (family: number) => Uint8Array.of(family, 0, 0, 0);

/** Asks for one connection by its original tuple. The answer is one message, or an error: ENOENT. */
export function writeGet(writer: MessageWriter, sequence: number, original: Tuple): void {
  writeWithTuple(writer, types.get, flags.request, sequence, original);
}

/** The kernel forgets the connection, and with it the translation. */
export function writeDelete(writer: MessageWriter, sequence: number, original: Tuple): void {
  writeWithTuple(writer, types.delete, flags.request | flags.acknowledge, sequence, original);
}

/** Sets these bits in the connection's mark. */
export function writeMarkBits(writer: MessageWriter, sequence: number, original: Tuple, bits: number): void {
  writeWithTuple(writer, types.new, flags.request | flags.acknowledge, sequence, original, () => {
    writer.be32(attributes.mark, bits);
    writer.be32(attributes.markMask, bits);
  });
}

/** Asks for every connection whose mark has this value under the mask; the kernel does the picking. */
export function writeDump(writer: MessageWriter, sequence: number, value: number, mask: number): void {
  writer.begin(types.get, flags.request | flags.dump, sequence);
  writer.bytes(general(0));
  writer.be32(attributes.mark, value);
  writer.be32(attributes.markMask, mask);
  writer.end();
}

function writeWithTuple(
  writer: MessageWriter,
  type: number,
  messageFlags: number,
  sequence: number,
  original: Tuple,
  more?: () => void,
): void {
  const family = familyOf(original.source.address);
  const [source, destination] =
    family === 4 ? [tuple.source4, tuple.destination4] : [tuple.source6, tuple.destination6];
  writer.begin(type, messageFlags, sequence);
  writer.bytes(general(familyNumber[family]));
  writer.nest(attributes.original, () => {
    writer.nest(tuple.ip, () => {
      writer.attribute(source, addressBytes(original.source.address));
      writer.attribute(destination, addressBytes(original.destination.address));
    });
    writer.nest(tuple.protocol, () => {
      writer.u8(protocol.number, tcp);
      writer.be16(protocol.source, original.source.port);
      writer.be16(protocol.destination, original.destination.port);
    });
  });
  more?.();
  writer.end();
}

/** What a message says of a TCP connection; undefined for any other message, and for a malformed one. */
export function parseConnection({ type, flags: messageFlags, payload }: Message): ConnectionNews | undefined {
  if ((type !== types.new && type !== types.delete) || payload.length < 4) return undefined;
  const found = parseAttributes(payload.subarray(4));
  const original = parseTuple(found.get(attributes.original));
  const reply = parseTuple(found.get(attributes.reply));
  if (original === undefined || reply === undefined) return undefined;
  const info = parseAttributes(parseAttributes(found.get(attributes.protocol) ?? none).get(tcpInfo.tcp) ?? none);
  const fromOpener = bytesIn(found.get(attributes.originalCounters));
  const fromAnswerer = bytesIn(found.get(attributes.replyCounters));
  const connection: Connection = {
    original,
    reply,
    mark: be32(found.get(attributes.mark)) ?? 0,
    state: info.get(tcpInfo.state)?.[0],
    isAssured: ((be32(found.get(attributes.status)) ?? 0) & assured) !== 0,
    opener: sender(info.get(tcpInfo.openerFlags)),
    answerer: sender(info.get(tcpInfo.answererFlags)),
    ...(fromOpener !== undefined && fromAnswerer !== undefined && { bytes: { fromOpener, fromAnswerer } }),
  };
  if (type === types.delete) return { kind: "gone", connection };
  return { kind: (messageFlags & flags.create) === 0 ? "update" : "new", connection };
}

const none = Buffer.alloc(0);

function parseTuple(data: Buffer = none): Tuple | undefined {
  const parts = parseAttributes(data);
  const ip = parseAttributes(parts.get(tuple.ip) ?? none);
  const ports = parseAttributes(parts.get(tuple.protocol) ?? none);
  const source = addressOf(ip.get(tuple.source4) ?? ip.get(tuple.source6) ?? none);
  const destination = addressOf(ip.get(tuple.destination4) ?? ip.get(tuple.destination6) ?? none);
  const sourcePort = be16(ports.get(protocol.source));
  const destinationPort = be16(ports.get(protocol.destination));
  if (ports.get(protocol.number)?.[0] !== tcp || source === undefined || destination === undefined) return undefined;
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  return {
    source: { address: source, port: sourcePort },
    destination: { address: destination, port: destinationPort },
  };
}

function sender(tcpFlags: Buffer = none): Sender {
  const bits = tcpFlags[0] ?? 0;
  return { closedFirst: (bits & closedFirst) !== 0, hasUnacknowledged: (bits & unacknowledged) !== 0 };
}

function bytesIn(data: Buffer | undefined): number | undefined {
  const value = data && parseAttributes(data).get(counter.bytes);
  return value && value.length >= 8 ? Number(value.readBigUInt64BE(0)) : undefined;
}

function be32(data: Buffer | undefined): number | undefined {
  return data && data.length >= 4 ? data.readUInt32BE(0) : undefined;
}

function be16(data: Buffer | undefined): number | undefined {
  return data && data.length >= 2 ? data.readUInt16BE(0) : undefined;
}
