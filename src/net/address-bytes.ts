// Addresses as the kernel has them: 4 or 16 bytes in network order. The same few come with every pinhole, so what was
// converted once is kept for a while.
import ipaddr from "ipaddr.js";
import { familyOf, parseAddress } from "./endpoint.ts";
import { createDecodedMemory } from "./decoded-memory.ts";

const keptLimit = 1024;
const keptBytes = new Map<string, Uint8Array>();
const decodedAddresses = createDecodedMemory<string>(16);

/** Of a literal address in canonical form. They are shared: nobody may change them. */
export function addressBytes(address: string): Uint8Array {
  const kept = keptBytes.get(address);
  if (kept) return kept;
  if (keptBytes.size >= keptLimit) keptBytes.clear();
  const bytes =
    familyOf(address) === 4
      ? Uint8Array.from(address.split("."), Number)
      : Uint8Array.from(ipaddr.IPv6.parse(address).toByteArray());
  keptBytes.set(address, bytes);
  return bytes;
}

/** The canonical address that stands at this place in 4 or 16 bytes, else undefined. */
export function addressAt(data: DataView, at: number, length: number): string | undefined {
  if (length !== 4 && length !== 16) return undefined;
  const end = at + length;
  const number = scattered(data, at, end);
  const known = decodedAddresses.recall(number, data, at, end);
  if (known !== undefined) return known;
  const bytes = [...new Uint8Array(data.buffer, data.byteOffset + at, length)];
  const address = length === 4 ? bytes.join(".") : parseAddress(new ipaddr.IPv6(bytes).toString());
  if (address !== undefined) decodedAddresses.keep(number, data, at, end, address);
  return address;
}

/** Addresses often differ in few bits: each of them moves the number. */
function scattered(data: DataView, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 4) number = Math.imul(number ^ data.getInt32(at), 0x9e3779b1);
  return number >>> 24;
}
