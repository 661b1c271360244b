// `struct sockaddr_in` and `struct sockaddr_in6`.
import { type Endpoint, familyOf } from "../../net/endpoint.ts";
import { addressBytes } from "./address-bytes.ts";
import { families } from "./system-calls.ts";

export function socketAddress({ address, port }: Endpoint): Buffer {
  const isIPv4 = familyOf(address) === 4;
  const bytes = Buffer.alloc(isIPv4 ? 16 : 28);
  bytes.writeUInt16LE(isIPv4 ? families.ipv4 : families.ipv6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressBytes(address), isIPv4 ? 4 : 8);
  return bytes;
}

/** The port stands at the same place in both. */
export function portOf(bytes: Buffer): number {
  return bytes.readUInt16BE(2);
}
