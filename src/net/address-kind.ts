// Address kind: what a literal address stands for, whichever form it is written in. An IPv6 address that a translator or a
// tunnel turns into an IPv4 one is of that one's kind.
import { addressBytes } from "./address-bytes.ts";
import { familyOf, networkContains, parseNetwork, type Network } from "./endpoint.ts";

/**
 * `ordinary`: a host somewhere. Every other kind leads to this machine, to its own link, or to no single host; whoever
 * dials it for somebody else reaches what that one can't. `translated`: a translator of this site knows where to.
 */
export type AddressKind = "ordinary" | "loopback" | "link-local" | "unspecified" | "multicast" | "translated";

/** IANA's registries of special-purpose addresses; `fec0::/10` is the site-local that RFC 3879 took out of use. */
const kinds: readonly (readonly [AddressKind, readonly Network[]])[] = [
  // Linux connects to 0.0.0.0 and to :: on this machine.
  ["unspecified", networks("0.0.0.0/8", "::/128")],
  ["loopback", networks("127.0.0.0/8", "::1/128")],
  ["link-local", networks("169.254.0.0/16", "fe80::/10", "fec0::/10")],
  ["multicast", networks("224.0.0.0/4", "255.255.255.255/32", "ff00::/8")],
  // RFC 8215: where in it the IPv4 address stands is up to the site.
  ["translated", networks("64:ff9b:1::/48")],
];

/** Of an address in canonical form. */
export function addressKind(address: string): AddressKind {
  for (const one of [address, ...embeddedAddresses(address)]) {
    const kind = kinds.find(([, blocks]) => blocks.some((block) => networkContains(block, one)));
    if (kind !== undefined) return kind[0];
  }
  return "ordinary";
}

/** Where IPv4 addresses stand in IPv6 ones. Teredo has the server's in clear, and the client's with all bits turned. */
const embeddings: readonly { readonly network: Network; readonly at: number; readonly flipped?: boolean }[] = [
  ...embedding("64:ff9b::/96", 12), // NAT64, RFC 6052
  ...embedding("::ffff:0:0:0/96", 12), // SIIT, RFC 2765
  ...embedding("::/96", 12), // IPv4-compatible, RFC 4291
  ...embedding("2002::/16", 2), // 6to4, RFC 3056
  ...embedding("2001::/32", 4), // Teredo, RFC 4380
  ...embedding("2001::/32", 12).map((client) => ({ ...client, flipped: true })),
];

/** The IPv4 addresses that an IPv6 address holds. (The mapped form is IPv4 once it is canonical.) */
export function embeddedAddresses(address: string): readonly string[] {
  if (familyOf(address) === 4 || address === "::" || address === "::1") return [];
  const bytes = addressBytes(address);
  const found = embeddings
    .filter(({ network }) => networkContains(network, address))
    .map(({ at, flipped }) => dotted(bytes, at, flipped));
  return isIsatap(bytes) ? [...found, dotted(bytes, 12)] : found;
}

/** RFC 5214: the interface identifier is [02]00:5efe and the IPv4 address, behind any prefix. */
function isIsatap(bytes: Uint8Array): boolean {
  const [flags = 0, zero, first, second] = bytes.subarray(8, 12);
  return (flags & ~0x02) === 0 && zero === 0 && first === 0x5e && second === 0xfe;
}

function dotted(bytes: Uint8Array, at: number, flipped = false): string {
  return Array.from(bytes.subarray(at, at + 4), (byte) => (flipped ? 255 - byte : byte)).join(".");
}

function networks(...texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}

function embedding(text: string, at: number): { readonly network: Network; readonly at: number }[] {
  return networks(text).map((network) => ({ network, at }));
}
