// Announced address: what a peer is told, and whether to believe the one that a peer announces. Only its port is taken (RFC 2577), unless policy
// lists the address.
import type { Quirk } from "../ftp/quirks.ts";
import { familyOf, isUnspecified, networkContains, parseNetwork, type Endpoint } from "../net/endpoint.ts";
import type { Side } from "../dataplane/pinhole.ts";
import type { DialTarget } from "./events.ts";
import type { ForeignAddress } from "./options.ts";
import type { ControlSide, Session } from "./state.ts";

export type Trust =
  | { readonly ok: true; readonly address: string; readonly quirks: readonly Quirk[] }
  | { readonly ok: false };

/** What the peer of a side is told about a port on which we listen for it. */
export function announcedEndpoint(
  { options }: Pick<Session, "options">,
  side: Side,
  { advertise }: ControlSide,
  port: number,
): Endpoint {
  return { address: advertise, port: port + (options.portShift?.[side] ?? 0) };
}

/** The address to connect to where the peer at `peer` has announced `announced`. */
export function trustedAddress(policy: ForeignAddress, announced: string, peer: string): Trust {
  if (announced === peer) return { ok: true, address: peer, quirks: [] };
  // AWS Transfer announces 0.0.0.0 on purpose: "where you have reached me".
  if (isUnspecified(announced)) return { ok: true, address: peer, quirks: ["unspecified-address"] };
  if (policy.kind === "allow" && familyOf(announced) === familyOf(peer)) {
    if (policy.networks.some((network) => networkContains(network, announced))) {
      return { ok: true, address: announced, quirks: [] };
    }
  }
  // A peer behind a NAT that nobody translates: no third host, and where it stands nobody else is (D1.11, D3.42).
  if (isPrivateTo(announced, peer)) return { ok: true, address: peer, quirks: ["private-address"] };
  return policy.kind === "use-peer" ? { ok: true, address: peer, quirks: ["foreign-address"] } : { ok: false };
}

/** The endpoint to connect to, at `address`, for one that was announced. */
export function dialTarget(address: string, { address: announced, port }: Endpoint): DialTarget {
  return announced === address ? { address, port } : { address, port, announced };
}

/**
 * Whether the address is the peer's own, or in a network that policy lists for its sake: one that holds every address there
 * is says nothing about this machine or its link.
 */
export function isNamedAddress(policy: ForeignAddress, address: string, peer: string): boolean {
  if (address === peer) return true;
  return policy.kind === "allow" && policy.networks.some((one) => one.bits > 0 && networkContains(one, address));
}

/** `address` means nothing where `peer` stands: it is of a narrower reach. */
export function isPrivateTo(address: string, peer: string): boolean {
  return reachOf(address) < reachOf(peer);
}

/** From how far away an address means the same: 0 this host, 1 this link, 2 this site, 3 everywhere. */
function reachOf(address: string): number {
  const reach = reaches.findIndex((networks) => networks.some((network) => networkContains(network, address)));
  return reach === -1 ? reaches.length : reach;
}

const reaches = [
  ["127.0.0.0/8", "::1/128"],
  ["169.254.0.0/16", "fe80::/10"],
  ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"],
].map((texts) => texts.flatMap((text) => parseNetwork(text) ?? []));
