// Addresses as the kernel has them: 4 or 16 bytes in network order. The same few come with every pinhole, so what was
// converted once is kept for a while.
import ipaddr from "ipaddr.js";
import { familyOf, parseAddress } from "../../net/endpoint.ts";

const keptLimit = 1024;
const keptBytes = new Map<string, Uint8Array>();
const keptIPv6 = new Map<string, string | undefined>();

/** Of a literal address in canonical form. They are shared: nobody may change them. */
export function addressBytes(address: string): Uint8Array {
  return kept(keptBytes, address, () =>
    familyOf(address) === 4
      ? Uint8Array.from(address.split("."), Number)
      : Uint8Array.from(ipaddr.IPv6.parse(address).toByteArray()),
  );
}

/** The canonical address of 4 or 16 bytes, else undefined. */
export function addressOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  if (bytes.length !== 16) return undefined;
  return kept(keptIPv6, String.fromCharCode(...bytes), () => parseAddress(new ipaddr.IPv6([...bytes]).toString()));
}

function kept<T>(store: Map<string, T>, key: string, convert: () => T): T {
  const found = store.get(key);
  if (found !== undefined) return found;
  if (store.size >= keptLimit) store.clear();
  const value = convert();
  store.set(key, value);
  return value;
}
