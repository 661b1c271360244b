// Conntrack messages: what the kernel's connection tracking tells, in answer (to conntrack-question.ts) or unasked, in netlink
// (linux/nfnetlink_conntrack.h).
import type { Endpoint } from "../../../net/endpoint.ts";
import { addressAt } from "../../../net/address-bytes.ts";
import { createDecodedMemory } from "../../../net/decoded-memory.ts";
import {
  attributeBytes,
  attributeEnd,
  fieldsAt,
  flags,
  headerBytes,
  messageEnd,
  placeAttributes,
  typeOf,
} from "./netlink-message.ts";

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
export type ConntrackEvent = { readonly kind: "new" | "update" | "gone"; readonly connection: Connection };

const subsystem = 1 << 8;
export const types = { new: subsystem, get: subsystem | 1, delete: subsystem | 2 } as const;

export const attributes = {
  original: 1,
  reply: 2,
  status: 3,
  protocol: 4,
  mark: 8,
  originalCounters: 9,
  replyCounters: 10,
  markMask: 21,
} as const;
export const tuple = { ip: 1, protocol: 2, source4: 1, destination4: 2, source6: 3, destination6: 4 } as const;
export const protocol = { number: 1, source: 2, destination: 3 } as const;
const tcpInfo = { tcp: 1, state: 1, openerFlags: 4, answererFlags: 5 } as const;
const counter = { bytes: 2 } as const;
export const tcp = 6;
/** struct nfgenmsg */
const generalBytes = 4;
const assured = 1 << 2;
const closedFirst = 4;
const unacknowledged = 0x10;

type Tuples = { readonly original: Tuple; readonly reply: Tuple };

/** Over IPv6, each with a zone. */
const longestTuples = 192;
/** Every event names both tuples again. */
const decodedTuples = createDecodedMemory<Tuples>(longestTuples);

/** Where the attributes of the message, tuple or state that is being read are: nothing is kept in them. */
const places = new Int32Array(attributes.replyCounters + 1);
const tuplePlaces = new Int32Array(tuple.protocol + 1);
const ipPlaces = new Int32Array(tuple.destination6 + 1);
const portPlaces = new Int32Array(protocol.destination + 1);
const infoPlaces = new Int32Array(tcpInfo.tcp + 1);
const tcpPlaces = new Int32Array(tcpInfo.answererFlags + 1);
const counterPlaces = new Int32Array(counter.bytes + 1);

/** By the bits of its flags that are looked at. */
const senders: readonly Sender[] = [
  { closedFirst: false, hasUnacknowledged: false },
  { closedFirst: true, hasUnacknowledged: false },
  { closedFirst: false, hasUnacknowledged: true },
  { closedFirst: true, hasUnacknowledged: true },
];

/** Both ways. Where nothing is counted, NaN: it equals nothing, so that no transfer is taken for a stalled one. */
export function totalBytes(connection: Connection | undefined): number {
  return connection?.bytes ? connection.bytes.fromOpener + connection.bytes.fromAnswerer : NaN;
}

/** What the message at `at` says of a TCP connection; undefined for any other message, and for a malformed one. */
export function parseConnection(data: DataView, at: number): ConntrackEvent | undefined {
  const type = typeOf(data, at);
  if (type !== types.new && type !== types.delete) return undefined;
  placeAttributes(data, at + headerBytes + generalBytes, messageEnd(data, at), places);
  const mark = be32(data, places[attributes.mark]!);
  const tuples = tuplesAt(data, places[attributes.original]!, places[attributes.reply]!, mark);
  if (tuples === undefined) return undefined;
  placeWithin(data, places[attributes.protocol]!, infoPlaces);
  placeWithin(data, infoPlaces[tcpInfo.tcp]!, tcpPlaces);
  const stateAt = tcpPlaces[tcpInfo.state]!;
  const connection: Connection = {
    original: tuples.original,
    reply: tuples.reply,
    mark,
    state: holds(data, stateAt, 1) ? data.getUint8(stateAt) : undefined,
    isAssured: (be32(data, places[attributes.status]!) & assured) !== 0,
    opener: senderOf(data, tcpPlaces[tcpInfo.openerFlags]!),
    answerer: senderOf(data, tcpPlaces[tcpInfo.answererFlags]!),
    bytes: bytesIn(data, places[attributes.originalCounters]!, places[attributes.replyCounters]!),
  };
  if (type === types.delete) return { kind: "gone", connection };
  const messageFlags = data.getUint16(at + fieldsAt.flags, true);
  return { kind: (messageFlags & flags.create) === 0 ? "update" : "new", connection };
}

