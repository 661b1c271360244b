// The netlink batches that put the three elements of a pinhole into the table's maps, and take them out again.
import { familyOf, type Endpoint, type Family } from "../../net/endpoint.ts";
import { addressBytes } from "./address-bytes.ts";
import { flags, type MessageWriter } from "./netlink-message.ts";

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

const batchBegin = 0x10;
const batchEnd = 0x11;
const subsystem = 10 << 8;
const newElement = subsystem | 12;
const deleteElement = subsystem | 14;

/** nfgenmsg: family, version 0, resource in network order. A batch names its subsystem there. */
const batchHeader = Uint8Array.of(0, 0, 0, 10);
const inetHeader = Uint8Array.of(1, 0, 0, 0);

const attributes = { table: 1, set: 2, elements: 3 } as const;
const element = { item: 1, key: 1, data: 2, timeout: 4, value: 1 } as const;

export const mapNames = ["gate", "dnat", "snat"] as const;
export type MapName = (typeof mapNames)[number];

/** What one transaction takes out of the maps and puts into them. */
export type Change = {
  readonly removed?: readonly PinholeKey[];
  /** Of the removed; all of them if not given. */
  readonly maps?: readonly MapName[];
  readonly added?: PinholeElements;
};

/** How many sequence numbers a change takes: the batch's begin, its elements, its end. */
export function numbersOf({ removed = [], maps = mapNames, added }: Change): number {
  return 2 + removed.length * maps.length + (added ? mapNames.length : 0);
}

/**
 * One transaction: if one of the removed elements is gone already, nothing is changed. The last element is acknowledged, an
 * error of any is reported. Returns the sequence number of the last element.
 */
export function writeChange(writer: MessageWriter, table: string, sequence: number, change: Change): number {
  const { removed = [], maps = mapNames, added } = change;
  const last = sequence + numbersOf(change) - 2;
  let next = sequence + 1;
  begin(writer, sequence);
  for (const key of removed) {
    const family = familyOf(key.local.address);
    const bytes = keyBytes(key);
    for (const map of maps) {
      writer.begin(deleteElement, flags.request | (next === last ? flags.acknowledge : 0), next++);
      writeElement(writer, table, map, family, bytes);
      writer.end();
    }
  }
  if (added) {
    const family = familyOf(added.local.address);
    const key = keyBytes(added);
    const data: Record<MapName, Uint8Array> = {
      gate: markBytes(added.mark),
      dnat: concatenated(addressBytes(added.to.address), added.to.port),
      snat: addressBytes(added.from),
    };
    for (const map of mapNames) {
      const messageFlags = flags.request | flags.create | flags.exclusive;
      writer.begin(newElement, messageFlags | (next === last ? flags.acknowledge : 0), next++);
      writeElement(writer, table, map, family, key, data[map], added.timeoutMs);
      writer.end();
    }
  }
  end(writer, next);
  return last;
}

/**
 * A batch without its end is checked and then given up: the answer tells whether a pinhole could be opened, and none is.
 * The sequence number returned is that of the last element.
 */
export function withoutEnd(batch: Buffer): Buffer {
  return batch.subarray(0, batch.length - batchMessageBytes);
}

const batchMessageBytes = 20;

function begin(writer: MessageWriter, sequence: number): void {
  writer.begin(batchBegin, flags.request, sequence);
  writer.bytes(batchHeader);
  writer.end();
}

function end(writer: MessageWriter, sequence: number): void {
  writer.begin(batchEnd, flags.request, sequence);
  writer.bytes(batchHeader);
  writer.end();
}

function writeElement(
  writer: MessageWriter,
  table: string,
  map: MapName,
  family: Family,
  key: Uint8Array,
  data?: Uint8Array,
  timeoutMs?: number,
): void {
  writer.bytes(inetHeader);
  writer.text(attributes.table, table);
  writer.text(attributes.set, `${map}${family}`);
  writer.nest(attributes.elements, () => {
    writer.nest(element.item, () => {
      writer.nest(element.key, () => writer.attribute(element.value, key));
      if (data) writer.nest(element.data, () => writer.attribute(element.value, data));
      if (timeoutMs !== undefined) writer.be64(element.timeout, Math.max(1, Math.round(timeoutMs)));
    });
  });
}

function keyBytes({ peer, local }: PinholeKey): Uint8Array {
  return concatenated(addressBytes(peer), addressBytes(local.address), local.port);
}

/** Every field of a concatenation is padded to 4 bytes; a port is in network order. */
function concatenated(...fields: readonly (Uint8Array | number)[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce<number>((sum, field) => sum + sizeOf(field), 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(typeof field === "number" ? [field >> 8, field & 255] : field, at);
    at += sizeOf(field);
  }
  return bytes;
}

function sizeOf(field: Uint8Array | number): number {
  return typeof field === "number" ? 4 : field.length;
}

/** Marks are in the machine's byte order. */
function markBytes(mark: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(mark);
  return bytes;
}
