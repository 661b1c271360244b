// `struct sockaddr_in` and `struct sockaddr_in6`.
import { type Endpoint, familyOf } from "../net/endpoint.ts";
import { addressBytes } from "../net/address-bytes.ts";
import { families } from "./system-calls.ts";

export function socketAddress({ address, port }: Endpoint): Buffer {
  const isIPv4 = familyOf(address) === 4;
  // Out of Node's pool: memory of its own is first made for a small buffer when a pointer to it is asked for, at a price.
  const bytes = Buffer.allocUnsafe(isIPv4 ? 16 : 28);
  for (let at = 0; at < bytes.length; at++) bytes[at] = 0;
  bytes[0] = isIPv4 ? families.ipv4 : families.ipv6;
  bytes[2] = port >> 8;
  bytes[3] = port;
  bytes.set(addressBytes(address), isIPv4 ? 4 : 8);
  return bytes;
}

/** The port stands at the same place in both. */
export function portOf(bytes: Buffer): number {
  return (bytes[2]! << 8) | bytes[3]!;
}
