// The netlink batches that put the three elements of one pinhole into the table's maps, and take them out again.
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

/** One transaction of three elements. The last one is acknowledged, an error of any is reported. Returns its sequence number. */
export function writeAddition(writer: MessageWriter, table: string, sequence: number, added: PinholeElements): number {
  const family = familyOf(added.local.address);
  const key = keyBytes(added);
  const data: Record<MapName, Uint8Array> = {
    gate: markBytes(added.mark),
    dnat: concatenated(addressBytes(added.to.address), added.to.port),
    snat: addressBytes(added.from),
  };
  begin(writer, sequence);
  mapNames.forEach((map, index) => {
    const isLast = index === mapNames.length - 1;
    const messageFlags = flags.request | flags.create | flags.exclusive | (isLast ? flags.acknowledge : 0);
    writer.begin(newElement, messageFlags, sequence + 1 + index);
    writeElement(writer, table, map, family, key, data[map], added.timeoutMs);
    writer.end();
  });
  return end(writer, sequence, mapNames.length);
}

/** One transaction: if one of the elements is gone already, none of them is deleted. */
export function writeRemoval(
  writer: MessageWriter,
  table: string,
  sequence: number,
  removed: PinholeKey,
  maps: readonly MapName[] = mapNames,
): number {
  const key = keyBytes(removed);
  begin(writer, sequence);
  maps.forEach((map, index) => {
    const isLast = index === maps.length - 1;
    writer.begin(deleteElement, flags.request | (isLast ? flags.acknowledge : 0), sequence + 1 + index);
    writeElement(writer, table, map, familyOf(removed.local.address), key);
    writer.end();
  });
  return end(writer, sequence, maps.length);
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

function end(writer: MessageWriter, sequence: number, count: number): number {
  writer.begin(batchEnd, flags.request, sequence + 1 + count);
  writer.bytes(batchHeader);
  writer.end();
  return sequence + count;
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
  return Uint8Array.from(
    fields.flatMap((field) => (typeof field === "number" ? [field >> 8, field & 255, 0, 0] : [...field])),
  );
}

/** Marks are in the machine's byte order. */
function markBytes(mark: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(mark);
  return bytes;
}
