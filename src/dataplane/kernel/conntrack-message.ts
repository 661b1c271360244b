// What the kernel's connection tracking is asked and what it tells, as netlink messages (linux/nfnetlink_conntrack.h).
import { familyOf, type Endpoint } from "../../net/endpoint.ts";
import { addressBytes, addressOf } from "./address-bytes.ts";
import { attributeEnd, findAttribute, flags, type Message, type MessageWriter } from "./netlink-message.ts";

export type Tuple = { readonly source: Endpoint; readonly destination: Endpoint };

/** Of enum tcp_conntrack, those that are looked at. */
export const tcpStates = {
  synSent: 1,
  synReceived: 2,
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
  readonly bytes: { readonly fromOpener: number; readonly fromAnswerer: number } | undefined;
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

/** struct nfgenmsg */
const generalBytes = 4;
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
  if ((type !== types.new && type !== types.delete) || payload.length < generalBytes) return undefined;
  const find = (attribute: number) => findAttribute(payload, generalBytes, payload.length, attribute);
  const original = parseTuple(payload, find(attributes.original));
  const reply = parseTuple(payload, find(attributes.reply));
  if (original === undefined || reply === undefined) return undefined;
  const info = findWithin(payload, find(attributes.protocol), tcpInfo.tcp);
  const fromOpener = bytesIn(payload, find(attributes.originalCounters));
  const fromAnswerer = bytesIn(payload, find(attributes.replyCounters));
  const connection: Connection = {
    original,
    reply,
    mark: number(payload, find(attributes.mark), 4) ?? 0,
    state: number(payload, findWithin(payload, info, tcpInfo.state), 1),
    isAssured: ((number(payload, find(attributes.status), 4) ?? 0) & assured) !== 0,
    opener: sender(payload, findWithin(payload, info, tcpInfo.openerFlags)),
    answerer: sender(payload, findWithin(payload, info, tcpInfo.answererFlags)),
    bytes: fromOpener === undefined || fromAnswerer === undefined ? undefined : { fromOpener, fromAnswerer },
  };
  if (type === types.delete) return { kind: "gone", connection };
  return { kind: (messageFlags & flags.create) === 0 ? "update" : "new", connection };
}

/** Among the attributes inside the one whose value begins at `outer`; -1 where either is missing. */
function findWithin(data: Buffer, outer: number, type: number): number {
  return outer < 0 ? -1 : findAttribute(data, outer, attributeEnd(data, outer), type);
}

function parseTuple(data: Buffer, at: number): Tuple | undefined {
  const ip = findWithin(data, at, tuple.ip);
  const ports = findWithin(data, at, tuple.protocol);
  if (number(data, findWithin(data, ports, protocol.number), 1) !== tcp) return undefined;
  const source = parseEndpoint(data, ip, tuple.source4, tuple.source6, findWithin(data, ports, protocol.source));
  const destination = parseEndpoint(
    data,
    ip,
    tuple.destination4,
    tuple.destination6,
    findWithin(data, ports, protocol.destination),
  );
  return source && destination && { source, destination };
}

function parseEndpoint(data: Buffer, ip: number, type4: number, type6: number, portAt: number): Endpoint | undefined {
  const port = number(data, portAt, 2);
  const at4 = findWithin(data, ip, type4);
  const at = at4 < 0 ? findWithin(data, ip, type6) : at4;
  const address = at < 0 ? undefined : addressOf(data.subarray(at, attributeEnd(data, at)));
  return address === undefined || port === undefined ? undefined : { address, port };
}

function sender(data: Buffer, at: number): Sender {
  const bits = number(data, at, 1) ?? 0;
  return { closedFirst: (bits & closedFirst) !== 0, hasUnacknowledged: (bits & unacknowledged) !== 0 };
}

function bytesIn(data: Buffer, counters: number): number | undefined {
  const at = findWithin(data, counters, counter.bytes);
  return at < 0 || attributeEnd(data, at) - at < 8 ? undefined : data.readUIntBE(at + 2, 6);
}

/** The number in network order that an attribute begins with; undefined where there is none, or it is shorter. */
function number(data: Buffer, at: number, length: 1 | 2 | 4): number | undefined {
  return at < 0 || attributeEnd(data, at) - at < length ? undefined : data.readUIntBE(at, length);
}
