// Addresses as the kernel has them: 4 or 16 bytes in network order.
import ipaddr from "ipaddr.js";
import { familyOf, parseAddress } from "../../net/endpoint.ts";

/** Of a literal address in canonical form. */
export function addressBytes(address: string): Uint8Array {
  if (familyOf(address) === 4) return Uint8Array.from(address.split("."), Number);
  return Uint8Array.from(ipaddr.IPv6.parse(address).toByteArray());
}

/** The canonical address of 4 or 16 bytes, else undefined. */
export function addressOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  return parseAddress(new ipaddr.IPv6([...bytes]).toString());
}
