// The netlink batches that put the three elements of a pinhole into the table's maps, and take them out again. The messages of
// a table are written once; for each pinhole they are copied, and what varies is filled in.
import { type Endpoint, familyOf, type Family } from "../../../net/endpoint.ts";
import { addressBytes } from "../../../net/address-bytes.ts";
import { batchMessageBytes, inetHeader, nftablesSubsystem, writeBatchBegin, writeBatchEnd } from "./nftables-batch.ts";
import { createMessageWriter, fieldsAt, flags, messageEnd, type MessageWriter, setBe64 } from "./netlink-message.ts";

/** What the maps look up: who comes, and to which endpoint of ours. */
export type PinholeKey = { readonly peer: string; readonly local: Endpoint };

/** All addresses are of one family. */
export type PinholeElements = PinholeKey & {
  readonly mark: number;
  /** Where the connection goes. */
  readonly to: Endpoint;
  /** Whom it seems to come from there. */
  readonly from: string;
  readonly timeoutMs: number;
};

const newElement = nftablesSubsystem | 12;
const deleteElement = nftablesSubsystem | 14;

const attributes = { table: 1, set: 2, elements: 3 } as const;
const element = { item: 1, key: 1, data: 2, timeout: 4, value: 1 } as const;
/** An attribute in an attribute: the value begins behind both headers. */
const nestedHeaders = 8;
const timeoutBytes = 8;
/** In a concatenation. */
const portBytes = 4;

export const mapNames = ["gate", "dnat", "snat"] as const;
export type MapName = (typeof mapNames)[number];

/** What one transaction takes out of the maps and puts into them. */
export type Change = {
  readonly removed?: readonly PinholeKey[];
  /** Of the removed; all of them if not given. */
  readonly maps?: readonly MapName[];
  readonly added?: PinholeElements;
};

/** Messages with one element for one map each; the sequence numbers, the key, the data and the timeout are blank. */
type Blank = {
  readonly bytes: Uint8Array;
  /** Where the last message begins. */
  readonly lastAt: number;
  /** Behind the beginning of each message. */
  readonly keyAt: number;
  readonly keyLength: number;
};

/** For one table: the messages for all three maps, by the family of the addresses. */
export type Blanks = {
  readonly table: string;
  readonly removal4: Blank;
  readonly removal6: Blank;
  readonly addition4: Blank;
  readonly addition6: Blank;
};

export function prepareBlanks(table: string): Blanks {
  return {
    table,
    removal4: prepare(table, deleteElement, 4),
    removal6: prepare(table, deleteElement, 6),
    addition4: prepare(table, newElement, 4),
    addition6: prepare(table, newElement, 6),
  };
}

/** How many sequence numbers a change takes: the batch's begin, its elements, its end. */
export function numbersOf({ removed = [], maps = mapNames, added }: Change): number {
  return 2 + removed.length * maps.length + (added ? mapNames.length : 0);
}

/**
 * One transaction: if one of the removed elements is gone already, nothing is changed. The last element is acknowledged, an
 * error of any is reported. Returns the sequence number of the last element.
 */
export function writeChange(writer: MessageWriter, blanks: Blanks, sequence: number, change: Change): number {
  const { removed = [], maps = mapNames, added } = change;
  let next = sequence + 1;
  let lastAt = 0;
  writeBatchBegin(writer, sequence);
  for (const key of removed) {
    const isIPv4 = familyOf(key.local.address) === 4;
    const all = isIPv4 ? blanks.removal4 : blanks.removal6;
    const blank = maps === mapNames ? all : prepare(blanks.table, deleteElement, isIPv4 ? 4 : 6, maps);
    lastAt = writeElements(writer, blank, next, key) + blank.lastAt;
    next += maps.length;
  }
  if (added) {
    const blank = familyOf(added.local.address) === 4 ? blanks.addition4 : blanks.addition6;
    const at = writeElements(writer, blank, next, added);
    fillInData(writer, blank, at, added);
    lastAt = at + blank.lastAt;
    next += mapNames.length;
  }
  writer.data[lastAt + fieldsAt.flags]! |= flags.acknowledge;
  writeBatchEnd(writer, next);
  return next - 1;
}

/**
 * How much of a written batch is all but its end. That much is checked and then given up: the answer tells whether a pinhole
 * could be opened, and none is.
 */
export function lengthWithoutEnd(length: number): number {
  return length - batchMessageBytes;
}

/** Returns where the first message begins. */
function writeElements(
  writer: MessageWriter,
  { bytes, keyAt }: Blank,
  sequence: number,
  { peer, local }: PinholeKey,
): number {
  const { data, view } = writer;
  const peerBytes = addressBytes(peer);
  const localBytes = addressBytes(local.address);
  const firstAt = writer.bytes(bytes);
  const end = writer.length();
  let next = sequence;
  for (let at = firstAt; at < end; at = messageEnd(view, at)) {
    view.setUint32(at + fieldsAt.sequence, next++, true);
    // Every field of a concatenation is padded to 4 bytes.
    let fieldAt = put(data, at + keyAt, peerBytes);
    fieldAt = put(data, fieldAt, localBytes);
    view.setUint16(fieldAt, local.port);
  }
  return firstAt;
}

/** What the maps give for the key, in their order, each with a timeout at the message's end. */
function fillInData(
  { data, view }: MessageWriter,
  { keyAt, keyLength }: Blank,
  gateAt: number,
  { mark, to, from, timeoutMs }: PinholeElements,
): void {
  const dataAt = keyAt + keyLength + nestedHeaders;
  const dnatAt = messageEnd(view, gateAt);
  const snatAt = messageEnd(view, dnatAt);
  // Marks are in the machine's byte order.
  view.setUint32(gateAt + dataAt, mark, true);
  view.setUint16(put(data, dnatAt + dataAt, addressBytes(to.address)), to.port);
  put(data, snatAt + dataAt, addressBytes(from));
  const timeout = Math.max(1, Math.round(timeoutMs));
  setBe64(view, dnatAt - timeoutBytes, timeout);
  setBe64(view, snatAt - timeoutBytes, timeout);
  setBe64(view, messageEnd(view, snatAt) - timeoutBytes, timeout);
}

/** Returns where it ends. The few bytes of an address are not worth a call of `set`. */
function put(data: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  for (let index = 0; index < length; index++) data[at + index] = bytes[index]!;
  return at + length;
}

function prepare(table: string, type: number, family: Family, maps: readonly MapName[] = mapNames): Blank {
  const writer = createMessageWriter();
  const isAddition = type === newElement;
  const addressLength = family === 4 ? 4 : 16;
  const keyLength = 2 * addressLength + portBytes;
  const dataLengths: Record<MapName, number> = { gate: 4, dnat: addressLength + portBytes, snat: addressLength };
  let lastAt = 0;
  let keyAt = 0;
  for (const map of maps) {
    lastAt = writer.length();
    writer.begin(type, isAddition ? flags.request | flags.create | flags.exclusive : flags.request, 0);
    writer.bytes(inetHeader);
    writer.text(attributes.table, table);
    writer.text(attributes.set, `${map}${family}`);
    writer.nest(attributes.elements, () => {
      writer.nest(element.item, () => {
        writer.nest(element.key, () => {
          keyAt = writer.attribute(element.value, new Uint8Array(keyLength)) - lastAt;
        });
        if (!isAddition) return;
        writer.nest(element.data, () => writer.attribute(element.value, new Uint8Array(dataLengths[map])));
        writer.be64(element.timeout, 0);
      });
    });
    writer.end();
  }
  return { bytes: new Uint8Array(writer.written()), lastAt, keyAt, keyLength };
}