/** Of the attributes inside the one whose value begins at `outer`; none where it is 0. */
function placeWithin(data: DataView, outer: number, inner: Int32Array): void {
  placeAttributes(data, outer, outer === 0 ? 0 : attributeEnd(data, outer), inner);
}

function tuplesAt(data: DataView, originalAt: number, replyAt: number, mark: number): Tuples | undefined {
  if (originalAt === 0 || replyAt === 0) return undefined;
  // The one follows the other. Were it the other way round, there would be no such bytes, and nothing to recall.
  const end = attributeEnd(data, replyAt);
  const from = originalAt - attributeBytes;
  const known = decodedTuples.recall(mark, data, from, end);
  if (known) return known;
  const original = parseTuple(data, originalAt);
  const reply = parseTuple(data, replyAt);
  if (original === undefined || reply === undefined) return undefined;
  const tuples = { original, reply };
  decodedTuples.keep(mark, data, from, end, tuples);
  return tuples;
}

function parseTuple(data: DataView, at: number): Tuple | undefined {
  placeWithin(data, at, tuplePlaces);
  placeWithin(data, tuplePlaces[tuple.ip]!, ipPlaces);
  placeWithin(data, tuplePlaces[tuple.protocol]!, portPlaces);
  const numberAt = portPlaces[protocol.number]!;
  if (!holds(data, numberAt, 1) || data.getUint8(numberAt) !== tcp) return undefined;
  const source = parseEndpoint(
    data,
    ipPlaces[tuple.source4]! || ipPlaces[tuple.source6]!,
    portPlaces[protocol.source]!,
  );
  const destination = parseEndpoint(
    data,
    ipPlaces[tuple.destination4]! || ipPlaces[tuple.destination6]!,
    portPlaces[protocol.destination]!,
  );
  return source && destination && { source, destination };
}

function parseEndpoint(data: DataView, at: number, portAt: number): Endpoint | undefined {
  if (at === 0 || !holds(data, portAt, 2)) return undefined;
  const address = addressAt(data, at, attributeEnd(data, at) - at);
  return address === undefined ? undefined : { address, port: data.getUint16(portAt) };
}

function senderOf(data: DataView, at: number): Sender {
  const bits = holds(data, at, 1) ? data.getUint8(at) : 0;
  return senders[(bits & closedFirst ? 1 : 0) + (bits & unacknowledged ? 2 : 0)]!;
}

function bytesIn(data: DataView, fromOpenerAt: number, fromAnswererAt: number): Connection["bytes"] {
  const fromOpener = countIn(data, fromOpenerAt);
  const fromAnswerer = countIn(data, fromAnswererAt);
  return fromOpener === undefined || fromAnswerer === undefined ? undefined : { fromOpener, fromAnswerer };
}

function countIn(data: DataView, counters: number): number | undefined {
  if (counters === 0) return undefined;
  placeWithin(data, counters, counterPlaces);
  const at = counterPlaces[counter.bytes]!;
  return holds(data, at, 8) ? data.getUint16(at + 2) * 2 ** 32 + data.getUint32(at + 4) : undefined;
}

/** 0 where there is no such number. */
function be32(data: DataView, at: number): number {
  return holds(data, at, 4) ? data.getUint32(at) : 0;
}

/** Whether the attribute is there, and its value that long at least. */
function holds(data: DataView, at: number, length: number): boolean {
  return at !== 0 && attributeEnd(data, at) - at >= length;
}
