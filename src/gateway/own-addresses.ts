// Own addresses: which ones lead to this machine, as the kernel sees it now.
import { closeSync, openSync, readSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { familyOf, networkContains, parseAddress, type Network } from "../net/endpoint.ts";
import { parseFibTrie, parseIfInet6 } from "./local-tables.ts";

/** How long an answer of the kernel is good for. */
const keptMs = 1000;

/** Of a file; a router with a million routes has more, and is asked for its interfaces alone then. */
const maxBytes = 256 * 1024;

/** Asks whether an address is one of this machine's, loopback included. */
export function createOwnAddresses(): (address: string) => boolean {
  let known: { readonly networks: readonly Network[]; readonly until: number } | undefined;
  return (address) => {
    const now = performance.now();
    if (known === undefined || known.until <= now) known = { networks: ownNetworks(), until: now + keptMs };
    return known.networks.some((network) => networkContains(network, address));
  };
}

/** Node lists the interfaces that are up; the kernel takes connections to the addresses of the others too. */
function ownNetworks(): readonly Network[] {
  const ofInterfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [
    ...ofInterfaces.flatMap(({ address }) => parseAddress(address) ?? []).map(only),
    ...parseFibTrie(beginningOf("/proc/net/fib_trie")),
    ...parseIfInet6(beginningOf("/proc/net/if_inet6")),
  ];
}

function only(base: string): Network {
  return { base, bits: familyOf(base) === 4 ? 32 : 128 };
}

/** Empty where the system has no such file. */
function beginningOf(file: string): string {
  try {
    const descriptor = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(maxBytes);
      let length = 0;
      for (let read = 1; read > 0 && length < maxBytes; length += read) {
        read = readSync(descriptor, bytes, length, maxBytes - length, null);
      }
      return bytes.toString("latin1", 0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "";
  }
}
