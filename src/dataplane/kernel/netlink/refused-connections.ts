// Refused connections: the set in which the table notes whom this machine has answered with a reset, asked for as a whole.
import type { Endpoint, Family } from "../../../net/endpoint.ts";
import { addressAt } from "../../../net/address-bytes.ts";
import {
  attributeBytes,
  attributeEnd,
  flags,
  headerBytes,
  messageEnd,
  type MessageWriter,
  placeAttributes,
  typeOf,
} from "./netlink-message.ts";
import { inetHeader, nftablesSubsystem } from "./nftables-batch.ts";

/** Who came, and to which endpoint of ours. */
export type RefusedConnection = { readonly from: Endpoint; readonly to: Endpoint; readonly ageMs: number };

const newElement = nftablesSubsystem | 12;
const getElement = nftablesSubsystem | 13;
const attributes = { table: 1, set: 2, elements: 3 } as const;
const element = { key: 1, expiration: 5, value: 1 } as const;

/** How long the set remembers one. */
export const rememberedMs = 60_000;

export function refusedSet(family: Family): string {
  return `refused${family}`;
}

export function writeRefusedQuestion(writer: MessageWriter, sequence: number, table: string, family: Family): void {
  writer.begin(getElement, flags.request | flags.dump, sequence);
  writer.bytes(inetHeader);
  writer.text(attributes.table, table);
  writer.text(attributes.set, refusedSet(family));
  writer.end();
}

const inMessage = new Int32Array(attributes.elements + 1);
const inElement = new Int32Array(element.expiration + 1);
const inKey = new Int32Array(element.value + 1);

/** Those in one message of the answer; what is malformed is left out. */
export function parseRefused(data: DataView, at: number, family: Family): RefusedConnection[] {
  const found: RefusedConnection[] = [];
  if (typeOf(data, at) !== newElement) return found;
  placeAttributes(data, at + headerBytes + inetHeader.length, messageEnd(data, at), inMessage);
  const listAt = inMessage[attributes.elements]!;
  if (listAt === 0) return found;
  const listEnd = attributeEnd(data, listAt);
  for (let item = listAt; item + attributeBytes <= listEnd;) {
    const length = data.getUint16(item, true);
    if (length < attributeBytes || item + length > listEnd) break;
    const one = parseElement(data, item + attributeBytes, item + length, family === 4 ? 4 : 16);
    if (one !== undefined) found.push(one);
    item += (length + 3) & ~3;
  }
  return found;
}

/** The key is who came, the port, where to, the port, each in whole words. */
function parseElement(data: DataView, from: number, to: number, addressLength: number): RefusedConnection | undefined {
  placeAttributes(data, from, to, inElement);
  const keyAt = inElement[element.key]!;
  const expirationAt = inElement[element.expiration]!;
  if (keyAt === 0) return undefined;
  placeAttributes(data, keyAt, attributeEnd(data, keyAt), inKey);
  const valueAt = inKey[element.value]!;
  const half = addressLength + 4;
  if (valueAt === 0 || attributeEnd(data, valueAt) - valueAt < 2 * half) return undefined;
  const endpointAt = (place: number): Endpoint | undefined => {
    const address = addressAt(data, place, addressLength);
    return address === undefined ? undefined : { address, port: data.getUint16(place + addressLength) };
  };
  const [comer, ours] = [endpointAt(valueAt), endpointAt(valueAt + half)];
  if (comer === undefined || ours === undefined) return undefined;
  const hasExpiration = expirationAt > 0 && attributeEnd(data, expirationAt) - expirationAt >= 8;
  const leftMs = hasExpiration ? Number(data.getBigUint64(expirationAt)) : 0;
  return { from: comer, to: ours, ageMs: Math.max(0, rememberedMs - leftMs) };
}
